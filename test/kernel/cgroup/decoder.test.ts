import { describe, expect, test } from "bun:test";
import { CgroupDecoder } from "../../../src/kernel/cgroup/decoder.ts";
import { CELL_NAMES, type CellName, type Format, TICKS } from "../../../src/kernel/cgroup/files.ts";

const HOST = { pageSize: 4096, ticksPerSecond: 250 };

type Cells = Partial<Record<CellName, number>>;

/** Cells that differ from NaN after decoding, starting from the given ones. */
function decode(format: Format, text: string, before: Cells = {}): Cells & { numa?: Record<number, number> } {
  const values = Float64Array.from(CELL_NAMES, (name) => before[name] ?? Number.NaN);
  const numaNodes: number[] = [];
  const numaPages: number[] = [];
  const bytes = new TextEncoder().encode(text);
  new CgroupDecoder(format, HOST).decode(bytes, bytes.length, { values, numaNodes, numaPages });
  const cells = CELL_NAMES.map((name, index) => [name, values[index]] as const).filter(
    ([, value]) => !Number.isNaN(value),
  );
  return {
    ...Object.fromEntries(cells),
    ...(numaNodes.length === 0
      ? {}
      : { numa: Object.fromEntries(numaNodes.map((node, index) => [node, numaPages[index] ?? -1])) }),
  };
}

describe("CgroupDecoder reads a number", () => {
  const cases: readonly (readonly [Format, string, Cells])[] = [
    [{ kind: "number", cell: "cpuUsage", divisor: 1e9 }, "1000000000\n", { cpuUsage: 1 }],
    [{ kind: "number", cell: "cpuUser", divisor: TICKS }, "125\n", { cpuUser: 0.5 }],
    [{ kind: "number", cell: "memLimit" }, "9223372036854771712\n", { memLimit: 2 ** 63 - 4096 }],
    [{ kind: "number", cell: "memLimit" }, "max\n", {}],
    [{ kind: "number", cell: "pids" }, "", {}],
    [{ kind: "number", cell: "pids" }, "0\n", { pids: 0 }],
  ];
  test.each(cases)("%j from %j", (format, text, cells) => {
    expect(decode(format, text)).toEqual(cells);
  });
});

describe("CgroupDecoder makes the working set", () => {
  const format: Format = {
    kind: "keyed",
    keys: [
      { key: "inactive_file", cell: "inactiveFile" },
      { key: "anon", cell: "memAnon" },
    ],
  };
  const cases: readonly (readonly [string, Cells, Cells])[] = [
    ["anon 5\ninactive_file 30\n", { memUsage: 100 }, { memUsage: 100, memAnon: 5, memWorkingSet: 70 }],
    ["anon 5\ninactive_file 101\n", { memUsage: 100 }, { memUsage: 100, memAnon: 5, memWorkingSet: 0 }],
    ["anon 5\n", { memUsage: 100 }, { memUsage: 100, memAnon: 5 }],
    ["anon 5\ninactive_file 30\n", {}, { memAnon: 5 }],
  ];
  test.each(cases)("from %j and %j", (text, before, cells) => {
    expect(decode(format, text, before)).toEqual(cells);
  });
});

test("CgroupDecoder gives pressure in seconds and leaves a missing line absent", () => {
  const format: Format = { kind: "pressure", some: "ioSome", full: "ioFull" };
  expect(decode(format, "some avg10=0.00 total=1500000\nfull avg10=0.00 total=3\n")).toEqual({
    ioSome: 1.5,
    ioFull: 0.000003,
  });
  expect(decode(format, "some avg10=0.00 total=1500000\n")).toEqual({ ioSome: 1.5 });
});

test("CgroupDecoder gives NUMA memory in pages, from pages and from bytes", () => {
  expect(decode({ kind: "numa-pages" }, "total=3 N0=1 N1=2\n")).toEqual({ numa: { 0: 1, 1: 2 } });
  expect(decode({ kind: "numa-bytes" }, "active_file N0=4096 N1=0\nunevictable N0=4096 N1=8192\n")).toEqual({
    numa: { 0: 2, 1: 2 },
  });
});
