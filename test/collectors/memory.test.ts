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

test("MemoryCollector tells swap and transparent huge pages where the kernel has them", () => {
  using tree = tempTree({
    "proc/meminfo":
      "MemTotal: 9 kB\nMemFree: 4 kB\nBuffers: 1 kB\nCached: 1 kB\nSwapCached: 7 kB\nSwapTotal: 123000 kB\nSwapFree: 23000 kB\nAnonPages: 5 kB\nAnonHugePages: 4096 kB\n",
  });
  expect(measureOnce(new MemoryCollector({}, testContext(tree.host)))).toEqual({
    platform_mem_usage_bytes: 3 * 1024,
    platform_mem_swap_total_bytes: 123_000 * 1024,
    platform_mem_swap_free_bytes: 23_000 * 1024,
    platform_mem_anon_thp_bytes: 4096 * 1024,
  });
});

test.each(MACHINES)("MemoryCollector measures the memory in use of %s", (name) => {
  const host = machineHost(name);
  const text = host.read("/proc/meminfo");
  const kB = (key: string) => Number(new RegExp(`^${key}: +(\\d+) kB$`, "m").exec(text)?.[1]);
  const bytes = (kB("MemTotal") - kB("MemFree") - kB("Buffers") - kB("Cached")) * 1024;
  expect(measureOnce(new MemoryCollector({}, testContext(host)))).toEqual({
    platform_mem_usage_bytes: bytes,
    platform_mem_swap_total_bytes: kB("SwapTotal") * 1024,
    platform_mem_swap_free_bytes: kB("SwapFree") * 1024,
    ...(text.includes("AnonHugePages:") && { platform_mem_anon_thp_bytes: kB("AnonHugePages") * 1024 }),
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
