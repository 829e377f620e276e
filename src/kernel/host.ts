import * as fs from "node:fs";
import * as os from "node:os";
import { KernelError } from "../model/errors.ts";
import type { Host, KernelFile, OpenOptions, PerfSyscalls } from "../model/host.ts";
import { readAuxv } from "./auxv.ts";
import { type FileOrigin, KeptFile, kernelError, ReadBuffer, ReopenedFile } from "./file.ts";
import { OwnProcess } from "./own-process.ts";
import { KernelPerfSyscalls } from "./perf/syscalls.ts";

/** Descriptors left for everything but kernel files: output, sockets, libraries. */
const RESERVED_DESCRIPTORS = 512;
/** What the kernel writes behind the path of a descriptor whose file was removed. */
const REMOVED_SUFFIX = / \(deleted\)$|\/\/deleted$/;

export interface HostOptions {
  /** Put before every path; a recorded machine in tests. Default: none, this host. */
  readonly root?: string;
  /** Wall clock, milliseconds since the epoch. Default: the system's. */
  readonly now?: () => number;
  readonly hostname?: string;
  /** How many files may be kept open. Default: the limit of descriptors less a reserve of 512. */
  readonly keptFilesLimit?: number;
  /** Default: the running kernel's; a recorded machine has none. */
  readonly perf?: PerfSyscalls;
}

/** The real door to the kernel. All reading is synchronous: pseudo-files do not wait for disks. */
export class KernelHost implements Host {
  readonly hostname: string;
  readonly live: boolean;
  readonly pageSize: number;
  readonly ticksPerSecond: number;
  readonly now: () => number;
  readonly keptFilesLimit: number;
  readonly perf: PerfSyscalls;
  readonly #root: string;
  readonly #buffer = new ReadBuffer();
  readonly #process = new OwnProcess();
  readonly #whole = this.#origin(false);
  readonly #inPieces = this.#origin(true);
  #keptFiles = 0;
  #claimed = 0;

  constructor(options: HostOptions = {}) {
    const { root = "", now = Date.now, hostname = os.hostname() } = options;
    this.#root = root;
    this.live = root === "";
    this.now = now;
    this.hostname = hostname;
    this.perf = options.perf ?? new KernelPerfSyscalls(root, () => this.#process.libc);
    const { pageSize, ticksPerSecond } = readAuxv(`${root}/proc/self/auxv`);
    this.pageSize = pageSize;
    this.ticksPerSecond = ticksPerSecond;
    this.keptFilesLimit = options.keptFilesLimit ?? Math.max(0, descriptorLimit() - RESERVED_DESCRIPTORS);
  }

  get buffer(): Uint8Array {
    return this.#buffer.bytes;
  }

  get keptFiles(): number {
    return this.#keptFiles;
  }

  read(path: string): string {
    try {
      return fs.readFileSync(this.#root + path, "latin1");
    } catch (error) {
      throw kernelError("read", path, error);
    }
  }

  list(path: string): readonly string[] {
    try {
      return fs.readdirSync(this.#root + path).sort();
    } catch (error) {
      throw kernelError("list", path, error);
    }
  }

  write(path: string, text: string): void {
    try {
      const descriptor = fs.openSync(this.#root + path, fs.constants.O_WRONLY);
      try {
        fs.writeSync(descriptor, text);
      } finally {
        fs.closeSync(descriptor);
      }
    } catch (error) {
      throw kernelError("write", path, error);
    }
  }

  mkdir(path: string): void {
    try {
      fs.mkdirSync(this.#root + path);
    } catch (error) {
      throw kernelError("make", path, error);
    }
  }

  rmdir(path: string): void {
    try {
      fs.rmdirSync(this.#root + path);
    } catch (error) {
      throw kernelError("remove", path, error);
    }
  }

  rename(from: string, to: string): void {
    try {
      fs.renameSync(this.#root + from, this.#root + to);
    } catch (error) {
      throw kernelError("move", from, error);
    }
  }

  /** False where foreign functions cannot be called: no perf events then. */
  get callsLibc(): boolean {
    return this.#process.libc !== undefined;
  }

  /** What `/proc/self/ns/pid` points to, pid_namespaces(7): `pid:[4026531836]`. */
  get pidNamespace(): string | undefined {
    try {
      return fs.readlinkSync(`${this.#root}/proc/self/ns/pid`);
    } catch {
      return undefined;
    }
  }

  get freeDescriptors(): number {
    return Math.max(0, this.keptFilesLimit - this.#keptFiles - this.#claimed);
  }

  claimDescriptors(count: number): boolean {
    if (count > this.freeDescriptors) return false;
    this.#claimed += count;
    return true;
  }

  releaseDescriptors(count: number): void {
    this.#claimed -= count;
  }

  identity(path: string): number | undefined {
    return this.#stat(path)?.ino;
  }

  subdirectories(path: string): number {
    const stat = this.#stat(path);
    if (stat === undefined) throw new KernelError("inspect", path, "ENOENT");
    return stat.nlink - 2;
  }

  open(path: string, { pieces = false }: OpenOptions = {}): KernelFile {
    const origin = pieces ? this.#inPieces : this.#whole;
    const descriptor = this.#openDescriptor(path);
    if (this.freeDescriptors > 0) {
      this.#keptFiles++;
      return new KeptFile(descriptor, origin);
    }
    fs.closeSync(descriptor);
    return new ReopenedFile(path, origin);
  }

  /** What all files of one kind share. */
  #origin(pieces: boolean): FileOrigin {
    return {
      buffer: this.#buffer,
      pieces,
      openDescriptor: (path) => this.#openDescriptor(path),
      onClose: () => {
        this.#keptFiles--;
      },
      pathOf: (descriptor) => this.#pathOf(descriptor),
    };
  }

  #pathOf(descriptor: number): string {
    const path = fs.readlinkSync(`/proc/self/fd/${descriptor}`);
    return path.slice(this.#root.length).replace(REMOVED_SUFFIX, "");
  }

  expect(files: number): void {
    if (this.live)
      this.#process.reserveDescriptors(
        Math.min(this.#keptFiles + this.#claimed + files, this.keptFilesLimit),
      );
  }

  settle(): void {
    if (this.live) this.#process.settle();
  }

  #stat(path: string): fs.Stats | undefined {
    try {
      return fs.statSync(this.#root + path, { throwIfNoEntry: false });
    } catch (error) {
      const failure = kernelError("inspect", path, error);
      if (failure.code === "ENOTDIR") return undefined;
      throw failure;
    }
  }

  #openDescriptor(path: string): number {
    try {
      return fs.openSync(this.#root + path, "r");
    } catch (error) {
      throw kernelError("open", path, error);
    }
  }
}

/** Soft limit of open files of this process; Bun raises it to the hard limit at start. */
function descriptorLimit(): number {
  try {
    const found = /^Max open files\s+(\d+)/m.exec(fs.readFileSync("/proc/self/limits", "latin1"));
    return Number(found?.[1] ?? 1024);
  } catch {
    return 1024;
  }
}
