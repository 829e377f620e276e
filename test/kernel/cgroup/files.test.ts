import { expect, test } from "bun:test";
import {
  CELL_NAMES,
  CELLS,
  type ControlFile,
  controlFiles,
  mountOf,
} from "../../../src/kernel/cgroup/files.ts";
import { type CgroupLayout, parseLayout } from "../../../src/kernel/cgroup/layout.ts";
import { ROWS } from "../../../src/model/catalogue/rows.ts";
import { MOUNTS, type Version } from "./literal.ts";

function layoutOf(version: Version): CgroupLayout {
  return parseLayout(MOUNTS[version]);
}

function cellsOf({ format }: ControlFile): readonly string[] {
  switch (format.kind) {
    case "number":
      return [format.cell];
    case "keyed":
      return format.keys.map(({ cell }) => (cell === "inactiveFile" ? "memWorkingSet" : cell));
    case "pressure":
      return [format.some, format.full];
    default:
      return [];
  }
}

test("every cell belongs to a task metric of the catalogue and has a level for each of its labels", () => {
  const wrong = CELL_NAMES.filter((name) => {
    const { metric, levels } = CELLS[name];
    return ROWS[metric].scope !== "task" || ROWS[metric].labels.length !== levels.length;
  });
  expect(wrong).toEqual([]);
  const places = CELL_NAMES.map((name) => [CELLS[name].metric, ...CELLS[name].levels].join());
  expect(new Set(places).size).toBe(CELL_NAMES.length);
});

test.each(["v1", "v2", "hybrid"] as const)(
  "controlFiles() of %s fills no cell from two files, but by stand-ins",
  (version) => {
    const cells = controlFiles(layoutOf(version))
      .filter(({ insteadOf }) => insteadOf === undefined)
      .flatMap(cellsOf);
    expect(new Set(cells).size).toBe(cells.length);
  },
);

test("controlFiles() fills on v1 all cells but pressure, on v2 all but the soft limit, on a hybrid host all", () => {
  function absent(version: Version): readonly string[] {
    const filled = new Set(controlFiles(layoutOf(version)).flatMap(cellsOf));
    return CELL_NAMES.filter((name) => !filled.has(name));
  }
  expect({ v1: absent("v1"), v2: absent("v2"), hybrid: absent("hybrid") }).toEqual({
    v1: ["cpuSome", "cpuFull", "memorySome", "memoryFull", "ioSome", "ioFull"],
    v2: ["memSoftLimit"],
    hybrid: [],
  });
});

test("controlFiles() reads usage before memory.stat, which the working set needs", () => {
  for (const [version, usage] of [
    ["v1", "memory.usage_in_bytes"],
    ["v2", "memory.current"],
  ] as const) {
    const names = controlFiles(layoutOf(version)).map(({ file }) => file);
    expect(names.indexOf(usage)).toBeLessThan(names.indexOf("memory.stat"));
  }
});

test("mountOf() gives the hierarchy's mount, nothing for a controller that is not mounted", () => {
  const layout = layoutOf("hybrid");
  const mounts = ["cpuacct", "v2", "blkio"].map((hierarchy) =>
    mountOf({ hierarchy, file: "x", format: { kind: "numa-pages" } }, layout),
  );
  expect(mounts).toEqual(["/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/unified", undefined]);
});
