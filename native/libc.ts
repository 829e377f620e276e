import { dlopen, FFIType, type Pointer, ptr, read } from "bun:ffi";

/** Names of the C library, glibc first, then musl. Never a name that could be a file of the working directory. */
export const SONAMES = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];

const WORD = FFIType.i64_fast;

const SYMBOLS = {
  fcntl: { args: ["i32", "i32", "i32"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
  madvise: { args: [FFIType.u64_fast, FFIType.u64_fast, "i32"], returns: "i32" },
  // Variadic in C; on Linux both architectures pass such arguments like named ones.
  syscall: { args: [WORD, WORD, WORD, WORD, WORD, WORD, WORD], returns: WORD },
  __errno_location: { args: [], returns: FFIType.ptr },
} as const;

/** The functions of libc that Bun has no other way to. They return -1 when they fail. */
export interface Libc {
  /** fcntl(2), commands with a whole number as argument. */
  fcntl(descriptor: number, command: number, argument: number): number;
  /** close(2) */
  close(descriptor: number): number;
  /** madvise(2); addresses of user space fit a double. */
  madvise(start: number, length: number, advice: number): number;
  /** syscall(2): a system call by its number. Arguments are 64 bits wide, so none of them wraps. */
  syscall(number: number, arguments_: SyscallArguments): number;
  /** errno(3) of this thread. Only right directly after a call that failed, with nothing in between. */
  errno(): number;
}

export type SyscallArguments = readonly [number, number, number, number, number, number];

/**
 * Binds libc. Nothing where that cannot be: Bun makes the calls with machine code of its own, which
 * `MemoryDenyWriteExecute=yes` of a systemd unit forbids, and a host may have another C library.
 */
export function bindLibc(): Libc | undefined {
  for (const soname of SONAMES) {
    try {
      return libcOf(dlopen(soname, SYMBOLS).symbols);
    } catch {
      // The next name, or none.
    }
  }
  return undefined;
}

function libcOf({
  fcntl,
  close,
  madvise,
  syscall,
  __errno_location,
}: ReturnType<typeof dlopen<typeof SYMBOLS>>["symbols"]): Libc {
  return {
    fcntl,
    close,
    madvise,
    syscall: (number, [a, b, c, d, e, f]) => Number(syscall(number, a, b, c, d, e, f)),
    errno: () => read.i32(__errno_location() as Pointer, 0),
  };
}

/**
 * Memory at an address that stays. A small typed array that was made with a length is moved by the engine
 * when its `buffer` is first touched; one over an ArrayBuffer is not. Keep the object as long as the address.
 */
export class StableMemory {
  readonly bytes: Uint8Array;
  readonly address: number;

  constructor(length: number) {
    this.bytes = new Uint8Array(new ArrayBuffer(length));
    this.address = ptr(this.bytes);
  }
}
