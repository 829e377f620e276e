import { expect, test } from "bun:test";
import type { Libc, SyscallArguments } from "../../native/libc.ts";
import { PerfEventOpen } from "../../native/syscalls.ts";

/** A libc that notes its calls and answers as it is told. */
function scriptedLibc(result: number, errno = 0) {
  const calls: { readonly number: number; readonly arguments_: SyscallArguments }[] = [];
  const libc: Libc = {
    fcntl: () => -1,
    close: () => -1,
    madvise: () => -1,
    syscall(number, arguments_) {
      calls.push({ number, arguments_ });
      return result;
    },
    errno: () => errno,
  };
  return { libc, calls };
}

const TARGET = { pid: 7, cpu: 3, group: -1, flags: 12 };

test.each([
  ["x64", 298],
  ["arm64", 241],
])("PerfEventOpen calls perf_event_open(2) of %s by its number", (architecture, number) => {
  const { libc, calls } = scriptedLibc(42);
  const open = new PerfEventOpen(libc, architecture);
  expect(open.call(new Uint8Array(72), TARGET)).toBe(42);
  const [call] = calls;
  expect([call?.number, call?.arguments_.slice(1)]).toEqual([number, [7, 3, -1, 12, 0]]);
  expect(call?.arguments_[0]).toBeGreaterThan(4096);
});

test("PerfEventOpen gives every call the same memory", () => {
  const { libc, calls } = scriptedLibc(1);
  const open = new PerfEventOpen(libc, "x64");
  for (let repetition = 0; repetition < 3; repetition++) open.call(new Uint8Array(72), TARGET);
  expect(new Set(calls.map(({ arguments_ }) => arguments_[0])).size).toBe(1);
});

test("PerfEventOpen gives the negated errno when the call fails", () => {
  expect(new PerfEventOpen(scriptedLibc(-1, 13).libc, "x64").call(new Uint8Array(72), TARGET)).toBe(-13);
});

test("PerfEventOpen refuses an architecture whose number it does not know", () => {
  expect(() => new PerfEventOpen(scriptedLibc(1).libc, "riscv64")).toThrow(
    new RangeError("Cannot call perf_event_open on riscv64"),
  );
});
