import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { debianProgram } from "../../tools/debian.ts";

/** What perf answers to a command, with the zero byte that it sends along. */
const ACK = "ack\n\0";

/** A `perf stat` of one cgroup that counts between `start` and `stop`. */
export interface PerfStat extends AsyncDisposable {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Event → count; task-clock in milliseconds. */
  result(): Promise<Readonly<Record<string, number>>>;
}

/** The command line of perf: that of this host, else the one of Debian. */
export async function perfCommand(): Promise<readonly string[]> {
  const installed = Bun.which("perf");
  if (installed !== null && Bun.spawnSync([installed, "--version"]).exitCode === 0) return [installed];
  return await debianProgram({ package: "linux-perf", path: "usr/bin/perf", dependencies: "all" });
}

/** Starts `perf stat -a -G`, which waits to be started. `cgroup`: below the hierarchy of perf_event, without a slash. */
export async function perfStat(cgroup: string, events: readonly string[]): Promise<PerfStat> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "wca-perf-stat-"));
  const [control, answer, output] = ["control", "answer", "output"].map((name) =>
    path.join(directory, name),
  ) as [string, string, string];
  Bun.spawnSync(["mkfifo", control, answer]);
  const flags = fs.constants.O_RDWR | fs.constants.O_NONBLOCK;
  const [controlFd, answerFd] = [fs.openSync(control, flags), fs.openSync(answer, flags)];
  const child = Bun.spawn(
    [
      ...(await perfCommand()),
      ...["stat", "-a", "-x", ",", "--delay=-1", "--control", `fifo:${control},${answer}`, "-o", output],
      ...["-e", events.join(","), "-G", events.map(() => cgroup).join(","), "--", "cat"],
    ],
    { stdin: "pipe", stdout: "ignore", stderr: "pipe" },
  );
  async function command(text: string): Promise<void> {
    fs.writeSync(controlFd, text);
    for (let seen = ""; seen !== ACK; ) {
      if (child.exitCode !== null)
        throw new Error(`perf stat ended: ${await new Response(child.stderr).text()}`);
      seen += readNow(answerFd);
      if (seen !== ACK) await Bun.sleep(1);
    }
  }
  return {
    start: () => command("enable"),
    stop: () => command("disable"),
    async result() {
      child.stdin.end();
      await child.exited;
      return Object.fromEntries(
        fs
          .readFileSync(output, "utf8")
          .split("\n")
          .map((line) => line.split(","))
          .filter(([, , event]) => event !== undefined && event !== "")
          .map(([count, , event]) => [event, Number(count)]),
      );
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
      for (const descriptor of [controlFd, answerFd]) fs.closeSync(descriptor);
      fs.rmSync(directory, { recursive: true, force: true });
    },
  };
}

function readNow(descriptor: number): string {
  const bytes = new Uint8Array(64);
  try {
    return new TextDecoder().decode(bytes.subarray(0, fs.readSync(descriptor, bytes)));
  } catch (error) {
    // Nothing there yet.
    if ((error as { code?: unknown }).code === "EAGAIN") return "";
    throw error;
  }
}
