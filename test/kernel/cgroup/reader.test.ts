import { describe, expect, spyOn, test } from "bun:test";
import { CELL_NAMES } from "../../../src/kernel/cgroup/files.ts";
import { CgroupReader, CgroupReading } from "../../../src/kernel/cgroup/reader.ts";
import { TaskGone, Unsupported } from "../../../src/model/errors.ts";
import type { Host } from "../../../src/model/host.ts";
import { tempTree } from "../../support/tree.ts";
import {
  CELLS_OF,
  controlPath,
  mountsOf,
  NUMA_OF,
  PRESSURE_CELLS,
  unifiedCgroup,
  v1Cgroup,
  v2Cgroup,
} from "./literal.ts";

const V1_ALL = { ...mountsOf("v1"), ...v1Cgroup("/a") };
const V2_ALL = { ...mountsOf("v2"), ...v2Cgroup("/a") };
const HYBRID_ALL = { ...mountsOf("hybrid"), ...v1Cgroup("/a"), ...unifiedCgroup("/a") };
const HIERARCHY_OF: Readonly<Record<string, string>> = {
  cpuacct: "cpu,cpuacct/",
  cpu: "cpu,cpuacct/",
  memory: "memory/",
  pids: "pids/",
  v2: "",
};

function readerOf(host: Host, path = "/a"): CgroupReader {
  return new CgroupReader(new CgroupReading(host), path);
}

interface Read {
  readonly cells: Readonly<Record<string, number>>;
  readonly numa: Readonly<Record<number, number>>;
  readonly missing: readonly string[];
}

/** What the reader has now, absent cells left out. */
function held({ values, numaNodes, numaPages, missing }: CgroupReader): Read {
  const cells = CELL_NAMES.map((name, index) => [name, values[index] as number] as const);
  return {
    cells: Object.fromEntries(cells.filter(([, value]) => !Number.isNaN(value))),
    numa: Object.fromEntries(numaNodes.map((node, index) => [node, numaPages[index] as number])),
    missing,
  };
}

function read(reader: CgroupReader): Read {
  reader.read();
  return held(reader);
}

function without<Value>(
  all: Readonly<Record<string, Value>>,
  ...keys: readonly string[]
): Record<string, Value> {
  return Object.fromEntries(Object.entries(all).filter(([key]) => !keys.includes(key)));
}

describe("read() gives every cell", () => {
  const cases: readonly (readonly [string, Record<string, string>, Read])[] = [
    ["v1", V1_ALL, { cells: CELLS_OF.v1, numa: NUMA_OF.v1, missing: [] }],
    ["v2", V2_ALL, { cells: CELLS_OF.v2, numa: NUMA_OF.v2, missing: [] }],
    ["hybrid", HYBRID_ALL, { cells: { ...CELLS_OF.v1, ...PRESSURE_CELLS }, numa: NUMA_OF.v1, missing: [] }],
  ];
  test.each(cases)("on %s, the same twice", (_, files, wanted) => {
    using tree = tempTree(files);
    const reader = readerOf(tree.host);
    expect([read(reader), read(reader)]).toEqual([wanted, wanted]);
    reader.close();
    expect(tree.host.keptFiles).toBe(0);
  });

  test.each([0, 3, 11])("with %p kept descriptors", (keptFilesLimit) => {
    for (const [, files, wanted] of cases) {
      using tree = tempTree(files, { keptFilesLimit });
      const reader = readerOf(tree.host);
      expect([read(reader), read(reader), tree.host.keptFiles]).toEqual([wanted, wanted, keptFilesLimit]);
      reader.close();
      reader.close();
      expect(tree.host.keptFiles).toBe(0);
    }
  });

  test("anew in each round", () => {
    using tree = tempTree(V2_ALL);
    const reader = readerOf(tree.host);
    reader.read();
    tree.write(controlPath("/a", "pids.current"), "13\n");
    tree.write(controlPath("/a", "memory.max"), "max\n");
    tree.write(controlPath("/a", "memory.numa_stat"), "");
    expect(read(reader)).toEqual({
      cells: { ...without(CELLS_OF.v2, "memLimit"), pids: 13 },
      numa: {},
      missing: [],
    });
  });

  test("of cgroups whose files differ, read in turn by one reading", () => {
    const short = "usage_usec 1000000\nuser_usec 1000000\nsystem_usec 0\n";
    using tree = tempTree({ ...V2_ALL, [controlPath("/b", "cpu.stat")]: short });
    const reading = new CgroupReading(tree.host);
    const b = new CgroupReader(reading, "/b");
    const a = new CgroupReader(reading, "/a");
    for (let round = 0; round < 2; round++) {
      expect(read(b).cells).toEqual({ cpuUsage: 1, cpuUser: 1, cpuSystem: 0 });
      expect(read(a).cells).toEqual(CELLS_OF.v2);
    }
  });
});

