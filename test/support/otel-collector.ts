/* A real OpenTelemetry collector (test/programs/otelcol), with its port, its file of what arrived, and its faults. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as os from "node:os";
import { join } from "node:path";
import { goProgram } from "../../tools/go-program.ts";
import type { Certificates } from "./certificates.ts";

const SOURCE = join(import.meta.dir, "../programs/otelcol");
const START_ATTEMPTS = 5;
const PATIENCE_MS = 60_000;

/** Builds the collector if it is not cached: a minute, and 100 MB of modules at the first time. */
export async function prepareOtelCollector(): Promise<void> {
  await goProgram(SOURCE);
}

/** A data point as the collector understood it, with what it belongs to. */
export interface ReceivedPoint {
  readonly name: string;
  readonly kind: "gauge" | "sum";
  readonly description: string;
  readonly unit: string;
  /** Of sums only. */
  readonly isMonotonic?: boolean;
  readonly aggregationTemporality?: number;
  readonly attributes: Readonly<Record<string, string>>;
  /** Nanoseconds since the epoch, digits. */
  readonly time: string;
  readonly start: string;
  readonly value: number;
}

/** One request as it arrived. */
export interface ReceivedRequest {
  readonly resource: Readonly<Record<string, string>>;
  readonly scope: { readonly name: string; readonly version: string };
  readonly points: readonly ReceivedPoint[];
}

export interface OtelCollectorOptions {
  /** TLS with these, and only for clients with a certificate of the same authority. Default: plain HTTP. */
  readonly certificates?: Certificates;
}

export class OtelCollector implements AsyncDisposable {
  readonly #program: string;
  readonly #folder: string;
  readonly #port: number;
  readonly #certificates: Certificates | undefined;
  #child: Bun.Subprocess<"ignore", "ignore", "pipe"> | undefined;

