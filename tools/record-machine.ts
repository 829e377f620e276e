/*
 * bun tools/record-machine.ts <name> [--task /cgroup/path]…
 *
 * Copies the kernel files that the agent reads to test/machines/<name>. Only what stands in the tables
 * below is copied, and of some files only the named lines: no host names, serial numbers, command lines,
 * process ids, and no cgroup names but those given.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { type CgroupLayout, readLayout } from "../src/kernel/cgroup/layout.ts";
import { KernelHost } from "../src/kernel/host.ts";
import { KernelError } from "../src/model/errors.ts";
import type { Host } from "../src/model/host.ts";

const CPUINFO_FIELDS = [
  ...["processor", "vendor_id", "cpu family", "model", "model name", "stepping", "physical id", "siblings"],
  ...["core id", "cpu cores", "CPU implementer", "CPU part", "cpu"],
];

/** Files of the host, and what is left of their lines. */
const HOST_FILES: Readonly<Record<string, (text: string) => string>> = {
  "/proc/stat": keepLines((line) => line.startsWith("cpu")),
  "/proc/meminfo": whole,
  "/proc/vmstat": whole,
  "/proc/zoneinfo": whole,
  "/proc/cpuinfo": keepLines(
    (line) => line === "" || CPUINFO_FIELDS.includes(line.split(":", 1).join("").trim()),
  ),
  "/proc/pressure/cpu": whole,
  "/proc/pressure/memory": whole,
  "/proc/pressure/io": whole,
  "/proc/pressure/irq": whole,
  "/proc/self/mounts": keepLines((line) => /^\S+ \/sys\/fs\/cgroup\S* cgroup2? /.test(line)),
  "/sys/devices/system/cpu/online": whole,
  "/sys/devices/system/cpu/present": whole,
  "/sys/devices/system/cpu/possible": whole,
  "/sys/devices/system/node/online": whole,
};

/** Directories with a number behind their name, and the files below them. */
const NUMBERED = [
  {
    parent: "/sys/devices/system/cpu",
    name: /^cpu\d+$/,
    files: ["topology/physical_package_id", "topology/core_id"],
  },
  {
    parent: "/sys/devices/system/node",
    name: /^node\d+$/,
    files: ["cpulist", "distance", "meminfo", "vmstat"],
  },
] as const;

/** Files of a cgroup by v1 controller; `notify_on_release` is in all of them and shows that the cgroup exists. */
const V1_FILES: Readonly<Record<string, readonly string[]>> = {
  cpu: ["cpu.stat"],
  cpuacct: ["cpuacct.usage", "cpuacct.stat"],
  memory: [
    ...["memory.usage_in_bytes", "memory.max_usage_in_bytes", "memory.limit_in_bytes"],
    ...["memory.soft_limit_in_bytes", "memory.kmem.usage_in_bytes"],
    ...["memory.stat", "memory.numa_stat", "memory.oom_control"],
  ],
  pids: ["pids.current"],
};
const V1_ALWAYS = ["notify_on_release"];

const V2_FILES = [
  ...["cgroup.controllers", "cgroup.max.depth", "cpu.stat", "memory.current", "memory.peak", "memory.max"],
  ...["memory.swap.current", "memory.stat", "memory.numa_stat", "memory.events", "pids.current"],
  ...["cpu.pressure", "memory.pressure", "io.pressure"],
];

/** Process ids are replaced by these and the following numbers. */
const FIRST_FAKE_PID = 1001;

/** The recorded files: path → content. Files that the host does not have are not there either. */
export function recordMachine(host: Host, tasks: readonly string[]): ReadonlyMap<string, string> {
  const recorded = new Map<string, string>();
  const copy = (file: string, reduce: (text: string) => string = whole) => {
    const text = readIfThere(host, file);
    if (text !== undefined) recorded.set(file, reduce(text));
  };
  for (const [file, reduce] of Object.entries(HOST_FILES)) copy(file, reduce);
  for (const { parent, name, files } of NUMBERED) {
    for (const directory of listIfThere(host, parent).filter((entry) => name.test(entry))) {
      for (const file of files) copy(`${parent}/${directory}/${file}`);
    }
  }
  const layout = readLayout(host);
  const pids = new FakePids(host, tasks);
  for (const task of ["", ...tasks]) {
    for (const [mount, files] of cgroupFiles(layout)) {
      for (const file of task === "" ? markers(files) : files) copy(`${mount}${task}/${file}`);
      if (task !== "") copy(`${mount}${task}/cgroup.procs`, (text) => pids.replace(text));
    }
  }
  for (const [file, text] of pids.cgroups) recorded.set(file, text);
  return recorded;
}

