import * as fs from "node:fs";
import * as path from "node:path";
import { readLayout, taskHierarchies } from "../src/kernel/cgroup/layout.ts";
import { KernelHost } from "../src/kernel/host.ts";

/** Every cgroup that the benchmark makes is named so, and nothing else is ever removed. */
export const PREFIX = "wcabench-";
/** Sleeping processes of a benchmark that was killed end by themselves. */
const SLEEP_SECS = 7200;
/** Joins all cgroups before it becomes the sleeping program, so that the memory of that is the task's. */
const JOIN_AND_SLEEP = `for cgroup in "$@"; do echo $$ > "$cgroup/cgroup.procs" || exit; done; exec sleep ${SLEEP_SECS}`;
const START_PAUSE_MS = 5;
const START_PATIENCE_MS = 30_000;
const REMOVAL_ATTEMPTS = 200;
const REMOVAL_PAUSE_MS = 10;

/** Mount points in which tasks can be: every v1 controller that the agent knows, and the v2 tree. */
export function taskMounts(): readonly string[] {
  const layout = readLayout(new KernelHost());
  if (layout.version === "v2") {
    throw new Error("Cannot compare on cgroup v2 alone: limit.c reads the files of v1 and hybrid hosts");
  }
  return taskHierarchies(layout);
}

/** Cgroups with a sleeping process each, in all hierarchies. `close` is synchronous, for the exit handler. */
export class TaskCgroups {
  readonly names: readonly string[];
  readonly #mounts: readonly string[];
  readonly #made: string[] = [];
  readonly #sleepers: Bun.Subprocess[] = [];

  constructor(count: number, mounts: readonly string[]) {
    this.#mounts = mounts;
    this.names = Array.from({ length: count }, (_, index) => `${PREFIX}${String(index).padStart(4, "0")}`);
  }

  async open(): Promise<void> {
    for (const name of this.names) {
      const directories = this.#mounts.map((mount) => this.#make(mount, name));
      const command = ["sh", "-c", JOIN_AND_SLEEP, "sh", ...directories];
      this.#sleepers.push(Bun.spawn(command, { stdio: ["ignore", "ignore", "inherit"] }));
    }
    for (const sleeper of this.#sleepers) await waitForSleep(sleeper);
  }

  close(): void {
    for (const sleeper of this.#sleepers) sleeper.kill("SIGKILL");
    for (const directory of this.#made) removeCgroup(directory);
  }

  #make(mount: string, name: string): string {
    if (fs.existsSync(path.join(mount, name))) {
      throw new Error(
        `Cannot make cgroup "${name}": a benchmark is running, or was killed; see bench/run.ts --clean`,
      );
    }
    this.#made.push(path.join(mount, name));
    return makeCgroup(mount, name);
  }
}

/** Removes what a benchmark that was killed has left, processes in it included. Returns the number of directories. */
export function removeLeftovers(mounts: readonly string[]): number {
  let removed = 0;
  for (const mount of mounts) {
    for (const name of fs.readdirSync(mount)) {
      if (!name.startsWith(PREFIX)) continue;
      for (const pid of pidsIn(path.join(mount, name))) killIfThere(pid, "SIGKILL");
      removeCgroup(path.join(mount, name));
      removed++;
    }
  }
  return removed;
}

export function makeCgroup(mount: string, name: string): string {
  const directory = path.join(mount, name);
  fs.mkdirSync(directory);
  // v1 cpusets are empty until set, and then refuse processes.
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    const own = path.join(directory, file);
    if (fs.existsSync(own) && fs.readFileSync(own, "latin1").trim() === "") {
      fs.writeFileSync(own, fs.readFileSync(path.join(mount, file)));
    }
  }
  return directory;
}

/** A process that has just been killed may keep its cgroup busy for a moment. */
export function removeCgroup(directory: string): void {
  for (let attempt = 1; fs.existsSync(directory); attempt++) {
    try {
      fs.rmdirSync(directory);
    } catch (error) {
      if ((error as { code?: unknown }).code !== "EBUSY" || attempt === REMOVAL_ATTEMPTS) throw error;
      Bun.sleepSync(REMOVAL_PAUSE_MS);
    }
  }
}

export function pidsIn(directory: string): readonly number[] {
  return fs
    .readFileSync(path.join(directory, "cgroup.procs"), "latin1")
    .split("\n")
    .filter((line) => line !== "")
    .map(Number);
}

export function killIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ESRCH") throw error;
  }
}

async function waitForSleep({ pid }: Bun.Subprocess): Promise<void> {
  const deadline = performance.now() + START_PATIENCE_MS;
  while (fs.readFileSync(`/proc/${pid}/comm`, "latin1") !== "sleep\n") {
    if (performance.now() > deadline)
      throw new Error(`Cannot start process ${pid} of a task: not asleep yet`);
    await Bun.sleep(START_PAUSE_MS);
  }
}
