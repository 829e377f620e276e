import { describe, expect, test } from "bun:test";
import { readLayout } from "../../../src/kernel/cgroup/layout.ts";
import { CgroupMembers } from "../../../src/kernel/cgroup/members.ts";
import { KernelError, TaskGone } from "../../../src/model/errors.ts";
import type { KernelFile } from "../../../src/model/host.ts";
import { hostWith } from "../../support/host-with.ts";
import { type Tree, tempTree } from "../../support/tree.ts";
import { mountsOf, type Version } from "./literal.ts";

const V1 = "sys/fs/cgroup/cpu,cpuacct";
const MEMORY = "sys/fs/cgroup/memory";
const V2 = "sys/fs/cgroup";
const UNIFIED = "sys/fs/cgroup/unified";

function membersOf({ host }: Pick<Tree, "host">): CgroupMembers {
  return new CgroupMembers(host, readLayout(host));
}

function lines(...ids: readonly number[]): string {
  return ids.map((id) => `${id}\n`).join("");
}

/** One cgroup with its threads and processes. */
function cgroup(directory: string, threads: readonly number[], processes: readonly number[] = []) {
  const file = directory.startsWith(V1) || directory.startsWith(MEMORY) ? "tasks" : "cgroup.threads";
  return {
    [`${directory}/${file}`]: lines(...threads),
    [`${directory}/cgroup.procs`]: lines(...processes),
  };
}

const PLACES: readonly (readonly [Version, string])[] = [
  ["v1", V1],
  ["v2", V2],
  ["hybrid", V1],
  ["hybrid", UNIFIED],
  ["hybrid", MEMORY],
];

