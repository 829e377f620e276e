import { expect, test } from "bun:test";
import { readNvdimms } from "../../../src/kernel/sysfs/nvdimm.ts";
import { tempTree } from "../../support/tree.ts";
import { nvdimmFiles, regionFiles } from "./nvdimms.ts";

const ND = "sys/bus/nd/devices";

test("readNvdimms() gives the modules, where they are and whether they are part of a region", () => {
  using tree = tempTree({
    ...nvdimmFiles(0, { handle: 0x1, dmiHandle: 0x26 }),
    ...nvdimmFiles(1, { handle: 0x1101, dmiHandle: 0x2a, vendor: 0x2c80 }),
    ...nvdimmFiles(10, { handle: 0x21011, dmiHandle: 0xffff }),
    ...regionFiles(0, [1]),
    ...regionFiles(1, [0, 1]),
    [`${ND}/region0/namespace0.0/size`]: "0\n",
    [`${ND}/ndbus0/provider`]: "ACPI.NFIT\n",
  });
  expect(readNvdimms(tree.host)).toEqual([
    { name: "nmem0", socket: 0, dmiHandle: 0x26, vendor: 0x8089, inRegion: true },
    { name: "nmem1", socket: 1, dmiHandle: 0x2a, vendor: 0x2c80, inRegion: true },
    { name: "nmem10", socket: 33, dmiHandle: 0xffff, vendor: 0x8089, inRegion: false },
  ]);
});

test("readNvdimms() leaves out modules that are not of the NFIT, as on POWER", () => {
  using tree = tempTree({
    [`${ND}/nmem0/papr/flags`]: "\n",
    ...nvdimmFiles(1, { handle: 0x1, dmiHandle: 1 }),
    [`${ND}/nmem1/nfit/vendor`]: "?\n",
  });
  expect(readNvdimms(tree.host)).toEqual([]);
});

test.each([
  ["a mapping is missing", { [`${ND}/region0/mappings`]: "2\n" }],
  ["their number cannot be", { [`${ND}/region0/mappings`]: "99999999999\n" }],
  ["a mapping is no module", { [`${ND}/region0/mappings`]: "1\n", [`${ND}/region0/mapping0`]: "nmem,0,1\n" }],
])("readNvdimms() takes a module as outside of a region when %s", (_, files: Record<string, string>) => {
  using tree = tempTree({ ...nvdimmFiles(0, { handle: 0, dmiHandle: 1 }), ...files });
  expect(readNvdimms(tree.host).map(({ inRegion }) => inRegion)).toEqual([false]);
});

test("readNvdimms() gives none where there is no such bus", () => {
  using tree = tempTree({});
  expect(readNvdimms(tree.host)).toEqual([]);
});
