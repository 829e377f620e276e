import { expect, test } from "bun:test";
import fc from "fast-check";
import { KernelHost } from "../../../src/kernel/host.ts";
import { parseCpuinfo, readCpuinfo } from "../../../src/kernel/proc/cpuinfo.ts";

const XEON = `processor	: 0
vendor_id	: GenuineIntel
cpu family	: 6
model		: 85
model name	: Intel(R) Xeon(R) Gold: 6140 CPU @ 2.30GHz
stepping	: 4
physical id	: 0
core id		: 8
flags		: fpu vme
power management:

processor	: 36
model		: 99
physical id	: 1
core id		: 8

`;

const ARM = `processor	: 0
BogoMIPS	: 50.00
CPU implementer	: 0x41
CPU architecture: 8
CPU part	: 0xd0c

processor	: 1
CPU implementer	: 0x41
CPU part	: 0xd0c
`;

test("parseCpuinfo() takes the model of the first CPU and a value with a colon whole", () => {
  expect(parseCpuinfo(XEON)).toEqual({
    model: "Intel(R) Xeon(R) Gold: 6140 CPU @ 2.30GHz",
    vendor: "GenuineIntel",
    family: 6,
    modelNumber: 85,
    stepping: 4,
    processors: [
      { cpu: 0, packageId: 0, coreId: 8 },
      { cpu: 36, packageId: 1, coreId: 8 },
    ],
  });
});

test("parseCpuinfo() leaves out what arm64 does not have", () => {
  expect(parseCpuinfo(ARM)).toEqual({ model: "ARM 0x41 0xd0c", processors: [{ cpu: 0 }, { cpu: 1 }] });
});

test("parseCpuinfo() takes the model of POWER and no number from unknown", () => {
  expect(parseCpuinfo("processor\t: 0\ncpu\t\t: POWER9, altivec supported\nstepping\t: unknown\n")).toEqual({
    model: "POWER9, altivec supported",
    processors: [{ cpu: 0 }],
  });
});

test("parseCpuinfo() gives no processors for any other text", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(parseCpuinfo(text.replaceAll("processor", "")).processors).toEqual([]);
    }),
  );
});

test("readCpuinfo() of this host names a model and CPUs", () => {
  const { model, processors } = readCpuinfo(new KernelHost());
  expect(model).not.toBe("");
  expect(processors.length).toBe(navigator.hardwareConcurrency);
});
