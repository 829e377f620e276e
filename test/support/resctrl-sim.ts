/*
 * A resctrl file system for tests, see test/resctrl-sim/README.md:
 *
 *     using machine = await resctrlMachine({ layout: "xeon", closids: 4 });
 *     machine.host.read("/sys/fs/resctrl/schemata");
 *     machine.sim.command("fail mkdir EBUSY 2");
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { type HostOptions, KernelHost } from "../../src/kernel/host.ts";
import { buildResctrlSim, needCompiler } from "../resctrl-sim/build.ts";

export type ResctrlLayout =
  | "xeon"
  | "cdp"
  | "l2"
  | "l2cdp"
  | "mbps"
  | "snc"
  | "amd"
  | "abmc"
  | "monitor-only"
  | "no-monitoring"
  | "no-mb";

export type ResctrlEvent = "llc_occupancy" | "mbm_total_bytes" | "mbm_local_bytes";

/** What differs from the layout. Numbers are those of the machine, not of the current mount. */
export interface ResctrlOptions {
  /** Default: "xeon". */
  readonly layout?: ResctrlLayout;
  /** Of every resource; with CDP half of them can be used. The root group takes one. */
  readonly closids?: number;
  readonly l3Closids?: number;
  readonly l2Closids?: number;
  readonly mbClosids?: number;
  /** The root group takes one, each other group one more. */
  readonly rmids?: number;
  /** Ids of L3 caches, which are the domains of L3, MB and of monitoring. */
  readonly domains?: readonly number[];
  readonly l2Domains?: readonly number[];
  /** Nodes of each L3 cache, with sub-NUMA clusters more than one. */
  readonly nodes?: number;
  /** Bits in a mask of L3. */
  readonly cbmBits?: number;
  readonly minCbmBits?: number;
  readonly shareableBits?: number;
  /** Whether masks may have holes. */
  readonly sparse?: boolean;
  /** Of each L3. */
  readonly cacheBytes?: number;
  readonly mbMin?: number;
  readonly mbGran?: number;
  readonly features?: readonly ResctrlEvent[];
  /** Assignable bandwidth counters of each domain; 0 is a machine that has none. */
  readonly counters?: number;
  /** Whether the events of bandwidth can be configured (BMEC). */
  readonly bmec?: boolean;
  /** How long, in the simulator's time, the RMID of a removed group is in limbo. Default: 0. */
  readonly limboMs?: number;
  /** How many attempts to make a group the RMID of a removed group stays in limbo. Default: 0. */
  readonly limboAttempts?: number;
  /** CPUs of the machine. Default: those there are. */
  readonly cpus?: number;
  /** Values padded with zeroes and blanks, as kernels before 6.16 print them. */
  readonly tabular?: boolean;
  /** Mount option `debug`: `ctrl_hw_id` and `mon_hw_id`. */
  readonly debug?: boolean;
  /** Bytes a second that each thread moves in each domain if nothing throttles it. Default: 64,000,000. */
  readonly threadRate?: number;
  /** Bytes of each cache that each thread fills if nothing limits it. Default: 2,097,152. */
  readonly threadBytes?: number;
  /** Counters stand still until `command("advance MILLISECONDS")`. */
  readonly frozen?: boolean;
}

export interface StartResctrlOptions extends ResctrlOptions {
  /** Mount point, made if it is not there. Default: a temporary directory. */
  readonly at?: string;
}

/** What has been done to the file system since it was mounted. What was refused counts as well. */
export interface ResctrlOperations {
  readonly mkdir: number;
  readonly rmdir: number;
  readonly rename: number;
  /** Writes to a `tasks` file; one can carry several threads. */
  readonly tasks: number;
  readonly schemata: number;
  readonly mode: number;
  readonly cpus: number;
  /** Writes to any other file. */
  readonly other: number;
  /** Readings of files below `mon_data`. */
  readonly monReads: number;
  /** Readings of any other file. */
  readonly reads: number;
  /** How many of all but readings were refused. */
  readonly refused: number;
}

