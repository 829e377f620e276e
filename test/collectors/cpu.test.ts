import { expect, test } from "bun:test";
import { CpuCollector } from "../../src/collectors/cpu.ts";
import { KernelError } from "../../src/model/errors.ts";
import { MACHINES, machineHost } from "../machines/machine.ts";
import { testContext } from "../support/context.ts";
import { tempTree } from "../support/tree.ts";
import { measureOnce } from "./platform-round.ts";

test.each(MACHINES)("CpuCollector measures the ticks in use of each CPU of %s", (name) => {
  const host = machineHost(name);
  const ticks: Record<string, number> = {};
  for (const [, cpu = "", rest = ""] of host.read("/proc/stat").matchAll(/^cpu(\d+) (.*)$/gm)) {
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = rest.split(" ").map(Number);
    ticks[cpu] = user + nice + system + irq + softirq + steal;
  }
  expect(measureOnce(new CpuCollector({}, testContext(host)))).toEqual({ platform_cpu_usage: ticks });
});

test("CpuCollector leaves out CPUs that are offline", () => {
  const measured = measureOnce(new CpuCollector({}, testContext(machineHost("epyc-many-numa"))));
  const cpus = Object.keys(measured["platform_cpu_usage"] ?? {});
  expect([cpus.length, cpus.includes("27"), cpus.includes("28")]).toEqual([112, true, false]);
});

test("CpuCollector measures anew each round and forgets nothing when closed", () => {
  using tree = tempTree({ "proc/stat": "cpu0 1 1 1\ncpu1 2 2 2\n" });
  const collector = new CpuCollector({}, testContext(tree.host));
  collector.close();
  expect(measureOnce(collector)).toEqual({ platform_cpu_usage: { "0": 3, "1": 6 } });
  tree.write("proc/stat", "cpu1 3 2 2\n");
  expect(measureOnce(collector)).toEqual({ platform_cpu_usage: { "1": 7 } });
  expect(tree.host.keptFiles).toBe(1);
  collector.close();
  collector.close();
  expect(tree.host.keptFiles).toBe(0);
  expect(measureOnce(collector)).toEqual({ platform_cpu_usage: { "1": 7 } });
  collector.close();
});

test("CpuCollector measures nothing without /proc/stat and says so", () => {
  using tree = tempTree({});
  const collector = new CpuCollector({}, testContext(tree.host));
  expect(collector.missingFiles()).toEqual(new Map());
  expect(measureOnce(collector)).toEqual({});
  expect(collector.missingFiles()).toEqual(new Map([["/proc/stat", 1]]));
  expect(collector.probe()).toEqual([
    {
      component: "CpuCollector",
      feature: "CPU time by CPU",
      supported: false,
      detail: "/proc/stat: ENOENT, needs /proc mounted",
    },
  ]);
});

test("CpuCollector throws KernelError when /proc/stat makes no sense", () => {
  using tree = tempTree({ "proc/stat": "intr 1\n" });
  expect(() => measureOnce(new CpuCollector({}, testContext(tree.host)))).toThrow(KernelError);
});

test("probe() of CpuCollector opens nothing for keeps", () => {
  using tree = tempTree({ "proc/stat": "cpu0 1 1 1\n" });
  expect(new CpuCollector({}, testContext(tree.host)).probe()).toEqual([
    { component: "CpuCollector", feature: "CPU time by CPU", supported: true, detail: "/proc/stat" },
  ]);
  expect(tree.host.keptFiles).toBe(0);
});
