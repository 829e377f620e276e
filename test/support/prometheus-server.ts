/* A real Prometheus server, out of its Debian package. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { debianProgram } from "../../tools/debian.ts";
import { goProgram } from "../../tools/go-program.ts";

const START_SECS = 60;
/** It writes what it has in memory to disk at the end. */
const STOP_SECS = 20;

export interface PrometheusOptions {
  /** Text of its configuration file. Relative paths in it are those of {@link files}. */
  readonly config: string;
  /** Files beside the configuration: certificates, passwords. */
  readonly files?: Readonly<Record<string, string>>;
  /** Further flags: `--web.enable-remote-write-receiver`. */
  readonly flags?: readonly string[];
  /** Command line of the server. Default: the one of Debian. */
  readonly program?: readonly string[];
  /** Port on 127.0.0.1. Default: a free one. */
  readonly port?: number;
}

/** One element of an instant vector. */
export interface PrometheusSample {
  /** With `__name__`. */
  readonly labels: Readonly<Record<string, string>>;
  /** NaN and infinities too. */
  readonly value: number;
  readonly timeSecs: number;
}

export interface PrometheusServer extends AsyncDisposable {
  /** Without a slash at the end. The same after {@link restart}. */
  readonly url: string;
  /** What it has logged since its first start. */
  readonly log: readonly string[];
  /** Evaluates an expression that gives an instant vector or a scalar; `timeSecs`: since the epoch. Default: now. */
  query(promql: string, timeSecs?: number): Promise<readonly PrometheusSample[]>;
  /** The field `data` of an answer of the HTTP API; `path` is below `/api/v1/`. */
  api(path: string, parameters?: Readonly<Record<string, string>>): Promise<unknown>;
  /** Ends it; what it has stored stays for {@link restart}. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** Stops it for a while and lets it go on. */
  signal(name: "SIGSTOP" | "SIGCONT"): void;
  /** Starts it again with what it has stored, at the same port. */
  restart(): Promise<void>;
}

/** Fetches the program if it is not cached; throws where it cannot be had. */
export async function preparePrometheusServer(): Promise<readonly string[]> {
  return debianProgram({ package: "prometheus", path: "usr/bin/prometheus" });
}

/** Prometheus 3, built out of its Go module: `.cache/go` keeps it. Throws where that is not possible. */
export async function prepareCurrentPrometheus(): Promise<readonly string[]> {
  const main = "github.com/prometheus/prometheus/cmd/prometheus";
  const directory = join(import.meta.dir, "../programs/prometheus");
  return [await goProgram(directory, { main, tags: ["remove_all_sd"] })];
}

/** Started and ready. Ended, and its data removed, when it is disposed of. */
export async function startPrometheus(options: PrometheusOptions): Promise<PrometheusServer> {
  const program = options.program ?? (await preparePrometheusServer());
  const directory = await mkdtemp(join(tmpdir(), "wca-prometheus-"));
  const server = new Server(directory, { ...options, program });
  try {
    for (const [name, text] of Object.entries({ ...options.files, "prometheus.yml": options.config })) {
      await writeFile(join(directory, name), text);
    }
    await server.restart();
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
  return server;
}

class Server implements PrometheusServer {
  readonly log: string[] = [];
  readonly #directory: string;
  readonly #options: PrometheusOptions & { readonly program: readonly string[] };
  #port: number;
  #child: { readonly process: Bun.Subprocess; readonly ended: Promise<void> } | undefined;

  constructor(directory: string, options: PrometheusOptions & { readonly program: readonly string[] }) {
    this.#directory = directory;
    this.#options = options;
    this.#port = options.port ?? 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async query(promql: string, timeSecs?: number): Promise<readonly PrometheusSample[]> {
    const data = (await this.api("query", {
      query: promql,
      ...(timeSecs === undefined ? {} : { time: String(timeSecs) }),
    })) as { resultType: string; result: unknown };
    if (data.resultType === "scalar") {
      return [sampleOf({ metric: {}, value: data.result as [number, string] })];
    }
    if (data.resultType !== "vector") {
      throw new Error(`Cannot read the result of "${promql}": ${data.resultType}, wanted a vector or scalar`);
    }
    return (data.result as VectorElement[]).map(sampleOf);
  }

  async api(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const response = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(parameters)}`, {
      signal: AbortSignal.timeout(START_SECS * 1000),
    });
    const answer = (await response.json()) as { status: string; error?: string; data: unknown };
    if (answer.status === "success") return answer.data;
    throw new Error(`Cannot get "${path}" of Prometheus: status ${response.status}, ${answer.error}`);
  }

  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.process.kill(name);
  }

  async restart(): Promise<void> {
    await this.stop();
    const { program, flags = [] } = this.#options;
    const command = [
      ...program,
      `--config.file=${join(this.#directory, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(this.#directory, "data")}`,
      `--web.listen-address=127.0.0.1:${this.#port}`,
      "--log.format=logfmt",
      ...flags,
    ];
    const process = Bun.spawn(command, { cwd: this.#directory, stdout: "ignore", stderr: "pipe" });
    const port = Promise.withResolvers<number>();
    // Nobody may be waiting when it ends.
    port.promise.catch(() => {});
    const ended = this.#follow(process.stderr, port).then(async () => {
      const status = await process.exited;
      port.reject(new Error(`Cannot start Prometheus: exit status ${status}\n${this.log.join("\n")}`));
    });
    this.#child = { process, ended };
    this.#port = await port.promise;
    await this.#ready();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** 3.x logs the address as 2.x does: `msg="Listening on" address=127.0.0.1:9090`. */
  async #follow(stream: ReadableStream<Uint8Array>, port: PromiseWithResolvers<number>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of stream) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        this.log.push(line);
        const listening = /msg="Listening on" .*?address="?\S*?:(\d+)"?(?: |$)/.exec(line)?.[1];
        if (listening !== undefined) port.resolve(Number(listening));
      }
    }
  }

  /** It listens before it has read what it stored. */
  async #ready(): Promise<void> {
    const until = Date.now() + START_SECS * 1000;
    for (;;) {
      const status = await fetch(`${this.url}/-/ready`).then(
        (response) => response.status,
        () => undefined,
      );
      if (status === 200) return;
      if (Date.now() > until) throw new Error(`Prometheus is not ready after ${START_SECS} s`);
      await Bun.sleep(50);
    }
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    child.process.kill(signal);
    const late = setTimeout(() => child.process.kill("SIGKILL"), STOP_SECS * 1000);
    await child.ended;
    clearTimeout(late);
  }
}

interface VectorElement {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

function sampleOf({ metric, value: [timeSecs, text] }: VectorElement): PrometheusSample {
  return { labels: metric, value: Number(text.replace("Inf", "Infinity")), timeSecs };
}
