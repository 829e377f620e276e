/* Prometheus' own programs, out of Debian packages, as judges of our text format. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { debianProgram } from "../../tools/debian.ts";

/** Fetches both programs if they are not cached, 25 MB; throws where they cannot be had. */
export async function preparePrometheus(): Promise<void> {
  await promtool();
  await nodeExporter();
}

function promtool(): Promise<readonly string[]> {
  return debianProgram({ package: "prometheus", path: "usr/bin/promtool" });
}

function nodeExporter(): Promise<readonly string[]> {
  const name = "prometheus-node-exporter";
  return debianProgram({ package: name, path: `usr/bin/${name}` });
}

export interface CheckedMetrics {
  /** Whether it could be parsed. Duplicate series can: only {@link textfileCollector} sees them. */
  readonly ok: boolean;
  /** Advice on naming and help if it could be parsed, the parser's error if not. */
  readonly lintMessages: readonly string[];
}

/** `promtool check metrics`. Its exit status is 3 after mere advice, 1 when parsing failed. */
export async function checkMetrics(text: string): Promise<CheckedMetrics> {
  const command = [...(await promtool()), "check", "metrics"];
  const child = Bun.spawn(command, { stdin: Buffer.from(text), stdout: "ignore", stderr: "pipe" });
  const lintMessages = (await child.stderr.text()).split("\n").filter((line) => line !== "");
  const status = await child.exited;
  if (status === 0 || status === 3) return { ok: true, lintMessages };
  if (status === 1 && lintMessages.some((line) => line.startsWith("error while linting"))) {
    return { ok: false, lintMessages };
  }
  throw new Error(`Cannot run promtool: exit status ${status}, ${lintMessages.join(", ")}`);
}

/** `promtool check config`; it also looks for the files that the configuration names. */
export async function checkConfig(
  config: string,
): Promise<{ readonly ok: boolean; readonly output: string }> {
  const directory = await mkdtemp(join(tmpdir(), "wca-promtool-"));
  try {
    const file = join(directory, "prometheus.yml");
    await writeFile(file, config);
    const command = [...(await promtool()), "check", "config", file];
    const child = Bun.spawn(command, { stdout: "pipe", stderr: "pipe" });
    const [printed, complaint] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    return { ok: (await child.exited) === 0, output: printed + complaint };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

export interface TextfileScrape {
  /** Series of the `*.prom` files as the exporter prints them: `name{label="value"}` → value. */
  readonly samples: Readonly<Record<string, number>>;
  /** `node_textfile_scrape_error`: 1 when it refused a file. */
  readonly scrapeError: number;
  /** What it logged as errors, such as the reason of a refusal or series that are there twice. */
  readonly errors: readonly string[];
}

/** Scrapes the folder once with a real node exporter that has no other collector. */
export async function textfileCollector(directory: string): Promise<TextfileScrape> {
  const options = [
    "--collector.disable-defaults",
    "--collector.textfile",
    `--collector.textfile.directory=${directory}`,
    "--web.disable-exporter-metrics",
    "--web.listen-address=127.0.0.1:0",
  ];
  const exporter = Bun.spawn([...(await nodeExporter()), ...options], { stdout: "ignore", stderr: "pipe" });
  const log: string[] = [];
  const address = Promise.withResolvers<string>();
  const ended = follow(exporter.stderr, (line) => {
    log.push(line);
    const listening = /msg="Listening on" address=(\S+)/.exec(line)?.[1];
    if (listening !== undefined) address.resolve(listening);
  }).then(() => address.reject(new Error(`Cannot start the node exporter: ${log.join("\n")}`)));
  let body: string;
  try {
    const response = await fetch(`http://${await address.promise}/metrics`, {
      signal: AbortSignal.timeout(10_000),
    });
    body = await response.text();
  } finally {
    exporter.kill("SIGKILL");
    await ended;
  }
  return { ...readScrape(body), errors: log.filter((line) => line.includes("level=error")) };
}

async function follow(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  }
}

function readScrape(body: string): Pick<TextfileScrape, "samples" | "scrapeError"> {
  const all = body
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map(
      (line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))] as const,
    );
  const own = /^(node_(textfile|scrape|exporter)|promhttp)_/;
  const samples = Object.fromEntries(all.filter(([series]) => !own.test(series)));
  const scrapeError = all.find(([series]) => series === "node_textfile_scrape_error")?.[1];
  if (scrapeError === undefined)
    throw new Error(`Cannot find node_textfile_scrape_error in the scrape: ${body}`);
  return { samples, scrapeError };
}
