import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import * as os from "node:os";
import { dirname, join, resolve } from "node:path";
import { debianProgram, debianTree } from "../../tools/debian.ts";
import { type Guest, type GuestKernel, guest } from "./guest.ts";

const RESULT_BYTES = 32 * 1024 * 1024;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface VmOptions {
  /**
   * Run by busybox as root, from `/`, with cgroup v2 at `/sys/fs/cgroup` and all controllers enabled
   * for the children of its root. What it leaves in `/result` comes back.
   */
  readonly script: string;
  /** Path in the guest → path here. Mode bits are kept. Default: none. */
  readonly files?: Readonly<Record<string, string>>;
  /** CPUs, a multiple of the NUMA nodes. Default: 2. */
  readonly smp?: number;
  /** Memory, split evenly over the NUMA nodes; it holds the files as well. Default: 1024. */
  readonly memoryMb?: number;
  /** Default: 1. */
  readonly numaNodes?: 1 | 2;
  /** Default: 6.1. */
  readonly kernel?: GuestKernel;
  /** Of the guest from power-on to power-off; it is killed then. Default: 120. */
  readonly timeoutSecs?: number;
}

export interface VmResult {
  /** What the script and the kernel printed, without our own marks. */
  readonly console: string;
  /** Exit status of the script; 125 also when `/result` was more than 32 MB. */
  readonly exitCode: number;
  /** Path below `/result` → text. */
  readonly files: Readonly<Record<string, string>>;
  readonly seconds: VmSeconds;
}

/** Where the time went. */
export interface VmSeconds {
  /** Packages and initramfs if they were not cached, and the disk with the files. */
  readonly prepare: number;
  /** Start of qemu, firmware, kernel, power-off. */
  readonly boot: number;
  /** Drivers, unpacking the files, mounts. */
  readonly setup: number;
  readonly script: number;
  readonly total: number;
}

/**
 * Boots a real Debian kernel under qemu, runs the script and powers off. The CPU is emulated (TCG): no
 * KVM and no root needed, the clock is the real one, code runs 5 to 20 times slower.
 */
export async function runInVm(options: VmOptions): Promise<VmResult> {
  const { timeoutSecs = 120 } = options;
  const started = performance.now();
  const { qemu, system } = await prepareVm(options.kernel);
  using cleanup = new DisposableStack();
  const work = mkdtempSync(join(os.tmpdir(), "wca-vm-"));
  cleanup.defer(() => rmSync(work, { recursive: true, force: true }));
  cleanUpOnSignals(cleanup);
  await makeDisks(work, options);
  const prepare = (performance.now() - started) / 1000;
  const console = await boot([...qemu, ...machine(work, system, options)], { timeoutSecs, cleanup });
  const files = await unpackResult(join(work, "result.img"));
  return { ...readConsole(console, prepare, (performance.now() - started) / 1000), files };
}

export interface Vm {
  /** Start of the command line. */
  readonly qemu: readonly string[];
  readonly system: Guest;
}

/** Fetches what is not cached yet, 90 MB at most; throws where virtual machines cannot be had. */
export async function prepareVm(kernel?: GuestKernel): Promise<Vm> {
  return { system: await guest(kernel), qemu: await qemuCommand() };
}

/** QEMU_MODULE_DIR: it would look for its modules beside the loader it was started with. */
async function qemuCommand(): Promise<readonly string[]> {
  const wanted = { package: "qemu-system-x86", dependencies: "all" } as const;
  const tree = await debianTree(wanted);
  const program = await debianProgram({ ...wanted, path: "usr/bin/qemu-system-x86_64" });
  const modules = join(tree, "usr/lib/x86_64-linux-gnu/qemu");
  const data = [join(tree, "usr/share/qemu"), join(tree, "usr/share/seabios")].flatMap((path) => [
    "-L",
    path,
  ]);
  return ["env", `QEMU_MODULE_DIR=${modules}`, ...program, ...data];
}

