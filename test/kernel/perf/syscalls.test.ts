import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { bindLibc } from "../../../native/libc.ts";
import { perfEventAttr } from "../../../src/kernel/perf/attr.ts";
import { KernelPerfSyscalls } from "../../../src/kernel/perf/syscalls.ts";
import { KernelError, Unsupported } from "../../../src/model/errors.ts";
import { requirement } from "../../support/requirement.ts";
import { TASK_CLOCK } from "./events.ts";

const SELF = { pid: 0, cpu: -1, group: -1, flags: 8 };
const perf = new KernelPerfSyscalls();

const met = await requirement("perf events of the own process", () => {
  if (bindLibc() === undefined) throw new Error("libc cannot be bound");
  perf.close(perf.open(perfEventAttr(TASK_CLOCK), SELF));
});

describe.skipIf(!met)("KernelPerfSyscalls", () => {
  test("counts what this process does, and leaves no descriptor", () => {
    const before = fs.readdirSync("/proc/self/fd").length;
    const descriptor = perf.open(perfEventAttr(TASK_CLOCK), SELF);
    const bytes = new Uint8Array(new ArrayBuffer(32));
    const words = new BigUint64Array(bytes.buffer);
    const read = () => {
      expect(perf.read(descriptor, bytes)).toBe(32);
      return [...words];
    };
    const [count, enabled = 0n, running = 0n, value = 0n] = read();
    expect([count, enabled >= running, running > 0n, value > 0n]).toEqual([1n, true, true, true]);
    expect((read()[3] ?? 0n) > value).toBe(true);
    perf.close(descriptor);
    expect(fs.readdirSync("/proc/self/fd").length).toBe(before);
  });

  test("names the errno of what the kernel refuses", () => {
    const attr = perfEventAttr(TASK_CLOCK);
    const open = (bytes: Uint8Array, target: Partial<typeof SELF>) => () =>
      perf.open(bytes, { ...SELF, ...target });
    expect(open(attr, { group: 9999 })).toThrow(new KernelError("open", "perf event", "EBADF"));
    expect(open(attr, { flags: 4 | 8, pid: 9999, cpu: 0 })).toThrow(
      new KernelError("open", "perf event", "EBADF"),
    );
    expect(open(attr, { flags: 4 | 8, pid: 9999 })).toThrow(new KernelError("open", "perf event", "EINVAL"));
    const unknown = perfEventAttr({ ...TASK_CLOCK, config: 999n });
    expect(open(unknown, {})).toThrow(new KernelError("open", "perf event", "ENOENT"));
    // A size that the kernel does not know, with a bit set where it knows of nothing.
    const large = new Uint8Array(256);
    large.set(attr);
    new DataView(large.buffer).setUint32(4, 256, true);
    large[250] = 1;
    expect(open(large, {})).toThrow(new KernelError("open", "perf event", "E2BIG"));
    expect(() => perf.read(9999, new Uint8Array(8))).toThrow(new KernelError("read", "perf event", "EBADF"));
    expect(() => perf.openDirectory("/nowhere")).toThrow(new KernelError("open", "/nowhere", "ENOENT"));
    expect(() => perf.openDirectory("/proc/version")).toThrow(
      new KernelError("open", "/proc/version", "ENOTDIR"),
    );
  });
});

test("KernelPerfSyscalls of a recorded machine has no perf events", () => {
  const recorded = new KernelPerfSyscalls("/recorded");
  expect(() => recorded.open(new Uint8Array(72), SELF)).toThrow(Unsupported);
});
