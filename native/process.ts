import { dlopen, FFIType } from "bun:ffi";
import { type Libc, SONAMES, StableMemory } from "./libc.ts";

/** Numbers of system calls: asm/unistd_64.h of x86-64, asm-generic/unistd.h of arm64. */
const NUMBERS: Readonly<Record<string, Readonly<Record<ProcessCall, number>>>> = {
  x64: { prctl: 157, prlimit64: 302, unshare: 272, chroot: 161, seccomp: 317 },
  arm64: { prctl: 167, prlimit64: 261, unshare: 97, chroot: 51, seccomp: 277 },
};
type ProcessCall = "prctl" | "prlimit64" | "unshare" | "chroot" | "seccomp";

/** Wrappers of the C library, which take all threads along; the system calls change one thread only. */
const IDENTITY = {
  setgroups: { args: [FFIType.u64_fast, FFIType.u64_fast], returns: "i32" },
  setresgid: { args: ["u32", "u32", "u32"], returns: "i32" },
  setresuid: { args: ["u32", "u32", "u32"], returns: "i32" },
} as const;

const PR_SET_PDEATHSIG = 1;
const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_SET_MODE_FILTER = 1;
const SECCOMP_FILTER_FLAG_TSYNC = 1;

/** What a process can take from itself. Each answers the errno, 0 when it is done. */
export class ProcessRights {
  readonly #libc: Libc;
  readonly #numbers: Readonly<Record<ProcessCall, number>>;

  /** Throws RangeError on an architecture whose numbers are not known. */
  constructor(libc: Libc, architecture: string = process.arch) {
    const numbers = NUMBERS[architecture];
    if (numbers === undefined) throw new RangeError(`Cannot call prctl on ${architecture}`);
    this.#libc = libc;
    this.#numbers = numbers;
  }

  noNewPrivileges(): number {
    return this.#call("prctl", PR_SET_NO_NEW_PRIVS, 1);
  }

  /** Sent to this process when the thread that started it ends. A change of the user takes it back. */
  signalOfParentsDeath(signal: number): number {
    return this.#call("prctl", PR_SET_PDEATHSIG, signal);
  }

  /** setrlimit(2), both limits. */
  limit(resource: number, value: number): number {
    const memory = new StableMemory(16);
    new BigUint64Array(memory.bytes.buffer).fill(BigInt(value));
    return this.#call("prlimit64", 0, resource, memory.address);
  }

  /** unshare(2): of the calling thread. */
  unshare(flags: number): number {
    return this.#call("unshare", flags);
  }

  chroot(path: string): number {
    const memory = new StableMemory(path.length + 1);
    memory.bytes.set(new TextEncoder().encode(path));
    return this.#call("chroot", memory.address);
  }

  /** No supplementary groups, and this number as user and group of all threads. */
  becomeUser(id: number): number {
    for (const soname of SONAMES) {
      let symbols: ReturnType<typeof dlopen<typeof IDENTITY>>["symbols"];
      try {
        ({ symbols } = dlopen(soname, IDENTITY));
      } catch {
        continue;
      }
      if (symbols.setgroups(0, 0) !== 0) return this.#libc.errno();
      if (symbols.setresgid(id, id, id) !== 0) return this.#libc.errno();
      if (symbols.setresuid(id, id, id) !== 0) return this.#libc.errno();
      return 0;
    }
    return ENOSYS;
  }

  /** seccomp(2): a program of `struct sock_filter` for all threads. */
  filterCalls(program: Uint8Array): number {
    const filters = new StableMemory(program.length);
    filters.bytes.set(program);
    // struct sock_fprog
    const header = new StableMemory(16);
    const view = new DataView(header.bytes.buffer);
    view.setUint16(0, program.length / 8, true);
    view.setBigUint64(8, BigInt(filters.address), true);
    return this.#call("seccomp", SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, header.address);
  }

  #call(name: ProcessCall, a: number, b = 0, c = 0): number {
    const result = this.#libc.syscall(this.#numbers[name], [a, b, c, 0, 0, 0]);
    if (result === 0) return 0;
    // TSYNC answers the number of a thread that could not follow.
    return result > 0 ? ENOSYS : this.#libc.errno();
  }
}

const ENOSYS = 38;
