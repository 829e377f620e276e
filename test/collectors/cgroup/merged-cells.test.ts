import { expect, test } from "bun:test";
import { MergedCells } from "../../../src/collectors/cgroup/merged-cells.ts";
import { CELL_NAMES, type CellName } from "../../../src/kernel/cgroup/files.ts";
import { CgroupReader, CgroupReading } from "../../../src/kernel/cgroup/reader.ts";
import { Catalogue } from "../../../src/model/catalogue.ts";
import { mountsOf } from "../../kernel/cgroup/literal.ts";
import { tempTree } from "../../support/tree.ts";

type Cells = Partial<Record<CellName, number>>;

using tree = tempTree(mountsOf("v2"));
const reading = new CgroupReading(tree.host);

/** A reader whose numbers a test sets. */
function reader(): CgroupReader {
  return new CgroupReader(reading, "/a");
}

function set(reader: CgroupReader, cells: Cells, pages: Readonly<Record<string, number>> = {}): CgroupReader {
  reader.values.fill(Number.NaN);
  for (const [index, name] of CELL_NAMES.entries()) reader.values[index] = cells[name] ?? Number.NaN;
  reader.numaNodes.splice(0, reader.numaNodes.length, ...Object.keys(pages).map(Number));
  reader.numaPages.splice(0, reader.numaPages.length, ...Object.values(pages));
  return reader;
}

function merge(merged: MergedCells, ...readers: readonly CgroupReader[]): Cells {
  merged.merge(readers);
  const cells = CELL_NAMES.map((name, index) => [name, merged.values[index] as number] as const);
  return Object.fromEntries(cells.filter(([, value]) => !Number.isNaN(value)));
}

test("merge() adds gauges and counters and takes the most of pressure", () => {
  const a = set(reader(), { cpuUsage: 1.5, memUsage: 100, memLimit: 1000, cpuSome: 4, pids: 0 });
  const b = set(reader(), { cpuUsage: 2, memUsage: 50, memLimit: 2000, cpuSome: 7, oomKills: 3 });
  expect(merge(new MergedCells(new Catalogue()), a, b)).toEqual({
    cpuUsage: 3.5,
    memUsage: 150,
    memLimit: 3000,
    cpuSome: 7,
    pids: 0,
    oomKills: 3,
  });
});

test("merge() adds up the increases of counters, whichever container they are of", () => {
  const merged = new MergedCells(new Catalogue());
  const a = reader();
  const b = reader();
  const c = reader();
  expect(merge(merged, set(a, { cpuUsage: 10, memUsage: 5 }), set(b, { cpuUsage: 20, memUsage: 5 }))).toEqual(
    { cpuUsage: 30, memUsage: 10 },
  );
  expect(merge(merged, set(a, { cpuUsage: 11, memUsage: 4 }), set(b, { cpuUsage: 20, memUsage: 6 }))).toEqual(
    { cpuUsage: 31, memUsage: 10 },
  );
  // b ends: its counter stays in the sum, its memory does not.
  expect(merge(merged, set(a, { cpuUsage: 12, memUsage: 4 }))).toEqual({ cpuUsage: 32, memUsage: 4 });
  // c appears with what it used since it started.
  expect(
    merge(merged, set(a, { cpuUsage: 12, memUsage: 4 }), set(c, { cpuUsage: 0.5, memUsage: 1 })),
  ).toEqual({ cpuUsage: 32.5, memUsage: 5 });
  // a's counter falls: it started again.
  expect(merge(merged, set(a, { cpuUsage: 3, memUsage: 4 }), set(c, { cpuUsage: 0.5, memUsage: 1 }))).toEqual(
    { cpuUsage: 35.5, memUsage: 5 },
  );
});

test("merge() takes the largest increase of pressure", () => {
  const merged = new MergedCells(new Catalogue());
  const a = reader();
  const b = reader();
  expect(merge(merged, set(a, { ioFull: 5 }), set(b, { ioFull: 1 }))).toEqual({ ioFull: 5 });
  expect(merge(merged, set(a, { ioFull: 6 }), set(b, { ioFull: 3 }))).toEqual({ ioFull: 7 });
});

test("merge() leaves a counter absent while no container has it, and then goes on from where it was", () => {
  const merged = new MergedCells(new Catalogue());
  const a = reader();
  expect(merge(merged, set(a, { cpuUsage: 10, oomKills: 1 }))).toEqual({ cpuUsage: 10, oomKills: 1 });
  expect(merge(merged, set(a, { cpuUsage: 11 }))).toEqual({ cpuUsage: 11 });
  expect(merge(merged, set(a, { cpuUsage: 12, oomKills: 3 }))).toEqual({ cpuUsage: 12, oomKills: 3 });
});

test("merge() adds NUMA pages by node", () => {
  const merged = new MergedCells(new Catalogue());
  merged.merge([set(reader(), {}, { 0: 1, 1: 2 }), set(reader(), {}, { 1: 10, 4: 5 })]);
  expect([merged.numaNodes, merged.numaPages]).toEqual([
    [0, 1, 4],
    [1, 12, 5],
  ]);
  merged.merge([set(reader(), {}, { 4: 7 })]);
  expect([merged.numaNodes, merged.numaPages]).toEqual([[4], [7]]);
});
