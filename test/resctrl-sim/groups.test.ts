import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { requirement } from "../support/requirement.ts";
import { needResctrl, type StartResctrlOptions, startResctrl } from "../support/resctrl-sim.ts";
import { answerTo, mkdir, read, rmdir, write } from "./refusal.ts";

const here = await requirement("a simulated resctrl", needResctrl);

const GROUP = ["cpus", "cpus_list", "tasks"];
const CONTROL = [...GROUP, "mode", "schemata", "size"];

describe.skipIf(!here)("groups of the simulated resctrl", () => {
  test.each<[StartResctrlOptions, { root: string[]; control?: string[]; mon?: string[] }]>([
    [
      { layout: "xeon" },
      {
        root: [...CONTROL, "info", "mon_data", "mon_groups"],
        control: [...CONTROL, "mon_data", "mon_groups"],
        mon: [...GROUP, "mon_data"],
      },
    ],
    [
      { layout: "mbps" },
      {
        root: [...CONTROL, "info", "mba_MBps_event", "mon_data", "mon_groups"],
        control: [...CONTROL, "mba_MBps_event", "mon_data", "mon_groups"],
        mon: [...GROUP, "mon_data"],
      },
    ],
    [
      { layout: "abmc", debug: true },
      {
        root: [...CONTROL, "ctrl_hw_id", "info", "mbm_L3_assignments", "mon_data", "mon_groups", "mon_hw_id"],
        control: [...CONTROL, "ctrl_hw_id", "mbm_L3_assignments", "mon_data", "mon_groups", "mon_hw_id"],
        mon: [...GROUP, "mbm_L3_assignments", "mon_data", "mon_hw_id"],
      },
    ],
    [{ layout: "no-monitoring" }, { root: [...CONTROL, "info"], control: CONTROL }],
    [
      { layout: "monitor-only" },
      { root: [...CONTROL, "info", "mon_data", "mon_groups"], mon: [...GROUP, "mon_data"] },
    ],
  ])("mkdir fills a group of %j", async (options, { root, control, mon }) => {
    using sim = await startResctrl(options);
    expect(fs.readdirSync(sim.root).sort()).toEqual([...root].sort());
    if (control) {
      mkdir(sim, "a");
      expect(fs.readdirSync(`${sim.root}/a`).sort()).toEqual([...control].sort());
    }
    if (mon) {
      mkdir(sim, "mon_groups/m");
      expect(fs.readdirSync(`${sim.root}/mon_groups/m`).sort()).toEqual([...mon].sort());
    }
  });

  test.each<[string, string, string]>([
    ["info/a", "ENODEV", "ok"],
    ["a/b", "EPERM", "ok"],
    ["mon_data/b", "EPERM", "ok"],
    ["a/mon_groups/mon_groups", "EPERM", "ok"],
    ["a/mon_groups/m/n", "EPERM", "ok"],
    ["a\nb", "EINVAL", "ok"],
    ["a/mon_groups/m\n", "EINVAL", "ok"],
    ["a", "EEXIST", "ok"],
    ["tasks", "EEXIST", "ok"],
    [".", "EEXIST", "ok"],
    ["absent/b", "ENOENT", "ok"],
  ])("mkdir %j answers %s", async (name, code, status) => {
    using sim = await startResctrl();
    mkdir(sim, "a", "a/mon_groups/m");
    expect(answerTo(sim, () => mkdir(sim, name))).toEqual({ code, status });
  });

  test("mkdir in the root answers EPERM where nothing can be allotted", async () => {
    using sim = await startResctrl({ layout: "monitor-only" });
    expect(answerTo(sim, () => mkdir(sim, "a"))).toEqual({ code: "EPERM", status: "ok" });
  });

  test.each<[string, string]>([
    ["info", "EPERM"],
    ["info/L3", "EPERM"],
    ["mon_data", "EPERM"],
    ["mon_groups", "EPERM"],
    ["a/mon_groups", "EPERM"],
    ["a/mon_data/mon_L3_00", "EPERM"],
    ["a/tasks", "ENOTDIR"],
    ["absent", "ENOENT"],
  ])("rmdir %j answers %s", async (name, code) => {
    using sim = await startResctrl();
    mkdir(sim, "a");
    expect(answerTo(sim, () => rmdir(sim, name)).code).toBe(code);
  });

  test("rmdir of a control group takes its mon groups along", async () => {
    using sim = await startResctrl({ rmids: 4 });
    mkdir(sim, "a", "a/mon_groups/m", "a/mon_groups/n");
    rmdir(sim, "a");
    expect(fs.existsSync(`${sim.root}/a`)).toBe(false);
    mkdir(sim, "b", "b/mon_groups/m", "b/mon_groups/n");
    expect(fs.readdirSync(`${sim.root}/b/mon_groups`)).toEqual(["m", "n"]);
  });

  test.each<[StartResctrlOptions, string[], string, { code: string; status: string }]>([
    [{ closids: 3 }, ["a", "b"], "c", { code: "ENOSPC", status: "Out of CLOSIDs" }],
    [{ l3Closids: 16, mbClosids: 2 }, ["a"], "c", { code: "ENOSPC", status: "Out of CLOSIDs" }],
    [{ layout: "cdp", closids: 4 }, ["a"], "c", { code: "ENOSPC", status: "Out of CLOSIDs" }],
    [{ rmids: 2 }, ["a"], "a/mon_groups/m", { code: "ENOSPC", status: "Out of RMIDs" }],
    [{ rmids: 2 }, ["a"], "b", { code: "ENOSPC", status: "Out of RMIDs" }],
  ])("%j with groups %j has no room for %s", async (options, groups, one, answer) => {
    using sim = await startResctrl(options);
    mkdir(sim, ...groups);
    expect(answerTo(sim, () => mkdir(sim, one))).toEqual(answer);
    rmdir(sim, groups.at(-1) ?? "");
    if (!one.includes("/")) mkdir(sim, one);
  });

  test("a group that found no RMID gives its CLOSID back", async () => {
    using sim = await startResctrl({ closids: 3, rmids: 2, debug: true });
    mkdir(sim, "a");
    expect(answerTo(sim, () => mkdir(sim, "b"))).toEqual({ code: "ENOSPC", status: "Out of RMIDs" });
    rmdir(sim, "a");
    mkdir(sim, "c");
    expect(read(sim, "c/ctrl_hw_id")).toBe("1\n");
  });

  test("mkdir answers EBUSY while all free RMIDs are in limbo for a time", async () => {
    using sim = await startResctrl({ rmids: 2, limboMs: 500, frozen: true });
    mkdir(sim, "a");
    rmdir(sim, "a");
    expect(answerTo(sim, () => mkdir(sim, "b"))).toEqual({ code: "EBUSY", status: "Out of RMIDs" });
    sim.command("advance 499");
    expect(answerTo(sim, () => mkdir(sim, "b")).code).toBe("EBUSY");
    sim.command("advance 1");
    expect(answerTo(sim, () => mkdir(sim, "b"))).toEqual({ status: "ok" });
  });

  test("mkdir answers EBUSY for a number of attempts", async () => {
    using sim = await startResctrl({ rmids: 2, limboAttempts: 2 });
    mkdir(sim, "mon_groups/a");
    rmdir(sim, "mon_groups/a");
    const codes = [1, 2, 3].map(() => answerTo(sim, () => mkdir(sim, "mon_groups/b")).code);
    expect(codes).toEqual(["EBUSY", "EBUSY", undefined]);
  });

  test("there is no limbo where occupancy is not monitored", async () => {
    using sim = await startResctrl({ rmids: 2, limboMs: 500, frozen: true, features: ["mbm_total_bytes"] });
    mkdir(sim, "a");
    rmdir(sim, "a");
    expect(answerTo(sim, () => mkdir(sim, "b"))).toEqual({ status: "ok" });
  });

  test("a mon group can be renamed and keeps its RMID", async () => {
    using sim = await startResctrl({ debug: true });
    mkdir(sim, "a", "b", "a/mon_groups/m");
    const rmid = read(sim, "a/mon_groups/m/mon_hw_id");
    const kept = fs.openSync(`${sim.root}/a/mon_groups/m/mon_hw_id`, "r");
    fs.renameSync(`${sim.root}/a/mon_groups/m`, `${sim.root}/b/mon_groups/n`);
    expect(fs.readdirSync(`${sim.root}/a/mon_groups`)).toEqual([]);
    expect(read(sim, "b/mon_groups/n/mon_hw_id")).toBe(rmid);
    const buffer = Buffer.alloc(16);
    expect(buffer.toString("utf8", 0, fs.readSync(kept, buffer, 0, 16, 0))).toBe(rmid);
    fs.closeSync(kept);
  });

  test.each<[string, string, { code: string; status: string }]>([
    ["a", "c", { code: "EPERM", status: "Source must be a MON group" }],
    ["a/mon_groups/m", "c", { code: "EPERM", status: "Destination must be a mon_groups subdirectory" }],
    ["a/mon_groups/m", "b/mon_groups/n", { code: "EEXIST", status: "ok" }],
    [
      "a/mon_groups/c",
      "b/mon_groups/c",
      { code: "EPERM", status: "Cannot move a MON group that monitors CPUs" },
    ],
    ["info/L3", "c", { code: "ENOENT", status: "ok" }],
  ])("rename of %s to %s is refused", async (from, to, answer) => {
    using sim = await startResctrl();
    mkdir(sim, "a", "b", "a/mon_groups/m", "a/mon_groups/c", "b/mon_groups/n");
    write(sim, "a/cpus_list", "0");
    write(sim, "a/mon_groups/c/cpus_list", "0");
    expect(answerTo(sim, () => fs.renameSync(`${sim.root}/${from}`, `${sim.root}/${to}`))).toEqual(answer);
  });

  test("a kept descriptor of a removed group answers ENODEV, also when a new one has its name", async () => {
    using sim = await startResctrl();
    mkdir(sim, "a");
    const inode = fs.statSync(`${sim.root}/a`).ino;
    const descriptor = fs.openSync(`${sim.root}/a/mon_data/mon_L3_00/llc_occupancy`, "r");
    const buffer = Buffer.alloc(64);
    expect(fs.readSync(descriptor, buffer, 0, 64, 0)).toBe(2);
    rmdir(sim, "a");
    mkdir(sim, "a");
    expect(() => fs.readSync(descriptor, buffer, 0, 64, 0)).toThrow("ENODEV");
    fs.closeSync(descriptor);
    expect(fs.statSync(`${sim.root}/a`).ino).not.toBe(inode);
  });

  test.each<[string, string]>([
    ["size", "EACCES"],
    ["info/L3/cbm_mask", "EACCES"],
    ["mon_data/mon_L3_00/llc_occupancy", "EACCES"],
    ["fresh", "EACCES"],
    ["info/fresh", "EACCES"],
  ])("%s cannot be opened to write", async (file, code) => {
    using sim = await startResctrl();
    expect(answerTo(sim, () => write(sim, file, "1\n")).code).toBe(code);
  });

  test("no file can be removed", async () => {
    using sim = await startResctrl();
    expect(() => fs.unlinkSync(`${sim.root}/tasks`)).toThrow("EPERM");
  });

  test("a write of more than a page answers E2BIG", async () => {
    using sim = await startResctrl();
    expect(answerTo(sim, () => write(sim, "schemata", `L3:0=f${" ".repeat(4096)}\n`)).code).toBe("E2BIG");
  });
});