/** A mounted resctrl. `using` unmounts it. */
export interface ResctrlSim extends Disposable {
  /** Mount point. */
  readonly root: string;
  readonly pid: number;
  /** Carries commands out, one a line, see test/resctrl-sim/README.md. Throws for one that is wrong. */
  command(lines: string): void;
  operations(): ResctrlOperations;
}

/** For `requirement()`: throws where no resctrl can be simulated. */
export async function needResctrl(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error("not root");
  if (!fs.existsSync("/dev/fuse")) throw new Error("no /dev/fuse");
  needCompiler();
  const sim = await startResctrl();
  sim[Symbol.dispose]();
}

/** Mounts a resctrl. It goes away with the test process, however that ends. */
export async function startResctrl(options: StartResctrlOptions = {}): Promise<ResctrlSim> {
  const { at, layout = "xeon", closids, ...numbers } = options;
  const program = await buildResctrlSim();
  unmountOrphans();
  const root = at ?? fs.mkdtempSync(path.join(os.tmpdir(), "wca-resctrl-"));
  fs.mkdirSync(root, { recursive: true });
  // In this order, as later ones override.
  const settings = { layout, ...(closids === undefined ? {} : { closids }), ...numbers };
  const flags = Object.entries(settings).map(([name, value]) => flag(name, value));
  const child = Bun.spawn([program, root, ...flags], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  // It prints one line once it is mounted, none if it cannot be.
  const output = child.stdout.getReader();
  const { value: ready } = await output.read();
  if (ready === undefined) {
    const complaint = await child.stderr.text();
    if (at === undefined) fs.rmdirSync(root);
    throw new Error(`Cannot simulate resctrl at "${root}": ${complaint.trim()}`);
  }
  // Nothing more is to come, and the test process shall not wait for it.
  await Promise.all([output.cancel(), child.stderr.cancel()]);
  child.unref();
  const control = path.join(root, ".sim");
  let mounted = true;
  return {
    root,
    pid: child.pid,
    command(lines) {
      try {
        fs.writeFileSync(control, lines.endsWith("\n") ? lines : `${lines}\n`);
      } catch (error) {
        const reason = fs.readFileSync(`${control}.error`, "utf8").trim();
        throw new Error(`Cannot do "${lines}" with the simulated resctrl: ${reason}`, { cause: error });
      }
    },
    operations: () => parseOperations(fs.readFileSync(control, "utf8")),
    [Symbol.dispose]() {
      if (!mounted) return;
      mounted = false;
      unmount(root);
      child.kill("SIGKILL");
      if (at === undefined) fs.rmdirSync(root);
    },
  };
}

/** A machine whose processes and cgroups are real and whose resctrl is simulated. `using` removes it. */
export interface ResctrlMachine extends Disposable {
  readonly root: string;
  readonly host: KernelHost;
  readonly sim: ResctrlSim;
}

export async function resctrlMachine(
  options: ResctrlOptions = {},
  hostOptions: Omit<HostOptions, "root"> = {},
): Promise<ResctrlMachine> {
  using undo = new DisposableStack();
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "wca-tree-"));
  undo.defer(() => fs.rmSync(root, { recursive: true, force: true }));
  fs.mkdirSync(path.join(root, "sys/fs"), { recursive: true });
  for (const real of ["/proc", "/sys/devices", "/sys/fs/cgroup"]) fs.symlinkSync(real, path.join(root, real));
  const sim = undo.use(await startResctrl({ ...options, at: path.join(root, "sys/fs/resctrl") }));
  const host = new KernelHost({ root, hostname: "test-host", ...hostOptions });
  const cleanup = undo.move();
  return { root, host, sim, [Symbol.dispose]: () => cleanup.dispose() };
}

/** Runs programs to which this machine has a resctrl at `/sys/fs/resctrl`. `using` unmounts it. */
export interface ResctrlNamespace extends Disposable {
  readonly sim: ResctrlSim;
  /** The command line that runs `command` there, for whoever starts the process. */
  wrap(command: readonly string[]): string[];
  /** Starts it without input; its output is to be read. */
  spawn(command: readonly string[]): Bun.Subprocess<"ignore", "pipe", "pipe">;
}

