import { describe, expect, test } from "bun:test";
import { readLayout } from "../../../src/kernel/cgroup/layout.ts";
import { unifiedPath } from "../../../src/kernel/cgroup/unified-path.ts";
import { tempTree } from "../../support/tree.ts";
import { mountsOf, type Version } from "./literal.ts";

const V1_PROCS = "sys/fs/cgroup/cpu,cpuacct/a/cgroup.procs";
const UNIFIED = "sys/fs/cgroup/unified";

function pathOf(version: Version, files: Readonly<Record<string, string>>): string | undefined {
  using tree = tempTree({ ...mountsOf(version), ...files });
  return unifiedPath(tree.host, readLayout(tree.host), "/a");
}

test("unifiedPath() is the task's own path on v2 and nothing on v1", () => {
  expect([pathOf("v2", {}), pathOf("v1", {})]).toEqual(["/a", undefined]);
});

describe("unifiedPath() on a hybrid host", () => {
  const cgroupOf7 = { "proc/7/cgroup": "4:cpu,cpuacct:/a\n1:name=systemd:/a\n0::/scope\n" };
  const cases: readonly (readonly [string, Record<string, string>, string | undefined])[] = [
    ["the same name for a task without processes", { [V1_PROCS]: "" }, "/a"],
    ["the same name for a task that is not there", {}, "/a"],
    ["the same name", { [V1_PROCS]: "7\n", "proc/7/cgroup": "0::/a\n" }, "/a"],
    [
      "another name",
      { [V1_PROCS]: "7\n8\n", ...cgroupOf7, [`${UNIFIED}/scope/cgroup.procs`]: "7\n" },
      "/scope",
    ],
    [
      "another name, processes in the memory hierarchy",
      {
        "sys/fs/cgroup/memory/a/cgroup.procs": "7\n",
        ...cgroupOf7,
        [`${UNIFIED}/scope/cgroup.procs`]: "7\n",
      },
      "/scope",
    ],
    [
      "nothing when others are in it",
      { [V1_PROCS]: "7\n", ...cgroupOf7, [`${UNIFIED}/scope/cgroup.procs`]: "7\n9\n" },
      undefined,
    ],
    [
      "nothing when others are below it",
      {
        [V1_PROCS]: "7\n",
        ...cgroupOf7,
        [`${UNIFIED}/scope/cgroup.procs`]: "7\n",
        [`${UNIFIED}/scope/deep/cgroup.procs`]: "",
        [`${UNIFIED}/scope/deep/er/cgroup.procs`]: "9\n",
      },
      undefined,
    ],
    [
      "another name with empty and own cgroups below it",
      {
        [V1_PROCS]: "7\n8\n",
        ...cgroupOf7,
        [`${UNIFIED}/scope/cgroup.procs`]: "7\n",
        [`${UNIFIED}/scope/own/cgroup.procs`]: "8\n",
        [`${UNIFIED}/scope/empty/cgroup.procs`]: "",
      },
      "/scope",
    ],
    [
      "nothing when it cannot tell who is in it",
      { [V1_PROCS]: "7\n", ...cgroupOf7, [`${UNIFIED}/scope/cpu.pressure`]: "" },
      undefined,
    ],
    [
      "nothing for the root",
      { [V1_PROCS]: "7\n", "proc/7/cgroup": "0::/\n", [`${UNIFIED}/cgroup.procs`]: "7\n" },
      undefined,
    ],
    ["nothing when the process has ended", { [V1_PROCS]: "7\n" }, undefined],
    [
      "nothing when the process is in no v2 cgroup",
      { [V1_PROCS]: "7\n", "proc/7/cgroup": "4:cpu:/a\n" },
      undefined,
    ],
    ["nothing for processes of another pid name space", { [V1_PROCS]: "0\n" }, undefined],
  ];
  test.each(cases)("is %s", (_, files, path) => {
    expect(pathOf("hybrid", files)).toBe(path);
  });
});
