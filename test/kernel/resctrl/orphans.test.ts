import { expect, spyOn, test } from "bun:test";
import { groupName, readOwner } from "../../../src/kernel/resctrl/group-name.ts";
import { removeOrphans } from "../../../src/kernel/resctrl/orphans.ts";
import { tempTree } from "../../support/tree.ts";

test("removeOrphans() looks once for each agent, however many groups it has", () => {
  using tree = tempTree({
    "proc/self/stat": `7 (wca) S ${"0 ".repeat(18)}99 0\n`,
    "proc/7/stat": `7 (wca) S ${"0 ".repeat(18)}99 0\n`,
    "sys/fs/resctrl/mon_groups/other/": "",
  });
  const self = readOwner(tree.host);
  for (let task = 0; task < 20; task++) {
    for (const owner of [self, { ...self, pid: 8 }]) {
      tree.write(`sys/fs/resctrl/mon_groups/${groupName(owner, `task-${task}`)}/`, "");
    }
  }
  using read = spyOn(tree.host, "read");
  expect(removeOrphans(tree.host)).toBe(20);
  expect(read.mock.calls.map(([path]) => path).sort()).toEqual(["/proc/7/stat", "/proc/8/stat"]);
  expect(tree.host.list("/sys/fs/resctrl/mon_groups").length).toBe(21);
});
