import { ptr } from "bun:ffi";
import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { bindLibc, type Libc, StableMemory } from "../../native/libc.ts";
import { requirement } from "../support/requirement.ts";
import { tempTree } from "../support/tree.ts";

/** asm/unistd_64.h, asm-generic/unistd.h */
const NUMBERS: Readonly<Record<string, { readonly lseek: number; readonly getrandom: number }>> = {
  x64: { lseek: 8, getrandom: 318 },
  arm64: { lseek: 62, getrandom: 278 },
};
const { lseek, getrandom } = NUMBERS[process.arch] ?? { lseek: -1, getrandom: -1 };
const { EBADF, EINVAL, ENOSYS, EFAULT } = os.constants.errno;

function needLibc(): Libc {
  const libc = bindLibc();
  if (libc === undefined) throw new Error("libc cannot be bound: no JIT, or neither glibc nor musl");
  return libc;
}

const met = await requirement("libc through bun:ffi", needLibc);

describe.skipIf(!met)("Libc", () => {
  test("errno() is that of the call before, whatever was called earlier", () => {
    const libc = needLibc();
    const failures: readonly (readonly [() => number, number])[] = [
      [() => libc.close(-1), EBADF],
      [() => libc.fcntl(2, 9999, 0), EINVAL],
      [() => libc.syscall(99_999, [0, 0, 0, 0, 0, 0]), ENOSYS],
      [() => libc.syscall(getrandom, [8, 64, 0, 0, 0, 0]), EFAULT],
      [() => libc.madvise(1, 1, 0), EINVAL],
    ];
    for (let repetition = 0; repetition < 2000; repetition++) {
      for (const [call, errno] of failures) {
        const result = call();
        const seen = libc.errno();
        if (result !== -1 || seen !== errno) expect([result, seen]).toEqual([-1, errno]);
      }
      if (repetition % 200 === 0) Bun.gc(true);
    }
  });

  test.each([2 ** 31, 2 ** 32 + 7, 2 ** 40 + 5, 2 ** 52 + 1])(
    "syscall() takes and gives %d whole, which 32 bits would wrap",
    (offset) => {
      using tree = tempTree({ a: "" });
      const descriptor = fs.openSync(path.join(tree.root, "a"), "r+");
      try {
        const libc = needLibc();
        // A file system that cannot have files as large says EINVAL.
        const result = libc.syscall(lseek, [descriptor, offset, 0, 0, 0, 0]);
        expect(result === -1 ? libc.errno() : result).toBe(
          offset > 2 ** 43 && result === -1 ? EINVAL : offset,
        );
      } finally {
        fs.closeSync(descriptor);
      }
    },
  );

  test("syscall() gives negative arguments as they are", () => {
    const libc = needLibc();
    expect([libc.syscall(lseek, [-1, 0, 0, 0, 0, 0]), libc.errno()]).toEqual([-1, EBADF]);
  });

  test("StableMemory is where the kernel writes, however it is used meanwhile", () => {
    const libc = needLibc();
    for (let repetition = 0; repetition < 200; repetition++) {
      const memory = new StableMemory(64);
      touch(memory.bytes);
      if (repetition % 20 === 0) Bun.gc(true);
      expect(memory.address).toBe(ptr(memory.bytes));
      memory.bytes.fill(0);
      expect(libc.syscall(getrandom, [memory.address, 64, 0, 0, 0, 0])).toBe(64);
      expect(memory.bytes.every((byte) => byte === 0)).toBe(false);
    }
  });

  test("a small typed array with a length of its own does move, which is why StableMemory is there", () => {
    // If this fails the engine has changed: StableMemory may have become superfluous.
    const plain = new Uint8Array(64);
    const before = ptr(plain);
    touch(plain);
    expect(ptr(plain)).not.toBe(before);
  });
});

/** All that makes the engine give a typed array a buffer of its own. */
function touch(bytes: Uint8Array): void {
  void bytes.buffer;
  bytes.subarray(1).fill(1);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, 1);
}

test("bindLibc() is nothing in a process without JIT, and opening a perf event says why", () => {
  const script = `
    import { bindLibc } from "${import.meta.dir}/../../native/libc.ts";
    import { KernelPerfSyscalls } from "${import.meta.dir}/../../src/kernel/perf/syscalls.ts";
    let failure;
    try {
      new KernelPerfSyscalls().open(new Uint8Array(72), { pid: -1, cpu: 0, group: -1, flags: 8 });
    } catch (error) {
      failure = error;
    }
    console.log(JSON.stringify([bindLibc() === undefined, failure.name, failure.message]));
  `;
  const child = Bun.spawnSync([process.execPath, "-e", script], {
    env: { ...process.env, BUN_JSC_useJIT: "0" },
  });
  expect([child.stderr.toString(), JSON.parse(child.stdout.toString())]).toEqual([
    "",
    [
      true,
      "Unsupported",
      "Cannot call libc: bun:ffi needs memory that is writable and then executable (no MemoryDenyWriteExecute=yes, no BUN_JSC_useJIT=0) and glibc or musl",
    ],
  ]);
});
