import { describe, expect, test } from "bun:test";
import { latin1 } from "../../../src/kernel/latin1.ts";
import { NEEDED_TO_SEE_THREADS, ThreadFiles } from "../../../src/kernel/proc/thread-files.ts";
import { KernelError } from "../../../src/model/errors.ts";
import type { Host, KernelFile } from "../../../src/model/host.ts";
import { hostWith } from "../../support/host-with.ts";
import { tempTree } from "../../support/tree.ts";

/** Reads the files of the threads, and gives each with how often the thread was read so far. */
function reading(host: Host) {
  const files = new ThreadFiles(host, "comm", () => ({ readings: 0 }));
  function read(...threads: readonly number[]): readonly (readonly [string, number])[] {
    const seen: (readonly [string, number])[] = [];
    const found = files.read(threads, (length, state) => {
      seen.push([latin1(host.buffer, length), ++state.readings]);
    });
    expect(found).toBe(seen.length);
    return seen;
  }
  return { read, close: () => files.close() };
}

/** A host whose files answer with an errno once it is set. */
function failing(host: Host) {
  let code: string | undefined;
  function check(path: string): void {
    if (code !== undefined) throw new KernelError("read", path, code);
  }
  function fileOf(path: string, file: KernelFile): KernelFile {
    return {
      read() {
        check(path);
        return file.read();
      },
      close: () => file.close(),
    };
  }
  return {
    host: hostWith(host, { open: (path, options) => fileOf(path, host.open(path, options)) }),
    fail: (errno: string | undefined) => {
      code = errno;
    },
  };
}

const TWO = { "proc/7/comm": "seven", "proc/8/comm": "eight" };

describe("ThreadFiles", () => {
  test("read() keeps a descriptor of each thread as long as it is in the list, and its state a little longer", () => {
    using tree = tempTree(TWO);
    const { read, close } = reading(tree.host);
    expect(read(7, 8)).toEqual([
      ["seven", 1],
      ["eight", 1],
    ]);
    expect(tree.host.keptFiles).toBe(2);
    expect(read(8)).toEqual([["eight", 2]]);
    expect(tree.host.keptFiles).toBe(1);
    expect(read(7, 8)).toEqual([
      ["seven", 2],
      ["eight", 3],
    ]);
    for (let round = 0; round < 4; round++) {
      expect(read(8)).toEqual([["eight", 4 + round]]);
      expect(tree.host.keptFiles).toBe(1);
    }
    expect(read(7)).toEqual([["seven", 1]]);
    expect(read()).toEqual([]);
    expect(tree.host.keptFiles).toBe(0);
    read(7);
    close();
    close();
    expect(tree.host.keptFiles).toBe(0);
  });

  test("read() leaves out threads that have ended", () => {
    using tree = tempTree(TWO);
    const { read, close } = reading(tree.host);
    expect(read(7, 9, 8)).toEqual([
      ["seven", 1],
      ["eight", 1],
    ]);
    expect(read(9)).toEqual([]);
    close();
    expect(tree.host.keptFiles).toBe(0);
  });

  test.each(["ESRCH", "ENOENT"])("read() takes a thread for ended when a kept file says %s", (errno) => {
    using tree = tempTree(TWO);
    const { host, fail } = failing(tree.host);
    const { read } = reading(host);
    read(7, 8);
    fail(errno);
    expect(read(7)).toEqual([]);
    expect(tree.host.keptFiles).toBe(0);
    fail(undefined);
    // The id is there again: another thread, of which nothing is known.
    expect(read(7)).toEqual([["seven", 1]]);
  });

  test.each(["EPERM", "EACCES"])("read() says once and for all threads what %s needs", (errno) => {
    using tree = tempTree(TWO);
    const { host, fail } = failing(tree.host);
    const { read, close } = reading(host);
    fail(errno);
    expect(() => read(7, 8)).toThrow(
      new Error(`Cannot read "/proc/TID/comm" of the threads of tasks: ${errno}, ${NEEDED_TO_SEE_THREADS}`),
    );
    close();
    expect(tree.host.keptFiles).toBe(0);
  });

  test("read() throws other failures", () => {
    using tree = tempTree(TWO);
    const { host, fail } = failing(tree.host);
    const { read } = reading(host);
    read(7);
    fail("EIO");
    expect(() => read(7)).toThrow(new KernelError("read", "/proc/7/comm", "EIO"));
  });

  test.each([0, 1, 2, 5])(
    "read() takes at most half of %d descriptors and knows the threads all the same",
    (limit) => {
      using tree = tempTree(TWO, { keptFilesLimit: limit });
      const { read, close } = reading(tree.host);
      for (const round of [1, 2, 3]) {
        expect(read(7, 8)).toEqual([
          ["seven", round],
          ["eight", round],
        ]);
      }
      expect(tree.host.keptFiles).toBe(Math.min(2, Math.ceil(limit / 2)));
      close();
      expect(tree.host.keptFiles).toBe(0);
    },
  );
});
