import * as fs from "node:fs";
import type { RealCgroup } from "./cgroups.ts";

/** How long the kernel, or a program that is started, may take for what is waited for. */
const PATIENCE_MS = 10_000;

/** Asks until the condition holds; false when it never does. */
export async function eventually(condition: () => boolean): Promise<boolean> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > deadline) return false;
    await Bun.sleep(1);
  }
  return true;
}

/** A process with several threads in a cgroup. Its run-time system may start and end some of its own. */
export interface ThreadedProcess extends AsyncDisposable {
  readonly pid: number;
  /** Ids of its threads now, ascending. */
  threads(): readonly number[];
}

/** Starts a process in the cgroup and waits until it has as many idle threads at least. */
export async function threadedProcess(group: RealCgroup, count: number): Promise<ThreadedProcess> {
  const idle = "setInterval(() => {}, 1e8)";
  const worker = `new Worker(URL.createObjectURL(new Blob([${JSON.stringify(idle)}])))`;
  const child = Bun.spawn([process.execPath, "-e", `for (let i = 1; i < ${count}; i++) ${worker}; ${idle}`], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  const { pid } = child;
  function threads(): readonly number[] {
    return fs
      .readdirSync(`/proc/${pid}/task`)
      .map(Number)
      .sort((a, b) => a - b);
  }
  for (const mount of group.mounts) fs.writeFileSync(`${mount}${group.path}/cgroup.procs`, String(pid));
  if (!(await eventually(() => threads().length >= count))) throw new Error(`Process ${pid} has no threads`);
  return {
    pid,
    threads,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}
