import * as fs from "node:fs";
import * as path from "node:path";

const MAIN = path.join(import.meta.dirname, "../../src/main.ts");

export interface Finished {
  readonly exitCode: number;
  /** Absent when the process ended by itself. */
  readonly signal?: string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface WcaOptions {
  /** Working directory. Default: that of the tests. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A module that is loaded before the agent. */
  readonly preload?: string;
  /** Command that starts it with other rights or limits: `["prlimit", "--nofile=64"]`. */
  readonly under?: readonly string[];
  /** Another program than the sources, such as the executable. */
  readonly command?: readonly string[];
}

/** A running agent. `using` kills it. */
export interface Wca extends Disposable {
  readonly pid: number;
  /** What it has printed so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  signal(name: NodeJS.Signals): void;
  /** Closes our end of its standard error. */
  stopReadingStderr(): Promise<void>;
  readonly finished: Promise<Finished>;
}

/** Starts the agent as a user would, from source. */
export function startWca(
  args: readonly string[],
  { cwd, env = {}, preload, under = [], command }: WcaOptions = {},
): Wca {
  const before = preload === undefined ? [] : ["--preload", preload];
  const program = command ?? [process.execPath, ...before, MAIN];
  const child = Bun.spawn([...under, ...program, ...args], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, NO_COLOR: "1", ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const printed = { stdout: "", stderr: "" };
  const readers = { stdout: child.stdout.getReader(), stderr: child.stderr.getReader() };
  async function follow(name: keyof typeof printed): Promise<void> {
    const decoder = new TextDecoder();
    for (;;) {
      const { value, done } = await readers[name].read();
      if (done) return;
      printed[name] += decoder.decode(value, { stream: true });
    }
  }
  const reading = [follow("stdout"), follow("stderr")];
  return {
    pid: child.pid,
    stdout: () => printed.stdout,
    stderr: () => printed.stderr,
    signal: (name) => child.kill(name),
    stopReadingStderr: () => readers.stderr.cancel(),
    finished: Promise.all([child.exited, ...reading]).then(([exitCode]) => ({
      exitCode,
      ...(child.signalCode === null ? {} : { signal: String(child.signalCode) }),
      ...printed,
    })),
    [Symbol.dispose]: () => child.kill("SIGKILL"),
  };
}

/** Runs the agent to its end. */
export async function wca(args: readonly string[], options: WcaOptions = {}): Promise<Finished> {
  using running = startWca(args, options);
  return await running.finished;
}

/** Waits until it is so; asks every few milliseconds, for as long as the test may take. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await Bun.sleep(5);
}

/** A directory with the files, readable for their owner only as the agent demands of configurations. */
export function configFiles(root: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files))
    fs.writeFileSync(path.join(root, name), text, { mode: 0o600 });
}
