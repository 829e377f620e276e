import * as fs from "node:fs";
import * as os from "node:os";
import { bindLibc, type Libc } from "../../../native/libc.ts";
import { PerfEventOpen } from "../../../native/syscalls.ts";
import { KernelError, Unsupported } from "../../model/errors.ts";
import type { PerfSyscalls, PerfTarget } from "../../model/host.ts";
import { kernelError } from "../file.ts";
import { PERF_EVENT_PATH } from "./attr.ts";

/** The names of perf_event_open(2)'s manual page where a number has two. */
const PREFERRED_NAMES: ReadonlySet<string> = new Set(["EOPNOTSUPP", "EAGAIN", "EDEADLK"]);

/** The system calls of the running kernel. `libc` is asked for by the first opening. */
export class KernelPerfSyscalls implements PerfSyscalls {
  readonly #root: string;
  readonly #libc: () => Libc | undefined;
  #open: PerfEventOpen | undefined;

  /** `root`: as of the host; a recorded machine has no perf events. */
  constructor(root = "", libc: () => Libc | undefined = bindLibc) {
    this.#root = root;
    this.#libc = libc;
  }

  open(attr: Uint8Array, target: PerfTarget): number {
    this.#open ??= this.#bind();
    const result = this.#open.call(attr, target);
    if (result < 0) throw new KernelError("open", PERF_EVENT_PATH, errnoName(-result));
    return result;
  }

  read(descriptor: number, into: Uint8Array): number {
    try {
      // No position: perf descriptors know pread(2) not (ESPIPE).
      return fs.readSync(descriptor, into, 0, into.length, null);
    } catch (error) {
      throw kernelError("read", PERF_EVENT_PATH, error);
    }
  }

  openDirectory(path: string): number {
    try {
      return fs.openSync(this.#root + path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
    } catch (error) {
      throw kernelError("open", path, error);
    }
  }

  close(descriptor: number): void {
    fs.closeSync(descriptor);
  }

  #bind(): PerfEventOpen {
    if (this.#root !== "") throw new Unsupported("A recorded machine has no perf events");
    const libc = this.#libc();
    if (libc === undefined) {
      throw new Unsupported(
        "Cannot call libc: bun:ffi needs memory that is writable and then executable (no MemoryDenyWriteExecute=yes, no BUN_JSC_useJIT=0) and glibc or musl",
      );
    }
    try {
      return new PerfEventOpen(libc);
    } catch (error) {
      if (error instanceof RangeError) throw new Unsupported(error.message, { cause: error });
      throw error;
    }
  }
}

function errnoName(errno: number): string {
  const names = Object.entries(os.constants.errno).flatMap(([name, number]) =>
    number === errno ? [name] : [],
  );
  return names.find((name) => PREFERRED_NAMES.has(name)) ?? names[0] ?? `errno ${errno}`;
}
