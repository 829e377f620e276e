import { expect, test } from "bun:test";
import { PressureCollector } from "../../src/collectors/pressure.ts";
import { KernelError } from "../../src/model/errors.ts";
import { machineHost } from "../machines/machine.ts";
import { testContext } from "../support/context.ts";
import { tempTree } from "../support/tree.ts";
import { measureOnce } from "./platform-round.ts";

test("PressureCollector measures seconds by resource and kind", () => {
  const collector = new PressureCollector({}, testContext(machineHost("xeon-2s-cgroup2")));
  expect(measureOnce(collector)).toEqual({
    platform_pressure_seconds_total: {
      cpu: { some: 987.654321, full: 0 },
      memory: { some: 1.000001, full: 0.5 },
      io: { some: 44.444444, full: 22.222222 },
      irq: { full: 5.555555 },
    },
  });
  expect(collector.missingFiles()).toEqual(new Map());
});

test("PressureCollector measures what a kernel before 5.13 and 6.1 has", () => {
  using tree = tempTree({ "proc/pressure/cpu": "some avg10=0.00 avg60=0.00 avg300=0.00 total=2000000\n" });
  const collector = new PressureCollector({}, testContext(tree.host));
  expect(measureOnce(collector)).toEqual({ platform_pressure_seconds_total: { cpu: { some: 2 } } });
  expect([...collector.missingFiles().keys()]).toEqual([
    "/proc/pressure/memory",
    "/proc/pressure/io",
    "/proc/pressure/irq",
  ]);
  collector.close();
  expect(tree.host.keptFiles).toBe(0);
});

test("PressureCollector measures nothing on a kernel without PSI, and tells what it needs", () => {
  const collector = new PressureCollector({}, testContext(machineHost("v1-old-kernel")));
  expect(measureOnce(collector)).toEqual({});
  expect(collector.missingFiles().size).toBe(4);
  expect(collector.probe().map(({ supported, detail }) => [supported, detail])).toEqual([
    [false, "/proc/pressure/cpu: ENOENT, needs CONFIG_PSI and the boot option psi=1"],
    [false, "/proc/pressure/memory: ENOENT, needs CONFIG_PSI and the boot option psi=1"],
    [false, "/proc/pressure/io: ENOENT, needs CONFIG_PSI and the boot option psi=1"],
    [
      false,
      "/proc/pressure/irq: ENOENT, needs Linux 6.1, CONFIG_IRQ_TIME_ACCOUNTING, CONFIG_PSI and the boot option psi=1",
    ],
  ]);
});

test("PressureCollector throws KernelError when a file makes no sense", () => {
  using tree = tempTree({ "proc/pressure/io": "none\n" });
  expect(() => measureOnce(new PressureCollector({}, testContext(tree.host)))).toThrow(KernelError);
});
