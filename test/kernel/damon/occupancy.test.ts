import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { markOfProcess } from "../../../src/kernel/damon/mark.ts";
import { readDamonOccupancy } from "../../../src/kernel/damon/occupancy.ts";
import { KernelHost } from "../../../src/kernel/host.ts";
import { tempTree } from "../../support/tree.ts";

const KDAMONDS = "sys/kernel/mm/damon/admin/kdamonds";
const WATERMARKS = `${KDAMONDS}/0/contexts/0/schemes/0/watermarks`;
const MARK = 0x574341;

function stat(pid: number, started: number): string {
  const after = ["S", "1", ...Array.from({ length: 17 }, () => "0"), started, "7", "8"];
  return `${pid} (a (b) c) ${after.join(" ")}\n`;
}

function markedBy(pid: number, started: number): Record<string, string> {
  return {
    [`${KDAMONDS}/nr_kdamonds`]: "1\n",
    [`${WATERMARKS}/high`]: `${MARK}\n`,
    [`${WATERMARKS}/mid`]: `${pid}\n`,
    [`${WATERMARKS}/low`]: `${started}\n`,
  };
}

function occupancyOf(files: Readonly<Record<string, string>>) {
  using tree = tempTree(files);
  return readDamonOccupancy(tree.host);
}

describe("readDamonOccupancy()", () => {
  test("is free when there is no kdamond", () => {
    expect(occupancyOf({ [`${KDAMONDS}/nr_kdamonds`]: "0\n" })).toEqual({ kind: "free", orphaned: false });
  });

  test("is impossible without the files", () => {
    expect(occupancyOf({})).toEqual({
      kind: "impossible",
      reason: `/${KDAMONDS}/nr_kdamonds: ENOENT, needs Linux 6.6 with CONFIG_DAMON_SYSFS and /sys mounted`,
    });
  });

  test("is somebody else's when it has no mark of ours, and says what is there and how to end it", () => {
    const occupancy = occupancyOf({
      [`${KDAMONDS}/nr_kdamonds`]: "2\n",
      [`${KDAMONDS}/0/state`]: "on\n",
      [`${KDAMONDS}/0/contexts/0/schemes/nr_schemes`]: "2\n",
      [`${KDAMONDS}/0/contexts/0/schemes/0/action`]: "pageout\n",
      [`${KDAMONDS}/0/contexts/0/schemes/1/action`]: "pageout\n",
      [`${WATERMARKS}/high`]: "0\n",
      [`${WATERMARKS}/mid`]: "0\n",
      [`${WATERMARKS}/low`]: "0\n",
      [`${KDAMONDS}/1/state`]: "off\n",
    });
    expect(occupancy).toEqual({
      kind: "taken",
      reason: `something else has set it up: nr_kdamonds is 2, kdamond 0 is on with the action pageout, kdamond 1 is off. If nothing needs that any more: write off to the state of each and 0 to /${KDAMONDS}/nr_kdamonds`,
    });
  });

  test("is another agent's while that runs", () => {
    expect(occupancyOf({ ...markedBy(7, 500), "proc/7/stat": stat(7, 500) })).toEqual({
      kind: "taken",
      reason: "another agent, process 7, uses it",
    });
  });

  test.each([
    ["ended", {}],
    ["ended, and another process has its number", { "proc/7/stat": stat(7, 501) }],
  ])("is free when the agent that has it %s", (_, files) => {
    expect(occupancyOf({ ...markedBy(7, 500), ...files })).toEqual({ kind: "free", orphaned: true });
  });

  test.each(["damon_reclaim", "damon_lru_sort", "damon_stat"])("is taken while %s is enabled", (module) => {
    const enabled = `sys/module/${module}/parameters/enabled`;
    const kdamonds = { [`${KDAMONDS}/nr_kdamonds`]: "0\n" };
    expect(occupancyOf({ ...kdamonds, [enabled]: "Y\n" })).toEqual({
      kind: "taken",
      reason: `the module ${module} has it (/${enabled} is Y)`,
    });
    expect(occupancyOf({ ...kdamonds, [enabled]: "N\n" }).kind).toBe("free");
  });
});

test("markOfProcess() tells processes of this host by number and start", () => {
  const host = new KernelHost();
  const self = markOfProcess(host, "self");
  expect(self).toEqual({ pid: process.pid, started: expect.any(Number) });
  // In /proc/PID/stat of proc_pid_stat(5) the start is in clock ticks after boot.
  const uptime = Number.parseFloat(fs.readFileSync("/proc/uptime", "utf8"));
  expect(self?.started).toBeGreaterThan(0);
  expect((self?.started ?? 0) / host.ticksPerSecond).toBeLessThanOrEqual(uptime);
  expect(markOfProcess(host, 1)?.started).toBeLessThan(self?.started ?? 0);
  expect(markOfProcess(host, 2 ** 30)).toBeUndefined();
});
