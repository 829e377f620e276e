import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { takeCensus } from "../../../src/kernel/resctrl/census.ts";
import {
  addThread,
  makeControlGroup,
  makeMonitoringGroup,
  parseThreads,
  readThreads,
  removeMonitoringGroup,
  renameMonitoringGroup,
} from "../../../src/kernel/resctrl/group.ts";
import { groupName } from "../../../src/kernel/resctrl/group-name.ts";
import { RESCTRL } from "../../../src/kernel/resctrl/paths.ts";
import { ResctrlError } from "../../../src/kernel/resctrl/resctrl-error.ts";
import { requirement } from "../../support/requirement.ts";
import { needResctrl, resctrlMachine } from "../../support/resctrl-sim.ts";
import { tempTree } from "../../support/tree.ts";

const OURS = groupName({ pid: 1, start: 2, namespace: 3 }, "t1");

/** Message and errno of what is thrown. */
function refusal(act: () => unknown): readonly [string, string, string | undefined] {
  try {
    act();
  } catch (error) {
    if (error instanceof ResctrlError) return [error.code, error.message, error.status];
    throw error;
  }
  throw new Error("It was not refused");
}

test("parseThreads() reads one id a line", () => {
  expect(parseThreads("")).toEqual([]);
  expect(parseThreads("1\n23\n\n456\n")).toEqual([1, 23, 456]);
});

test("a refusal tells that there is no last_cmd_status", () => {
  using tree = tempTree({});
  expect(refusal(() => makeMonitoringGroup(tree.host, RESCTRL, OURS))).toEqual([
    "ENOENT",
    `Cannot make "/sys/fs/resctrl/mon_groups/${OURS}": ENOENT, last_cmd_status cannot be read: resctrl is not mounted any more: mount -t resctrl resctrl /sys/fs/resctrl. Tried again every few rounds`,
    undefined,
  ]);
});

test.each(["foo", "wca-foo", `${OURS}x`, "wca-1-2-3-t1.0"])(
  "removeMonitoringGroup() never removes %j",
  (name) => {
    using tree = tempTree({ [`sys/fs/resctrl/mon_groups/${name}/`]: "" });
    expect(() => removeMonitoringGroup(tree.host, `${RESCTRL}/mon_groups/${name}`)).toThrow(
      new TypeError(
        `Cannot remove "/sys/fs/resctrl/mon_groups/${name}": an agent never makes a group of this name`,
      ),
    );
    expect(tree.host.list(`${RESCTRL}/mon_groups`)).toEqual([name]);
  },
);

describe.skipIf(!(await requirement("a simulated resctrl", needResctrl)))("on the simulator", () => {
  test("groups are made, renamed and removed, and removing one that is gone is fine", async () => {
    using machine = await resctrlMachine();
    const { host } = machine;
    const be = makeControlGroup(host, "be");
    const path = makeMonitoringGroup(host, RESCTRL, OURS);
    expect([be, path]).toEqual([`${RESCTRL}/be`, `${RESCTRL}/mon_groups/${OURS}`]);
    addThread(host, path, process.pid);
    expect(readThreads(host, path)).toEqual([process.pid]);
    expect(takeCensus(host)).toEqual({ control: 1, agents: 1, others: [] });
    removeMonitoringGroup(host, path);
    expect(readThreads(host, RESCTRL)).toContain(process.pid);
    const moved = renameMonitoringGroup(host, makeMonitoringGroup(host, RESCTRL, OURS), be);
    expect(moved).toBe(`${RESCTRL}/be/mon_groups/${OURS}`);
    removeMonitoringGroup(host, moved);
    removeMonitoringGroup(host, moved);
    expect(takeCensus(host)).toEqual({ control: 1, agents: 0, others: [] });
  });

  test("addThread() never changes the control group: the kernel refuses", async () => {
    using machine = await resctrlMachine();
    const { host } = machine;
    const path = makeMonitoringGroup(host, makeControlGroup(host, "be"), OURS);
    expect(refusal(() => addThread(host, path, process.pid))).toEqual([
      "EINVAL",
      `Cannot write "/sys/fs/resctrl/be/mon_groups/${OURS}/tasks": EINVAL, Can't move task to different control group; Error while processing task ${process.pid}`,
      `Can't move task to different control group; Error while processing task ${process.pid}`,
    ]);
    expect(readThreads(host, `${RESCTRL}/be`)).toEqual([]);
  });

  test("addThread() tells that a thread has ended", async () => {
    using machine = await resctrlMachine();
    const path = makeMonitoringGroup(machine.host, RESCTRL, OURS);
    const [code, , status] = refusal(() => addThread(machine.host, path, 4_194_303));
    expect([code, status]).toEqual(["ESRCH", "No task 4194303; Error while processing task 4194303"]);
  });

  test("makeControlGroup() tells that CLOSIDs have run out, how many there are and who has groups", async () => {
    using machine = await resctrlMachine({ closids: 3 });
    const { host, sim } = machine;
    for (const name of ["a", "b"]) makeControlGroup(host, name);
    for (const name of ["w", "x", "y", "z"]) fs.mkdirSync(`${sim.root}/a/mon_groups/${name}`);
    makeMonitoringGroup(host, RESCTRL, OURS);
    expect(refusal(() => makeControlGroup(host, "c"))).toEqual([
      "ENOSPC",
      'Cannot make "/sys/fs/resctrl/c": ENOSPC, Out of CLOSIDs: no CLOSID or no RMID is free, num_closids is L3 3, MB 3 and num_rmids is 192; in use: 1 by the root group, 2 by control groups, 1 by agents, 4 by others ("a/mon_groups/w", "a/mon_groups/x", "a/mon_groups/y" and 1 more). Let more tasks share a group, or remove groups that nobody needs',
      "Out of CLOSIDs",
    ]);
  });

  test("makeControlGroup() says no more than the kernel of another refusal", async () => {
    using machine = await resctrlMachine();
    makeControlGroup(machine.host, "a");
    expect(refusal(() => makeControlGroup(machine.host, "a"))).toEqual([
      "EEXIST",
      'Cannot make "/sys/fs/resctrl/a": EEXIST, last_cmd_status gives no reason',
      undefined,
    ]);
  });
});
