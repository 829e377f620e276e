import { expect, test } from "bun:test";
import { parseCapabilities, readCapabilities } from "../../../src/kernel/proc/capabilities.ts";
import { tempTree } from "../../support/tree.ts";

for (const [what, mask, expected] of [
  ["none", "0000000000000000", []],
  [
    "all",
    "000001ffffffffff",
    [
      "CAP_DAC_OVERRIDE",
      "CAP_DAC_READ_SEARCH",
      "CAP_SYS_PTRACE",
      "CAP_SYS_ADMIN",
      "CAP_SYS_RESOURCE",
      "CAP_PERFMON",
    ],
  ],
  // Bit 38 is beyond 32 bits.
  ["CAP_PERFMON alone", "0000004000000000", ["CAP_PERFMON"]],
  ["a container's", "00000000a80425fb", ["CAP_DAC_OVERRIDE"]],
] as const) {
  test(`parseCapabilities() reads the effective set: ${what}`, () => {
    const status = `CapInh:\t0000000000000000\nCapPrm:\t000001ffffffffff\nCapEff:\t${mask}\nCapBnd:\t000001ffffffffff\n`;
    expect([...(parseCapabilities(status) ?? [])]).toEqual([...expected]);
  });
}

test("readCapabilities() gives nothing when the kernel does not tell", () => {
  using tree = tempTree({ "proc/self/status": "Name:\twca\n" });
  expect(readCapabilities(tree.host)).toBeUndefined();
});

test("readCapabilities() gives nothing where /proc is not mounted", () => {
  using tree = tempTree({});
  expect(readCapabilities(tree.host)).toBeUndefined();
});
