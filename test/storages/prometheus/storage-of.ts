import { z } from "zod";
import type { OptionsOf } from "../../../src/config/component.ts";
import { KernelHost } from "../../../src/kernel/host.ts";
import { PrometheusStorage } from "../../../src/storages/prometheus/prometheus.ts";
import { type TestContext, testContext } from "../../support/context.ts";

export type Options = OptionsOf<typeof PrometheusStorage>;

export const OPENMETRICS = "application/openmetrics-text;version=1.0.0";

/** A storage that is open, on a free port of 127.0.0.1; `await using` closes it. */
export interface OpenStorage extends AsyncDisposable {
  readonly storage: PrometheusStorage;
  readonly logged: TestContext["logged"];
  /** Address of the path, `/metrics` if left out. */
  url(path?: string): URL;
  get(path?: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
}

/** Not opened yet. */
export function storageOf(options: Partial<Options> = {}, now = () => Date.now()): PrometheusStorage {
  return made(options, now).storage;
}

export async function openStorage(
  options: Partial<Options> = {},
  now = () => Date.now(),
): Promise<OpenStorage> {
  const { storage, context } = made(options, now);
  await storage.open();
  const url = (path = "/metrics") => new URL(path, urlOf(storage));
  return {
    storage,
    logged: context.logged,
    url,
    get: (path, headers = {}) => fetch(url(path), { headers }),
    [Symbol.asyncDispose]: () => storage.close(),
  };
}

export function urlOf({ url }: PrometheusStorage): string {
  if (url === undefined) throw new Error("The storage is not open");
  return url;
}

function made(options: Partial<Options>, now: () => number) {
  const given = z.object(PrometheusStorage.component.options).parse({ listen: "127.0.0.1:0", ...options });
  const context = testContext(new KernelHost({ now, hostname: "test-host" }));
  return { storage: new PrometheusStorage(given, context), context };
}