describe("read() without one file", () => {
  const machines = { v1: V1_ALL, v2: V2_ALL } as const;
  const cells: Readonly<Record<string, readonly string[]>> = {
    "cpuacct.usage": ["cpuUsage"],
    "cpuacct.stat": ["cpuUser", "cpuSystem"],
    "memory.usage_in_bytes": ["memUsage", "memWorkingSet"],
    "memory.current": ["memUsage", "memWorkingSet"],
    "memory.max_usage_in_bytes": ["memMaxUsage"],
    "memory.peak": ["memMaxUsage"],
    "memory.limit_in_bytes": ["memLimit"],
    "memory.max": ["memLimit"],
    "memory.soft_limit_in_bytes": ["memSoftLimit"],
    "memory.kmem.usage_in_bytes": ["memKernel"],
    "memory.swap.current": ["memSwap"],
    "memory.numa_stat": [],
    "memory.oom_control": ["oomKills"],
    "memory.events": ["oomKills"],
    "pids.current": ["pids"],
    "cpu.pressure": ["cpuSome", "cpuFull"],
    "memory.pressure": ["memorySome", "memoryFull"],
    "io.pressure": ["ioSome", "ioFull"],
  };
  function cellsOf(version: "v1" | "v2", file: string): readonly string[] {
    if (file === "cpu.stat")
      return [
        "periods",
        "throttledPeriods",
        "throttledTime",
        ...(version === "v2" ? ["cpuUsage", "cpuUser", "cpuSystem"] : []),
      ];
    if (file === "memory.stat")
      return [
        "memAnon",
        "memAnonThp",
        "memFile",
        "memWorkingSet",
        "refaultAnon",
        "refaultFile",
        "pageFaults",
        ...(version === "v1" ? ["memSwap"] : ["memKernel"]),
      ];
    return cells[file] ?? ["?"];
  }

  for (const version of ["v1", "v2"] as const) {
    using tree = tempTree(machines[version]);
    for (const { hierarchy, file } of new CgroupReading(tree.host).files) {
      const target = controlPath("/a", `${HIERARCHY_OF[hierarchy]}${file}`);
      const wanted: Read = {
        cells: without(CELLS_OF[version], ...cellsOf(version, file)),
        numa: file === "memory.numa_stat" ? {} : NUMA_OF[version],
        missing: [file],
      };

      test(`leaves out its cells alone and finds it later: ${version} ${file}`, () => {
        using machine = tempTree(without(machines[version], target));
        const reader = readerOf(machine.host);
        expect(read(reader)).toEqual(wanted);
        machine.write(target, machines[version][target] ?? "?");
        expect(read(reader)).toEqual({ cells: CELLS_OF[version], numa: NUMA_OF[version], missing: [] });
      });

      test(`leaves out its cells alone when it cannot be read: ${version} ${file}`, () => {
        using machine = tempTree({ ...without(machines[version], target), [`${target}/`]: "" });
        const reader = readerOf(machine.host);
        expect([read(reader), read(reader)]).toEqual([wanted, wanted]);
        machine.remove(target);
        machine.write(target, machines[version][target] ?? "?");
        for (let round = 3; round <= 4; round++) reader.read();
        expect(held(reader)).toEqual({ cells: CELLS_OF[version], numa: NUMA_OF[version], missing: [] });
      });
    }
  }
});

test("read() looks for a missing file in rounds 1, 2, 4, … 64 and then every 64", () => {
  using tree = tempTree({ ...mountsOf("v2"), [controlPath("/a", "pids.current")]: "1\n" });
  const looks = [spyOn(tree.host, "open"), spyOn(tree.host, "identity")];
  const reader = readerOf(tree.host);
  const tried: number[] = [];
  for (let round = 1; round <= 260; round++) {
    for (const look of looks) look.mockClear();
    reader.read();
    if (looks.some(({ mock }) => mock.calls.some(([path]) => path.endsWith("/memory.peak"))))
      tried.push(round);
  }
  expect(tried).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 192, 256]);
  expect(looks[0]?.mock.calls).toEqual([]);
});

describe("read() throws TaskGone", () => {
  test("when no hierarchy has the cgroup", () => {
    using tree = tempTree(V1_ALL);
    expect(() => readerOf(tree.host, "/b").read()).toThrow(
      new TaskGone('Cannot measure cgroup "/b": no hierarchy has it'),
    );
  });

  test.each(["v1", "v2"] as const)(
    "when a file is gone that was there, and leaves nothing open: %s",
    (version) => {
      using tree = tempTree(version === "v1" ? V1_ALL : V2_ALL, { keptFilesLimit: 0 });
      const reader = readerOf(tree.host);
      reader.read();
      for (const file of Object.keys(version === "v1" ? v1Cgroup("/a") : v2Cgroup("/a"))) tree.remove(file);
      expect(() => reader.read()).toThrow(new TaskGone('Cannot measure cgroup "/a": it was removed'));
      expect(() => reader.read()).toThrow(TaskGone);
      expect(tree.host.keptFiles).toBe(0);
    },
  );
});

