import { z } from "zod";
import { KernelHost } from "../../../src/kernel/host.ts";
import type { Metric } from "../../../src/model/metric.ts";
import { RemoteWriteStorage } from "../../../src/storages/remote-write/remote-write.ts";
import { type TestContext, testContext } from "../../support/context.ts";

/** The wall clock, but never twice the same time: a receiver takes one sample for each. */
export class UniqueClock {
  lastMs = 0;
  readonly next = (): number => {
    this.lastMs = Math.max(this.lastMs + 1, Date.now());
    return this.lastMs;
  };
}

export interface Made extends AsyncDisposable {
  readonly storage: RemoteWriteStorage;
  readonly logged: TestContext["logged"];
}

/** With the defaults of the options left out. */
export function storageOf(
  options: Readonly<Record<string, unknown>>,
  now: () => number = () => Date.now(),
): Made {
  const context = testContext(new KernelHost({ now, hostname: "test-host" }));
  const parsed = z.object(RemoteWriteStorage.component.options).parse(options);
  const storage = new RemoteWriteStorage(parsed, context);
  return { storage, logged: context.logged, [Symbol.asyncDispose]: () => storage.close() };
}

export type Sample = { -readonly [Key in keyof Metric]: Metric[Key] };

export function metric(name: string, value: number, rest: Partial<Metric> = {}): Sample {
  return { name, value, labels: {}, ...rest };
}