/** Of the root cgroup only what shows that the hierarchy exists. */
function markers(files: readonly string[]): readonly string[] {
  return files.filter((file) => [...V1_ALWAYS, "cgroup.controllers", "cgroup.max.depth"].includes(file));
}

/** Mount point → files of one cgroup below it. */
function cgroupFiles({ v1, v2 }: CgroupLayout): ReadonlyMap<string, readonly string[]> {
  const files = new Map<string, string[]>();
  for (const [controller, mount] of v1) {
    const known = files.get(mount) ?? [...V1_ALWAYS];
    files.set(mount, [...known, ...(V1_FILES[controller] ?? [])]);
  }
  if (v2 !== undefined) files.set(v2, [...V2_FILES]);
  return files;
}

/** Gives each process a small number, the same in all hierarchies, and tells its cgroups under that number. */
class FakePids {
  /** `/proc/1001/cgroup` → content. */
  readonly cgroups = new Map<string, string>();
  readonly #host: Host;
  readonly #tasks: readonly string[];
  readonly #fakes = new Map<string, number>();

  constructor(host: Host, tasks: readonly string[]) {
    this.#host = host;
    this.#tasks = tasks;
  }

  replace(procs: string): string {
    return keepLines(
      (line) => line !== "",
      (pid) => `${this.#fakeOf(pid)}`,
    )(procs);
  }

  #fakeOf(pid: string): number {
    const known = this.#fakes.get(pid);
    if (known !== undefined) return known;
    const fake = FIRST_FAKE_PID + this.#fakes.size;
    this.#fakes.set(pid, fake);
    const cgroups = readIfThere(this.#host, `/proc/${pid}/cgroup`);
    if (cgroups !== undefined) this.cgroups.set(`/proc/${fake}/cgroup`, this.#reduceCgroups(cgroups));
    return fake;
  }

  /** A cgroup that was not asked for becomes the root. */
  #reduceCgroups(text: string): string {
    return keepLines(
      (line) => line !== "",
      (line) => {
        const [, hierarchy = "", cgroup = ""] = /^(\d+:[^:]*:)(.*)$/.exec(line) ?? [];
        return `${hierarchy}${this.#tasks.includes(cgroup) ? cgroup : "/"}`;
      },
    )(text);
  }
}

function whole(text: string): string {
  return text;
}

function keepLines(
  keep: (line: string) => boolean,
  change: (line: string) => string = whole,
): (text: string) => string {
  return (text) =>
    text
      .replace(/\n$/, "")
      .split("\n")
      .filter(keep)
      .map((line) => `${change(line)}\n`)
      .join("");
}

function readIfThere(host: Host, file: string): string | undefined {
  try {
    return host.read(file);
  } catch (error) {
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}

function listIfThere(host: Host, directory: string): readonly string[] {
  try {
    return host.list(directory);
  } catch (error) {
    if (error instanceof KernelError) return [];
    throw error;
  }
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { task: { type: "string", multiple: true, default: [] } },
  });
  const [name] = positionals;
  if (name === undefined || !/^[\w-]+$/.test(name)) {
    throw new TypeError("Cannot record without a name of small letters and dashes: record-machine.ts <name>");
  }
  const target = path.join(import.meta.dirname, "../test/machines", name);
  for (const [file, text] of recordMachine(new KernelHost(), values.task)) {
    fs.mkdirSync(path.dirname(target + file), { recursive: true });
    fs.writeFileSync(target + file, text, "latin1");
  }
}
