import { describe, expect, test } from "bun:test";
import { findDirectory, isRemoval, mountsOf } from "../../../src/kernel/cgroup/directory.ts";
import { KernelHost } from "../../../src/kernel/host.ts";
import { KernelError } from "../../../src/model/errors.ts";
import { needRealCgroups, realCgroup } from "../../support/cgroups.ts";
import { requirement } from "../../support/requirement.ts";
import { tempTree } from "../../support/tree.ts";

describe("findDirectory()", () => {
  test("takes the first mount that has the cgroup", () => {
    using tree = tempTree({ "cpu/": "", "memory/t/tasks": "", "cpuset/t/tasks": "" });
    const directory = findDirectory(tree.host, ["/cpu", "/memory", "/cpuset"], "/t");
    expect([directory?.mount, directory?.path, directory?.identity]).toEqual([
      "/memory",
      "/t",
      tree.host.identity("/memory/t") as number,
    ]);
    expect(mountsOf(tree.host, ["/cpu", "/memory", "/cpuset"], "/t")).toEqual(["/memory", "/cpuset"]);
    expect(findDirectory(tree.host, ["/cpu"], "/t")).toBeUndefined();
  });
});

describe("CgroupDirectory", () => {
  test("alive() of a recorded machine goes by inode, since its removed files stay readable", () => {
    using tree = tempTree({ "m/t/notify_on_release": "0\n" });
    const directory = findDirectory(tree.host, ["/m"], "/t");
    const seen = [directory?.alive(), tree.host.keptFiles];
    tree.remove("m/t");
    expect([...seen, directory?.alive()]).toEqual([true, 0, false]);
  });
});

describe("isRemoval()", () => {
  test.each([
    ["ENODEV", true],
    ["ENOENT", true],
    ["EIO", false],
  ])("of a KernelError with %s is %p", (code, expected) => {
    expect(isRemoval(new KernelError("read", "/x", code))).toBe(expected);
  });

  test("of another error is false", () => {
    expect(isRemoval(Object.assign(new Error("gone"), { code: "ENOENT" }))).toBe(false);
  });
});

describe.skipIf(!(await requirement("real cgroups", needRealCgroups)))("CgroupDirectory on this host", () => {
  test.each([[{}], [{ keptFilesLimit: 0 }]])(
    "alive() with host options %j is false after removal, also when the name was made again",
    (options) => {
      using group = realCgroup("directory");
      const host = new KernelHost(options);
      for (const mount of group.mounts) {
        const directory = findDirectory(host, [mount], group.path);
        const seen = [directory?.alive()];
        group.remove();
        seen.push(directory?.alive());
        group.create();
        seen.push(directory?.alive());
        directory?.close();
        expect([mount, ...seen, host.keptFiles]).toEqual([mount, true, false, false, 0]);
      }
    },
  );

  test("alive() after close() goes by inode", () => {
    using group = realCgroup("closed");
    const host = new KernelHost();
    const directory = findDirectory(host, group.mounts, group.path);
    directory?.close();
    directory?.close();
    expect([directory?.alive(), host.keptFiles]).toEqual([true, 0]);
  });
});
