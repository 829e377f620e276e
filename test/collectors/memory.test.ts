import { expect, test } from "bun:test";
import { MemoryCollector } from "../../src/collectors/memory.ts";
import { KernelError } from "../../src/model/errors.ts";
import { MACHINES, machineHost } from "../machines/machine.ts";
import { testContext } from "../support/context.ts";
import { tempTree } from "../support/tree.ts";
import { measureOnce } from "./platform-round.ts";

test("MemoryCollector takes free memory, buffers and page cache from the total", () => {
  using tree = tempTree({
    "proc/meminfo":
      "MemTotal: 32815700 kB\nMemFree: 18245956 kB\nBuffers: 1190812 kB\nCached: 6971960 kB\nSwapCached: 5 kB\n",
  });
  expect(measureOnce(new MemoryCollector({}, testContext(tree.host)))).toEqual({
    platform_mem_usage_bytes: 6_406_972 * 1024,
  });
});

test.each(MACHINES)("MemoryCollector measures the memory in use of %s", (name) => {
  const host = machineHost(name);
  const text = host.read("/proc/meminfo");
  const kB = (key: string) => Number(new RegExp(`^${key}: +(\\d+) kB$`, "m").exec(text)?.[1]);
  const bytes = (kB("MemTotal") - kB("MemFree") - kB("Buffers") - kB("Cached")) * 1024;
  expect(measureOnce(new MemoryCollector({}, testContext(host)))).toEqual({
    platform_mem_usage_bytes: bytes,
  });
});

test("MemoryCollector measures nothing without /proc/meminfo and says so", () => {
  using tree = tempTree({});
  const collector = new MemoryCollector({}, testContext(tree.host));
  expect(measureOnce(collector)).toEqual({});
  expect(collector.missingFiles()).toEqual(new Map([["/proc/meminfo", 1]]));
  expect(collector.probe().map(({ supported }) => supported)).toEqual([false]);
});

test("MemoryCollector throws KernelError when a number is missing", () => {
  using tree = tempTree({ "proc/meminfo": "MemTotal: 1 kB\n" });
  const collector = new MemoryCollector({}, testContext(tree.host));
  expect(() => measureOnce(collector)).toThrow(KernelError);
  expect(collector.missingFiles()).toEqual(new Map());
  collector.close();
  expect(tree.host.keptFiles).toBe(0);
});