describe("read() on a hybrid host", () => {
  const allMissing = ["cpu.pressure", "memory.pressure", "io.pressure"];

  test("takes CPU time from the v2 tree where cpuacct has no such cgroup", () => {
    using tree = tempTree({
      ...mountsOf("hybrid"),
      ...unifiedCgroup("/a"),
      [controlPath("/a", "pids/pids.current")]: "3\n",
    });
    const { cells, missing } = read(readerOf(tree.host));
    expect(cells).toEqual({ ...PRESSURE_CELLS, cpuUsage: 7, cpuUser: 4, cpuSystem: 3, pids: 3 });
    expect(missing).toEqual([
      "cpuacct.usage",
      "cpuacct.stat",
      "cpu.stat",
      "memory.usage_in_bytes",
      "memory.max_usage_in_bytes",
      "memory.limit_in_bytes",
      "memory.soft_limit_in_bytes",
      "memory.kmem.usage_in_bytes",
      "memory.stat",
      "memory.numa_stat",
      "memory.oom_control",
    ]);
  });

  test("takes pressure from where the processes are in the v2 tree", () => {
    using tree = tempTree({
      ...mountsOf("hybrid"),
      ...v1Cgroup("/a"),
      ...unifiedCgroup("/scope"),
      [controlPath("/a", "cpu,cpuacct/cgroup.procs")]: "7\n",
      [controlPath("/scope", "unified/cgroup.procs")]: "7\n",
      "proc/7/cgroup": "0::/scope\n",
    });
    expect(read(readerOf(tree.host))).toEqual({
      cells: { ...CELLS_OF.v1, ...PRESSURE_CELLS },
      numa: NUMA_OF.v1,
      missing: [],
    });
  });

  test.each([
    [
      "the v2 cgroup is shared",
      { [controlPath("/scope", "unified/cgroup.procs")]: "7\n8\n", "proc/7/cgroup": "0::/scope\n" },
    ],
    [
      "it is the root",
      {
        "sys/fs/cgroup/unified/cpu.pressure": "some total=1\n",
        "sys/fs/cgroup/unified/cgroup.procs": "7\n",
        "proc/7/cgroup": "0::/\n",
      },
    ],
  ])("leaves out pressure when %s", (_, files) => {
    using tree = tempTree({
      ...mountsOf("hybrid"),
      ...v1Cgroup("/a"),
      ...unifiedCgroup("/scope"),
      [controlPath("/a", "cpu,cpuacct/cgroup.procs")]: "7\n",
      ...files,
    });
    expect(read(readerOf(tree.host))).toEqual({ cells: CELLS_OF.v1, numa: NUMA_OF.v1, missing: allMissing });
  });

  test("loses pressure alone when the v2 cgroup goes while the v1 cgroups stay, and finds it again", () => {
    using tree = tempTree(HYBRID_ALL, { keptFilesLimit: 0 });
    const reader = readerOf(tree.host);
    reader.read();
    tree.remove("sys/fs/cgroup/unified/a");
    const lost = { cells: CELLS_OF.v1, numa: NUMA_OF.v1, missing: allMissing };
    expect(read(reader)).toEqual(lost);
    for (const [file, content] of Object.entries(unifiedCgroup("/a"))) tree.write(file, content);
    expect(read(reader)).toEqual({
      cells: { ...CELLS_OF.v1, ...PRESSURE_CELLS },
      numa: NUMA_OF.v1,
      missing: [],
    });
  });

  test("throws TaskGone when a cgroup goes that only the v2 tree had", () => {
    using tree = tempTree({ ...mountsOf("hybrid"), ...unifiedCgroup("/a") }, { keptFilesLimit: 0 });
    const reader = readerOf(tree.host);
    expect(read(reader).cells).toEqual({ ...PRESSURE_CELLS, cpuUsage: 7, cpuUser: 4, cpuSystem: 3 });
    tree.remove("sys/fs/cgroup/unified/a");
    expect(() => reader.read()).toThrow(TaskGone);
  });
});

test("CgroupReading says Unsupported where no cgroup file system is mounted", () => {
  using tree = tempTree({ "proc/self/mounts": "proc /proc proc rw 0 0\n" });
  expect(() => new CgroupReading(tree.host)).toThrow(Unsupported);
});