  private constructor(program: string, port: number, { certificates }: OtelCollectorOptions) {
    this.#program = program;
    this.#port = port;
    this.#certificates = certificates;
    this.#folder = mkdtempSync(join(os.tmpdir(), "wca-otelcol-"));
    writeFileSync(join(this.#folder, "config.yaml"), this.#config());
  }

  /** Not running yet; its port is free now and kept in mind. */
  static async make(options: OtelCollectorOptions = {}): Promise<OtelCollector> {
    return new OtelCollector(await goProgram(SOURCE), freePort(), options);
  }

  static async start(options: OtelCollectorOptions = {}): Promise<OtelCollector> {
    for (let attempt = 1; ; attempt++) {
      const collector = await OtelCollector.make(options);
      try {
        await collector.start();
        return collector;
      } catch (error) {
        // Somebody else may have taken the port in between.
        await collector[Symbol.asyncDispose]();
        if (attempt === START_ATTEMPTS) throw error;
      }
    }
  }

  get url(): string {
    return `${this.#certificates === undefined ? "http" : "https"}://127.0.0.1:${this.#port}/v1/metrics`;
  }

  /** Resolves when it takes requests. */
  async start(): Promise<void> {
    const child = Bun.spawn([this.#program, "--config", join(this.#folder, "config.yaml")], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    });
    this.#child = child;
    const ready = Promise.withResolvers<void>();
    const log: string[] = [];
    void readLines(child.stderr, (line) => {
      if (log.length < 100) log.push(line);
      if (line.includes("Everything is ready")) ready.resolve();
    }).then(() => ready.reject(new Error(`Cannot start the collector: ${log.join("\n")}`)));
    await ready.promise;
  }

  /** Without a chance to finish anything. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
    this.#child = undefined;
  }

  /** It keeps its port and connections, but does nothing. */
  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  /** From now on it refuses: for now (503), or for good (500). */
  refuse(kind: "temporary" | "permanent"): void {
    writeFileSync(join(this.#folder, "refusal"), kind);
  }

  accept(): void {
    rmSync(join(this.#folder, "refusal"), { force: true });
  }

  /** Forgets what has arrived so far. */
  clear(): void {
    rmSync(join(this.#folder, "received"), { force: true });
  }

  requests(): readonly ReceivedRequest[] {
    const file = join(this.#folder, "received");
    if (!existsSync(file)) return [];
    return readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => readRequest(JSON.parse(line)));
  }

  points(): readonly ReceivedPoint[] {
    return this.requests().flatMap(({ points }) => points);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #config(): string {
    const endpoint = `127.0.0.1:${this.#port}`;
    const { ca, serverCert, serverKey } = this.#certificates ?? {};
    const tls = { cert_file: serverCert, key_file: serverKey, client_ca_file: ca };
    return JSON.stringify({
      receivers: {
        otlp: { protocols: { http: ca === undefined ? { endpoint } : { endpoint, tls } } },
      },
      exporters: {
        recorder: { path: join(this.#folder, "received"), refusal: join(this.#folder, "refusal") },
      },
      service: {
        telemetry: { metrics: { level: "none" } },
        pipelines: { metrics: { receivers: ["otlp"], exporters: ["recorder"] } },
      },
    });
  }
}

/** Waits until the condition holds; fails with what was waited for. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Waited in vain until ${what}`);
    await Bun.sleep(20);
  }
}

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

async function readLines(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  }
}

/* OTLP's JSON as the collector's own library writes it: default values are left out. */

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}

interface DataPoint {
  readonly attributes?: readonly Attribute[];
  readonly startTimeUnixNano?: string;
  readonly timeUnixNano?: string;
  readonly asDouble?: number | string;
}

interface MetricJson {
  readonly name: string;
  readonly description?: string;
  readonly unit?: string;
  readonly gauge?: { readonly dataPoints: readonly DataPoint[] };
  readonly sum?: {
    readonly dataPoints: readonly DataPoint[];
    readonly isMonotonic?: boolean;
    readonly aggregationTemporality?: number;
  };
}

interface RequestJson {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes?: readonly Attribute[] };
    readonly scopeMetrics: readonly {
      readonly scope: { readonly name?: string; readonly version?: string };
      readonly metrics: readonly MetricJson[];
    }[];
  }[];
}

function readRequest({ resourceMetrics: [only, ...others] }: RequestJson): ReceivedRequest {
  const [scoped, ...more] = only?.scopeMetrics ?? [];
  if (only === undefined || scoped === undefined || others.length + more.length > 0) {
    throw new Error("Cannot read a request: wanted one resource and one scope");
  }
  const { name = "", version = "" } = scoped.scope;
  return {
    resource: readAttributes(only.resource.attributes),
    scope: { name, version },
    points: scoped.metrics.flatMap(readMetric),
  };
}

function readMetric({ name, description = "", unit = "", gauge, sum }: MetricJson): ReceivedPoint[] {
  const { dataPoints, ...rest } = sum ?? gauge ?? { dataPoints: [] };
  return dataPoints.map(({ attributes, startTimeUnixNano = "", timeUnixNano = "", asDouble }) => ({
    name,
    kind: sum === undefined ? "gauge" : "sum",
    description,
    unit,
    ...rest,
    attributes: readAttributes(attributes),
    time: timeUnixNano,
    start: startTimeUnixNano,
    value: readDouble(asDouble),
  }));
}

function readDouble(value: number | string | undefined): number {
  if (value === undefined) throw new Error("Cannot read a data point: it has no double");
  return Number(value);
}

function readAttributes(attributes: readonly Attribute[] = []): Readonly<Record<string, string>> {
  const pairs = attributes.map(({ key, value }) => [key, value.stringValue ?? ""] as const);
  const result = Object.fromEntries(pairs);
  if (Object.keys(result).length !== pairs.length)
    throw new Error("Cannot read attributes: a key is there twice");
  return result;
}