/**
 * Each program gets a mount namespace of its own in which `/sys/fs` has `resctrl` beside all it had, and
 * `/proc/cpuinfo` and `/proc/filesystems` say so. All of them see the one simulator.
 */
export async function resctrlNamespace(options: ResctrlOptions = {}): Promise<ResctrlNamespace> {
  using undo = new DisposableStack();
  const work = fs.mkdtempSync(path.join(os.tmpdir(), "wca-namespace-"));
  undo.defer(() => fs.rmSync(work, { recursive: true, force: true }));
  const sim = undo.use(await startResctrl({ ...options, at: path.join(work, "resctrl") }));
  fs.writeFileSync(path.join(work, "cpuinfo"), withFlags(sim.root));
  fs.writeFileSync(path.join(work, "filesystems"), `${fs.readFileSync("/proc/filesystems")}nodev\tresctrl\n`);
  fs.mkdirSync(path.join(work, "fs"));
  const prefix = ["unshare", "--mount", "--propagation", "private", "sh", "-euc", ENTER, "sh", work];
  const wrap = (command: readonly string[]): string[] => [...prefix, ...command];
  const cleanup = undo.move();
  return {
    sim,
    wrap,
    spawn: (command) => Bun.spawn(wrap(command), { stdin: "ignore", stdout: "pipe", stderr: "pipe" }),
    [Symbol.dispose]: () => cleanup.dispose(),
  };
}

/** `/sys/fs` takes no new directory, so a tmpfs with everything bound from below comes over it. */
const ENTER = `
  work=$1; shift
  mount -t tmpfs none "$work/fs"
  for there in /sys/fs/*/; do
    name=$(basename "$there")
    mkdir "$work/fs/$name"
    mount --rbind "/sys/fs/$name" "$work/fs/$name"
  done
  mkdir -p "$work/fs/resctrl"
  mount --bind "$work/resctrl" "$work/fs/resctrl"
  mount --rbind "$work/fs" /sys/fs
  mount --bind "$work/cpuinfo" /proc/cpuinfo
  mount --bind "$work/filesystems" /proc/filesystems
  exec "$@"
`;

/** Directory below `info` → what the CPU says of itself when it is there. */
const CPU_FLAGS: Readonly<Record<string, string>> = {
  L3: "cat_l3",
  L3CODE: "cat_l3 cdp_l3",
  L2: "cat_l2",
  L2CODE: "cat_l2 cdp_l2",
  MB: "mba",
  L3_MON: "cqm cqm_llc cqm_occup_llc cqm_mbm_total cqm_mbm_local",
};

function withFlags(root: string): string {
  const flags = fs.readdirSync(path.join(root, "info")).map((name) => CPU_FLAGS[name]);
  const added = ["rdt_a", ...flags.filter((words) => words !== undefined)].join(" ");
  return fs.readFileSync("/proc/cpuinfo", "utf8").replaceAll(/^flags\t.*$/gm, (line) => `${line} ${added}`);
}

/** `limboMs: 5` → `--limbo-ms=5`, `domains: [0, 4]` → `--domains=0,4`, `sparse: true` → `--sparse=1`. */
function flag(name: string, value: unknown): string {
  const dashed = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `--${dashed}=${typeof value === "boolean" ? Number(value) : String(value)}`;
}

function parseOperations(text: string): ResctrlOperations {
  const lines = text.trimEnd().split("\n");
  return Object.fromEntries(
    lines.map((line) => {
      const [name = "", count] = line.split(" ");
      return [name, Number(count)];
    }),
  ) as unknown as ResctrlOperations;
}

/** Lazily, since a test that failed may have left a file open. */
function unmount(directory: string): void {
  Bun.spawnSync(["umount", "--lazy", directory], { stderr: "ignore" });
}

/** Those of simulators that were killed; one that lives unmounts itself when its test process ends. */
function unmountOrphans(): void {
  for (const mount of fs.readFileSync("/proc/self/mounts", "utf8").split("\n")) {
    const [, pid, directory] = /^resctrl-sim:(\d+) (\S+) fuse\.resctrl /.exec(mount) ?? [];
    if (directory !== undefined && !fs.existsSync(`/proc/${pid}`)) unmount(directory);
  }
}
