import { expect, test } from "bun:test";
import { readLayout } from "../../../src/kernel/cgroup/layout.ts";
import { PerfHierarchy } from "../../../src/kernel/perf/hierarchy.ts";
import { Unsupported } from "../../../src/model/errors.ts";
import { type Tree, tempTree } from "../../support/tree.ts";

const V2 = "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n";
const HYBRID = [
  "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0",
  "cgroup /sys/fs/cgroup/perf_event cgroup rw,perf_event 0 0",
  "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n",
].join("\n");

function cgroupsWith(line: string): string {
  return `#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t4\t25\t1\n${line}`;
}

function hierarchyOf({ host }: Tree): PerfHierarchy {
  return new PerfHierarchy(host, readLayout(host));
}

test.each([
  ["the v2 tree of a v2 host", V2, "perf_event\t0\t1\t1\n", "/sys/fs/cgroup", "v2"],
  ["the v2 tree of a hybrid host", HYBRID, "perf_event\t0\t1\t1\n", "/sys/fs/cgroup/unified", "v2"],
  ["its v1 hierarchy", HYBRID, "perf_event\t7\t1\t1\n", "/sys/fs/cgroup/perf_event", "v1"],
] as const)("PerfHierarchy is %s", (_, mounts, line, mount, version) => {
  using tree = tempTree({ "proc/self/mounts": mounts, "proc/cgroups": cgroupsWith(line) });
  const hierarchy = hierarchyOf(tree);
  expect([hierarchy.mount, hierarchy.version, hierarchy.directoryOf("/a")]).toEqual([
    mount,
    version,
    `${mount}/a`,
  ]);
});

test.each([
  ["no line", V2, "", "/proc/cgroups has no enabled perf_event, needs CONFIG_CGROUP_PERF"],
  ["a line of a disabled controller", V2, "perf_event\t0\t1\t0\n", "no cgroup_disable=perf_event"],
  [
    "a v1 hierarchy that is not mounted",
    V2,
    "perf_event\t7\t1\t1\n",
    "it is in v1 hierarchy 7, which is not mounted here",
  ],
  [
    "a v2 tree that is not mounted",
    HYBRID.replace(/\n.*cgroup2.*/, "\n"),
    "perf_event\t0\t1\t1\n",
    "it is in the v2 tree, which is not mounted here",
  ],
])("PerfHierarchy throws Unsupported on %s", (_, mounts, line, message) => {
  using tree = tempTree({ "proc/self/mounts": mounts, "proc/cgroups": cgroupsWith(line) });
  expect(() => hierarchyOf(tree)).toThrow(Unsupported);
  expect(() => hierarchyOf(tree)).toThrow(message);
});

test("PerfHierarchy throws Unsupported without /proc/cgroups", () => {
  using tree = tempTree({ "proc/self/mounts": V2 });
  expect(() => hierarchyOf(tree)).toThrow(Unsupported);
});

test("directoryOf() of a hybrid host is where the task's processes are in the v2 tree", () => {
  using tree = tempTree({
    "proc/self/mounts": HYBRID,
    "proc/cgroups": cgroupsWith("perf_event\t0\t1\t1\n"),
    "sys/fs/cgroup/memory/a/cgroup.procs": "11\n",
    "sys/fs/cgroup/memory/b/cgroup.procs": "12\n",
    "proc/11/cgroup": "4:memory:/a\n0::/other\n",
    "proc/12/cgroup": "4:memory:/b\n0::/\n",
    "sys/fs/cgroup/unified/other/cgroup.procs": "11\n",
  });
  const hierarchy = hierarchyOf(tree);
  expect([hierarchy.directoryOf("/a"), hierarchy.directoryOf("/b")]).toEqual([
    "/sys/fs/cgroup/unified/other",
    undefined,
  ]);
});

test.each([
  ["a controller of the v2 tree where none is on", "\n", "hugetlb misc\n", "hugetlb"],
  ["one that every kernel has where none is to be seen", "\n", "\n", "pids"],
  ["nothing where one is on", "pids\n", "pids\n", undefined],
])("toSwitchOn is %s", (_, on, available, controller) => {
  using tree = tempTree({
    "proc/self/mounts": V2,
    "proc/cgroups": cgroupsWith("perf_event\t0\t1\t1\n"),
    "sys/fs/cgroup/cgroup.subtree_control": on,
    "sys/fs/cgroup/cgroup.controllers": available,
  });
  expect(hierarchyOf(tree).toSwitchOn).toBe(controller);
});

test("toSwitchOn is nothing of v1", () => {
  using tree = tempTree({
    "proc/self/mounts": HYBRID,
    "proc/cgroups": cgroupsWith("perf_event\t7\t1\t1\n"),
  });
  expect(hierarchyOf(tree).toSwitchOn).toBeUndefined();
});
