import * as fs from "node:fs";
import { readLayout, taskHierarchies } from "../../src/kernel/cgroup/layout.ts";
import { KernelHost } from "../../src/kernel/host.ts";

const PREFIX = "wca-test-";
/** How long a killed process may take to leave its cgroup. */
const REMOVAL_ATTEMPTS = 2000;

/** A cgroup of this host, in every hierarchy where tasks can be. `using` kills its processes and removes it. */
export interface RealCgroup extends Disposable {
  /** Below the mount points: `/wca-test-123-1-name`. */
  readonly path: string;
  /** Mount points in which it was made. */
  readonly mounts: readonly string[];
  /** Makes it again after {@link remove}. */
  create(): void;
  /** Kills its processes and removes it with all below. */
  remove(): void;
  /** A cgroup below, removed with this one. */
  child(name: string): RealCgroup;
  /** Starts a process in it that sleeps, and returns its pid. */
  sleep(): number;
  /** Starts a process in it that never sleeps, and returns its pid. */
  busy(): number;
  /** Starts a program in it, and returns its pid. */
  run(command: readonly string[]): number;
  /** Kills its own processes, not those of children. */
  kill(): void;
}

export interface RealCgroupOptions {
  /** v1 controllers in whose hierarchies it is made, `v2` for the v2 tree. Default: all that tasks can be in. */
  readonly controllers?: readonly string[];
}

/** For `requirement()`: throws when cgroups cannot be made here. */
export function needRealCgroups(): void {
  if (process.getuid?.() !== 0) throw new Error("not root");
  const mount = mountPoints({})[0];
  if (mount === undefined) throw new Error("no cgroup file system");
  const probe = `${mount}/${PREFIX}${process.pid}-probe`;
  fs.mkdirSync(probe);
  fs.rmdirSync(probe);
}

/** Cgroups still to be removed when the process exits after a failed test. */
const alive = new Set<RealCgroup>();
let made = 0;

export function realCgroup(name: string, options: RealCgroupOptions = {}): RealCgroup {
  if (made === 0) {
    removeOrphans();
    process.on("exit", () => {
      for (const group of alive) group.remove();
    });
  }
  return makeCgroup(`/${PREFIX}${process.pid}-${++made}-${name}`, mountPoints(options));
}

function makeCgroup(path: string, mounts: readonly string[]): RealCgroup {
  const processes: Bun.Subprocess[] = [];
  function start(command: readonly string[]): number {
    const started = Bun.spawn([...command], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
    processes.push(started);
    for (const mount of mounts) fs.writeFileSync(`${mount}${path}/cgroup.procs`, String(started.pid));
    return started.pid;
  }
  const group: RealCgroup = {
    path,
    mounts,
    create() {
      for (const mount of mounts) {
        fs.mkdirSync(mount + path);
        inheritCpuset(mount + path);
      }
      alive.add(group);
    },
    remove() {
      group.kill();
      for (const mount of mounts) removeTree(mount + path);
      alive.delete(group);
    },
    child: (name) => makeCgroup(`${path}/${name}`, mounts),
    sleep: () => start(["sleep", "1000"]),
    busy: () => start(["sh", "-c", "while :; do :; done"]),
    run: start,
    kill() {
      for (const started of processes.splice(0)) started.kill("SIGKILL");
      for (const mount of mounts) waitUntilEmpty(mount + path);
    },
    [Symbol.dispose]: () => group.remove(),
  };
  group.create();
  return group;
}

function mountPoints({ controllers }: RealCgroupOptions): readonly string[] {
  const layout = readLayout(new KernelHost());
  if (controllers === undefined) return taskHierarchies(layout);
  return controllers.map((controller) => {
    const mount = controller === "v2" ? layout.v2 : layout.v1.get(controller);
    if (mount === undefined) throw new Error(`no hierarchy of ${controller} is mounted`);
    return mount;
  });
}

/** A v1 cpuset takes no process until it has CPUs and memory nodes, cgroup-v1/cpusets.rst. */
function inheritCpuset(directory: string): void {
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    if (fs.existsSync(`${directory}/tasks`) && fs.existsSync(`${directory}/${file}`)) {
      fs.writeFileSync(`${directory}/${file}`, fs.readFileSync(`${directory}/../${file}`));
    }
  }
}

function waitUntilEmpty(directory: string): void {
  for (let attempt = 0; attempt < REMOVAL_ATTEMPTS; attempt++) {
    if (pidsIn(directory).length === 0) return;
    Bun.sleepSync(1);
  }
}

function pidsIn(directory: string): readonly string[] {
  try {
    return fs.readFileSync(`${directory}/cgroup.procs`, "utf8").split("\n").filter(Boolean);
  } catch {
    return [];
  }
}

/** Sub-cgroups first; whatever process is still in one is killed. */
function removeTree(directory: string): void {
  if (!fs.existsSync(directory)) return;
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(`${directory}/${entry.name}`);
  }
  for (let attempt = 1; ; attempt++) {
    try {
      fs.rmdirSync(directory);
      return;
    } catch (error) {
      if ((error as { code?: unknown }).code !== "EBUSY" || attempt === REMOVAL_ATTEMPTS) throw error;
      for (const pid of pidsIn(directory)) killIfThere(Number(pid));
      Bun.sleepSync(1);
    }
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** Those that a killed test process left behind. */
function removeOrphans(): void {
  for (const mount of mountPoints({})) {
    for (const name of fs.readdirSync(mount)) {
      const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
      if (pid !== undefined && !fs.existsSync(`/proc/${pid}`)) removeTree(`${mount}/${name}`);
    }
  }
}
