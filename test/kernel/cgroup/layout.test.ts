import { expect, test } from "bun:test";
import {
  type CgroupLayout,
  parseLayout,
  readLayout,
  taskHierarchies,
} from "../../../src/kernel/cgroup/layout.ts";
import { Unsupported } from "../../../src/model/errors.ts";
import { tempTree } from "../../support/tree.ts";
import { MOUNTS } from "./literal.ts";

const CPU = "/sys/fs/cgroup/cpu,cpuacct";
const V1 = [
  ["cpu", CPU],
  ["cpuacct", CPU],
  ["memory", "/sys/fs/cgroup/memory"],
  ["pids", "/sys/fs/cgroup/pids"],
] as const;

const CASES: readonly (readonly [string, string, CgroupLayout, readonly string[]])[] = [
  [
    "v1",
    MOUNTS.v1,
    { version: "v1", v1: new Map(V1), v2: undefined },
    [CPU, "/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids"],
  ],
  ["v2", MOUNTS.v2, { version: "v2", v1: new Map(), v2: "/sys/fs/cgroup" }, ["/sys/fs/cgroup"]],
  [
    "hybrid, the v2 tree last",
    MOUNTS.hybrid,
    { version: "hybrid", v1: new Map(V1), v2: "/sys/fs/cgroup/unified" },
    [CPU, "/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/unified"],
  ],
  [
    "bind mounts of containers behind the first",
    `${MOUNTS.v2}cgroup2 /var/lib/docker/x/cgroup cgroup2 rw 0 0\n`,
    { version: "v2", v1: new Map(), v2: "/sys/fs/cgroup" },
    ["/sys/fs/cgroup"],
  ],
  [
    "v1 hierarchies without task controllers",
    `cgroup /sys/fs/cgroup/systemd cgroup rw,name=systemd 0 0\ncgroup /sys/fs/cgroup/freezer cgroup rw,freezer 0 0\n${MOUNTS.v2}`,
    { version: "v2", v1: new Map(), v2: "/sys/fs/cgroup" },
    ["/sys/fs/cgroup"],
  ],
  [
    "escapes",
    "cgroup2 /a\\040b\\134c\\011 cgroup2 rw 0 0\n\nshort line\n",
    { version: "v2", v1: new Map(), v2: "/a b\\c\t" },
    ["/a b\\c\t"],
  ],
];

test.each(CASES)("parseLayout() and taskHierarchies() know %s", (_, mounts, layout, hierarchies) => {
  expect(parseLayout(mounts)).toEqual(layout);
  expect(taskHierarchies(layout)).toEqual([...hierarchies]);
});

test.each(["", "proc /proc proc rw 0 0\n", "cgroup /sys/fs/cgroup/systemd cgroup rw,name=systemd 0 0\n"])(
  "parseLayout() says Unsupported of %j",
  (mounts) => {
    expect(() => parseLayout(mounts)).toThrow(
      new Unsupported("No cgroup file system is mounted: /proc/self/mounts has neither cgroup nor cgroup2"),
    );
  },
);

test("readLayout() reads the mounts of its own process", () => {
  using tree = tempTree({ "proc/self/mounts": MOUNTS.v2 });
  expect(readLayout(tree.host)).toEqual({ version: "v2", v1: new Map(), v2: "/sys/fs/cgroup" });
});
