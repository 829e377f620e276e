import { dlopen, FFIType } from "bun:ffi";

/** Names of the C library, glibc first, then musl. Never a name that could be a file of the working directory. */
const SONAMES = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];

const SYMBOLS = {
  fcntl: { args: ["i32", "i32", "i32"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
  madvise: { args: [FFIType.u64_fast, FFIType.u64_fast, "i32"], returns: "i32" },
} as const;

/** The functions of libc that Bun has no other way to. They return -1 when they fail. */
export interface Libc {
  /** fcntl(2), commands with a whole number as argument. */
  fcntl(descriptor: number, command: number, argument: number): number;
  /** close(2) */
  close(descriptor: number): number;
  /** madvise(2); addresses of user space fit a double. */
  madvise(start: number, length: number, advice: number): number;
}

/**
 * Binds libc. Nothing where that cannot be: Bun makes the calls with machine code of its own, which
 * `MemoryDenyWriteExecute=yes` of a systemd unit forbids, and a host may have another C library.
 */
export function bindLibc(): Libc | undefined {
  for (const soname of SONAMES) {
    try {
      return dlopen(soname, SYMBOLS).symbols;
    } catch {
      // The next name, or none.
    }
  }
  return undefined;
}
