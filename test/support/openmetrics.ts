/* The OpenMetrics parser of Prometheus' Python client, in a virtual environment of its own. */
import { mkdir, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";

const VERSION = "0.23.1";
const CACHE = join(import.meta.dir, "../../.cache/python");

/** Reads texts, one as JSON on each line; answers each with families, or what is wrong with it. */
const READER = `
import json, math, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
def plain(value):
    return value if math.isfinite(value) else str(value)
for line in sys.stdin:
    try:
        answer = [{"name": f.name, "type": f.type, "unit": f.unit, "help": f.documentation,
                   "samples": [[s.name, s.labels, plain(s.value), None if s.timestamp is None else str(s.timestamp)]
                               for s in f.samples]} for f in parse(json.loads(line))]
    except Exception as error:
        answer = {"error": repr(error)}
    print(json.dumps(answer), flush=True)
`;

export interface OpenMetricsFamily {
  readonly name: string;
  readonly type: string;
  readonly unit: string;
  readonly help: string;
  /** Name, labels, value (as text when it is not finite), seconds since the epoch. */
  readonly samples: readonly (readonly [
    string,
    Readonly<Record<string, string>>,
    number | "nan" | "inf" | "-inf",
    string | null,
  ])[];
}

export interface OpenMetricsParser extends AsyncDisposable {
  /** Throws what the parser says of a text that is not OpenMetrics. */
  parse(text: string): Promise<readonly OpenMetricsFamily[]>;
}

/** Python with the parser, from PyPI if it is not cached; throws where it cannot be had. */
export async function prepareOpenMetricsParser(): Promise<string> {
  const home = join(CACHE, `prometheus-client-${VERSION}`);
  const python = join(home, "bin/python");
  if (
    await stat(python).then(
      () => true,
      () => false,
    )
  )
    return python;
  if (Bun.which("python3") === null) throw new Error("no python3 on PATH");
  await mkdir(CACHE, { recursive: true });
  const made = await mkdtemp(join(CACHE, ".making-"));
  try {
    await run(["python3", "-m", "venv", made]);
    const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    await run([join(made, "bin/python"), ...install, `prometheus_client==${VERSION}`]);
    // Of two processes that do this at once the later one finds the same.
    await rename(made, home).catch(() => stat(python));
  } finally {
    await rm(made, { recursive: true, force: true });
  }
  return python;
}

export async function startOpenMetricsParser(): Promise<OpenMetricsParser> {
  const child = Bun.spawn([await prepareOpenMetricsParser(), "-c", READER], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const answers = lines(child.stdout);
  return {
    async parse(text) {
      child.stdin.write(`${JSON.stringify(text)}\n`);
      await child.stdin.flush();
      const { value } = await answers.next();
      if (value === undefined) throw new Error("The parser has ended");
      const answer = JSON.parse(value) as readonly OpenMetricsFamily[] | { readonly error: string };
      if ("error" in answer) throw new Error(answer.error);
      return answer;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
  return undefined;
}

async function run(command: readonly string[]): Promise<void> {
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const complaint = await child.stderr.text();
  if ((await child.exited) !== 0) throw new Error(`Cannot run "${command.join(" ")}": ${complaint.trim()}`);
}