function machine(work: string, system: Guest, options: VmOptions): readonly string[] {
  const { smp = 2, memoryMb = 1024, numaNodes = 1 } = options;
  const drive = (name: string) => ["-drive", `file=${join(work, name)},format=raw,if=virtio,cache=unsafe`];
  const node = (id: number) => [
    ...["-object", `memory-backend-ram,id=memory${id},size=${memoryMb / numaNodes}M`],
    ...["-numa", `node,nodeid=${id},memdev=memory${id}`],
    ...["-numa", `cpu,node-id=${id},socket-id=${id}`],
  ];
  return [
    ...["-machine", "pc", "-accel", "tcg,thread=multi", "-cpu", "max"],
    ...["-smp", `${smp},sockets=${numaNodes}`, "-m", `${memoryMb}M`],
    ...Array.from({ length: numaNodes }, (_, id) => node(id)).flat(),
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio"],
    ...["-kernel", system.kernel, "-initrd", system.initramfs],
    ...["-append", "console=ttyS0 loglevel=3 panic=-1 psi=1"],
    ...drive("files.img"),
    ...drive("result.img"),
  ];
}

/** Both disks are tar archives without a file system: nothing to format, nothing to mount. */
async function makeDisks(work: string, { script, files = {} }: VmOptions): Promise<void> {
  const stage = join(work, "stage");
  mkdirSync(stage);
  for (const [to, from] of Object.entries(files)) {
    mkdirSync(dirname(join(stage, to)), { recursive: true });
    symlinkSync(resolve(from), join(stage, to));
  }
  writeFileSync(join(stage, "script.sh"), script);
  const how = ["--dereference", "--owner=0", "--group=0", "--file", join(work, "files.img")];
  const tar = Bun.spawn(["tar", "--create", ...how, "--directory", stage, "."], { stderr: "pipe" });
  const complaint = await tar.stderr.text();
  if ((await tar.exited) !== 0) throw new Error(`Cannot pack the files of the guest: ${complaint.trim()}`);
  writeFileSync(join(work, "result.img"), "");
  truncateSync(join(work, "result.img"), RESULT_BYTES);
}

interface BootOptions {
  readonly timeoutSecs: number;
  readonly cleanup: DisposableStack;
}

/**
 * `timeout` ends the guest even if this process hangs, `setpriv` if it was killed; a SIGTERM to
 * them reaches qemu.
 */
async function boot(qemu: readonly string[], { timeoutSecs, cleanup }: BootOptions): Promise<string> {
  const limits = [
    "setpriv",
    "--pdeathsig",
    "TERM",
    "timeout",
    "--foreground",
    "--kill-after=5",
    `${timeoutSecs}`,
  ];
  const child = Bun.spawn([...limits, ...qemu], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  cleanup.defer(() => child.kill("SIGTERM"));
  const [output, complaint, status] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  const console = output.replaceAll("\r", "");
  if (status === 0 && console.includes("@@vm exit")) return console;
  const late = status === 124 || status === 137;
  const reason = late
    ? `killed after ${timeoutSecs} seconds`
    : `qemu ended with status ${status} before the script did`;
  throw new Error(`Cannot run the script in the guest: ${reason}\n${complaint}${console}`);
}

function readConsole(text: string, prepare: number, total: number): Omit<VmResult, "files"> {
  const uptime = (mark: RegExp) => Number(mark.exec(text)?.[1]);
  const [kernel, script, exit] = [/@@vm kernel (\S+)/, /@@vm script (\S+)/, /@@vm exit \d+ (\S+)/].map(
    uptime,
  );
  const [setup, ran] = [Number(script) - Number(kernel), Number(exit) - Number(script)];
  return {
    console: text.replaceAll(/@@vm .*\n/g, ""),
    exitCode: uptime(/@@vm exit (\d+)/),
    seconds: { prepare, boot: total - prepare - setup - ran, setup, script: ran, total },
  };
}

async function unpackResult(disk: string): Promise<Record<string, string>> {
  const archive = new Bun.Archive(await Bun.file(disk).bytes());
  const files: Record<string, string> = {};
  for (const [path, file] of await archive.files()) files[path.replace(/^\.\//, "")] = await file.text();
  return files;
}

/** No `using` runs when a signal ends the process. */
function cleanUpOnSignals(cleanup: DisposableStack): void {
  function end(signal: NodeJS.Signals): void {
    cleanup.dispose();
    process.kill(process.pid, signal);
  }
  for (const signal of SIGNALS) {
    process.once(signal, end);
    cleanup.defer(() => process.off(signal, end));
  }
}