describe("CgroupMembers", () => {
  test.each(PLACES)("lists a cgroup with all below it, %s at %s", (version, place) => {
    using tree = tempTree({
      ...mountsOf(version),
      ...cgroup(`${place}/a`, [10, 11], [10]),
      ...cgroup(`${place}/a/b`, []),
      ...cgroup(`${place}/a/b/c`, [30, 31, 32], [30]),
      ...cgroup(`${place}/a/d`, [40], [40]),
      ...cgroup(`${place}/ab`, [50], [50]),
    });
    const members = membersOf(tree);
    for (let round = 0; round < 2; round++) {
      expect(members.threads("/a")).toEqual([10, 11, 30, 31, 32, 40]);
      expect(members.processes("/a")).toEqual([10, 30, 40]);
      expect(members.threads("/a/b")).toEqual([30, 31, 32]);
      expect(members.threads("/ab")).toEqual([50]);
    }
    expect(tree.host.keptFiles).toBe(0);
  });

  test("lists the root", () => {
    using tree = tempTree({ ...mountsOf("v2"), ...cgroup(V2, [1], [1]), ...cgroup(`${V2}/a`, [2], [2]) });
    const members = membersOf(tree);
    expect(members.threads("/")).toEqual([1, 2]);
    expect(members.threads("/", (path) => path === "/a")).toEqual([1]);
  });

  test("leaves out sub-cgroups that are others, with all below them", () => {
    using tree = tempTree({
      ...mountsOf("v2"),
      ...cgroup(`${V2}/a`, [1], [1]),
      ...cgroup(`${V2}/a/b`, [2], [2]),
      ...cgroup(`${V2}/a/b/c`, [3], [3]),
      ...cgroup(`${V2}/a/d`, [4], [4]),
    });
    const members = membersOf(tree);
    const others = new Set(["/a", "/a/b"]);
    const isOther = (path: string) => others.has(path);
    expect(members.threads("/a", isOther)).toEqual([1, 4]);
    expect(members.processes("/a", isOther)).toEqual([1, 4]);
    expect(members.threads("/a/b", isOther)).toEqual([2, 3]);
    others.delete("/a/b");
    others.add("/a/b/c");
    expect(members.threads("/a", isOther)).toEqual([1, 2, 4]);
  });

  test("takes members from the hierarchy that has some, as long as it has", () => {
    using tree = tempTree({
      ...mountsOf("hybrid"),
      ...cgroup(`${V1}/a`, []),
      ...cgroup(`${UNIFIED}/a`, [7, 8], [7]),
    });
    const members = membersOf(tree);
    expect([members.threads("/a"), members.processes("/a")]).toEqual([[7, 8], [7]]);
    tree.write(`${V1}/a/tasks`, lines(5));
    // Still where they were last time.
    expect(members.threads("/a")).toEqual([7, 8]);
    tree.write(`${UNIFIED}/a/cgroup.threads`, "");
    expect(members.threads("/a")).toEqual([5]);
    tree.remove(`${UNIFIED}/a`);
    expect(members.threads("/a")).toEqual([5]);
    tree.write(`${V1}/a/tasks`, "");
    expect(members.threads("/a")).toEqual([]);
  });

  test("gives each id once, and none that the kernel hides from this PID namespace", () => {
    using tree = tempTree({
      ...mountsOf("v1"),
      ...cgroup(`${V1}/a`, [1, 2], [1]),
      ...cgroup(`${V1}/a/b`, [0, 3, 2, 0], [1, 0]),
    });
    const members = membersOf(tree);
    expect(members.threads("/a")).toEqual([1, 2, 3]);
    expect(members.processes("/a")).toEqual([1]);
  });

  test("reads lists longer than a page, and than the buffer", () => {
    const ids = Array.from({ length: 20_000 }, (_, index) => 100_000 + index);
    using tree = tempTree({ ...mountsOf("v2"), ...cgroup(`${V2}/a`, ids), ...cgroup(`${V2}/b`, [1]) });
    const opened: unknown[] = [];
    const host = hostWith(tree.host, {
      open(path, options) {
        opened.push(options);
        return tree.host.open(path, options);
      },
    });
    const members = new CgroupMembers(host, readLayout(host));
    expect(members.threads("/a")).toEqual(ids);
    expect(members.threads("/b")).toEqual([1]);
    // The kernel hands out a page at a time, other than a literal tree.
    expect(opened).toEqual([{ pieces: true }, { pieces: true }]);
  });

  test("throws TaskGone where no hierarchy has the cgroup, and finds it when it is there again", () => {
    using tree = tempTree({ ...mountsOf("hybrid"), ...cgroup(`${V1}/a`, [1], [1]) });
    const members = membersOf(tree);
    expect(members.threads("/a")).toEqual([1]);
    tree.remove(`${V1}/a`);
    const gone = new TaskGone('Cannot list processes of "/a": no hierarchy has the cgroup');
    expect(() => members.threads("/a")).toThrow(gone);
    expect(() => members.processes("/a")).toThrow(gone);
    tree.write(`${UNIFIED}/a/cgroup.threads`, lines(2));
    expect(members.threads("/a")).toEqual([2]);
  });

  test("follows sub-cgroups that come, go and take each other's place", () => {
    using tree = tempTree({
      ...mountsOf("v2"),
      ...cgroup(`${V2}/a`, [1]),
      ...cgroup(`${V2}/a/x`, [2]),
      ...cgroup(`${V2}/a/x/deep`, [3]),
      ...cgroup(`${V2}/a/y`, [4]),
    });
    const members = membersOf(tree);
    expect(members.threads("/a")).toEqual([1, 2, 3, 4]);
    // As many as before, so that the link count is the same.
    tree.remove(`${V2}/a/x`);
    tree.write(`${V2}/a/z/cgroup.threads`, lines(5));
    expect(members.threads("/a")).toEqual([1, 4, 5]);
    tree.remove(`${V2}/a/z`);
    tree.write(`${V2}/a/x/cgroup.threads`, lines(6));
    expect(members.threads("/a")).toEqual([1, 6, 4]);
    tree.remove(`${V2}/a/x`);
    tree.remove(`${V2}/a/y`);
    expect(members.threads("/a")).toEqual([1]);
  });

  test("goes on when a sub-cgroup is removed while the list is made", () => {
    using tree = tempTree({
      ...mountsOf("v2"),
      ...cgroup(`${V2}/a`, [1]),
      ...cgroup(`${V2}/a/x`, [2]),
      ...cgroup(`${V2}/a/y`, [3]),
    });
    const members = membersOf(tree);
    const isOther = (path: string) => {
      if (path === "/a/y") tree.remove(`${V2}/a/y`);
      return false;
    };
    expect(members.threads("/a", isOther)).toEqual([1, 2]);
  });

  test("forget() has directories listed anew", () => {
    using tree = tempTree({ ...mountsOf("v2"), ...cgroup(`${V2}/a`, [1]), ...cgroup(`${V2}/a/x`, [2]) });
    let listed = 0;
    const host = hostWith(tree.host, {
      list: (path) => {
        listed++;
        return tree.host.list(path);
      },
    });
    const members = new CgroupMembers(host, readLayout(host));
    members.threads("/a");
    const once = listed;
    members.threads("/a");
    expect(listed).toBe(once);
    members.forget("/a");
    expect(members.threads("/a")).toEqual([1, 2]);
    expect(listed).toBeGreaterThan(once);
  });

  test("takes a threaded cgroup for one without processes, and other failures for what they are", () => {
    using tree = tempTree({ ...mountsOf("v2"), ...cgroup(`${V2}/a`, [1], [1]), ...cgroup(`${V2}/a/x`, [2]) });
    function failing(code: string): CgroupMembers {
      const host = hostWith(tree.host, {
        open: (path, options) => {
          const file = tree.host.open(path, options);
          return path === `/${V2}/a/x/cgroup.procs` ? failingRead(file, path, code) : file;
        },
      });
      return new CgroupMembers(host, readLayout(host));
    }
    expect(failing("EOPNOTSUPP").processes("/a")).toEqual([1]);
    expect(failing("ENOTSUP").processes("/a/x")).toEqual([]);
    expect(failing("ENODEV").processes("/a")).toEqual([1]);
    expect(() => failing("EIO").processes("/a")).toThrow(KernelError);
    expect(tree.host.keptFiles).toBe(0);
  });
});

function failingRead(file: KernelFile, path: string, code: string): KernelFile {
  return {
    read() {
      throw new KernelError("read", path, code);
    },
    close: () => file.close(),
  };
}
