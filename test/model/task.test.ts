import { expect, test } from "bun:test";
import { isSameCgroup } from "../../src/model/task.ts";
import { taskWith } from "../roles/labeler.ts";

const TASK = taskWith({ cgroupPath: "/a", identity: 7, labels: { x: "1" } });

test.each([
  ["the same object", TASK, true],
  ["other labels and containers", { ...TASK, labels: {}, subcgroupPaths: ["/a/b"] }, true],
  ["made again under its name", { ...TASK, identity: 8 }, false],
  // Inodes are of one file system: another hierarchy has the same numbers.
  ["another path with the same inode", { ...TASK, cgroupPath: "/b" }, false],
] as const)("isSameCgroup() of %s", (_what, other, same) => {
  expect([isSameCgroup(TASK, other), isSameCgroup(other, TASK)]).toEqual([same, same]);
});
