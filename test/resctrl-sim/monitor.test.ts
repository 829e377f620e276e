import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { requirement } from "../support/requirement.ts";
import {
  needResctrl,
  type ResctrlSim,
  type StartResctrlOptions,
  startResctrl,
} from "../support/resctrl-sim.ts";
import { answerTo, mkdir, read, write } from "./refusal.ts";

const here = await requirement("a simulated resctrl", needResctrl);
const EVENTS = ["llc_occupancy", "mbm_local_bytes", "mbm_total_bytes"];
const OCCUPANCY = "mon_L3_00/llc_occupancy";
const TOTAL = "mon_L3_00/mbm_total_bytes";
const LOCAL = "mon_L3_00/mbm_local_bytes";

interface Sleepers extends Disposable {
  readonly pids: readonly number[];
}

/** Processes of one thread each, in the group. */
function sleepersIn(sim: ResctrlSim, group: string, count: number): Sleepers {
  const children = Array.from({ length: count }, () => Bun.spawn(["sleep", "1000"], { stdin: "ignore" }));
  const pids = children.map((child) => child.pid);
  if (group.includes("/mon_groups/")) write(sim, `${group.split("/")[0]}/tasks`, pids.join());
  write(sim, `${group}/tasks`, pids.join());
  return {
    pids,
    [Symbol.dispose]() {
      for (const child of children) child.kill("SIGKILL");
    },
  };
}

function value(sim: ResctrlSim, group: string, file: string): string {
  return read(sim, `${group}/mon_data/${file}`).trimEnd();
}

describe.skipIf(!here)("monitoring of the simulated resctrl", () => {
  test.each<[StartResctrlOptions, Record<string, string[]>]>([
    [
      { domains: [0, 4, 12, 100] },
      Object.fromEntries(["00", "04", "12", "100"].map((id) => [`mon_L3_${id}`, EVENTS])),
    ],
    [{ domains: [0], features: ["llc_occupancy"] }, { mon_L3_00: ["llc_occupancy"] }],
    [{ domains: [0], features: ["mbm_local_bytes"] }, { mon_L3_00: ["mbm_local_bytes"] }],
    [
      { layout: "snc" },
      {
        mon_L3_00: [...EVENTS, "mon_sub_L3_00", "mon_sub_L3_01"],
        "mon_L3_00/mon_sub_L3_00": EVENTS,
        "mon_L3_00/mon_sub_L3_01": EVENTS,
        mon_L3_01: [...EVENTS, "mon_sub_L3_02", "mon_sub_L3_03"],
        "mon_L3_01/mon_sub_L3_02": EVENTS,
        "mon_L3_01/mon_sub_L3_03": EVENTS,
      },
    ],
  ])("%j has directories of domains", async (options, expected) => {
    using sim = await startResctrl(options);
    mkdir(sim, "a");
    const found: Record<string, string[]> = {};
    for (const entry of fs.readdirSync(`${sim.root}/a/mon_data`, { recursive: true, withFileTypes: true })) {
      const directory = entry.parentPath.slice(`${sim.root}/a/mon_data/`.length);
      if (directory !== "") found[directory] = [...(found[directory] ?? []), entry.name].sort();
    }
    expect(found).toEqual(expected);
  });

  test.each<[string, StartResctrlOptions, string, string, string]>([
    ["nothing throttles", {}, "", "128000000", "96000000"],
    ["40 % are left", {}, "MB:0=40\n", "51200000", "38400000"],
    ["50 MB/s are left", { layout: "mbps" }, "MB:0=50\n", "52428800", "39321600"],
    ["more MB/s are left than wanted", { layout: "mbps" }, "MB:0=500\n", "128000000", "96000000"],
    ["an eighth of a GB/s is left", { layout: "amd", domains: [0, 1] }, "MB:0=1\n", "125000000", "93750000"],
    ["there is no MB", { layout: "no-mb" }, "", "128000000", "96000000"],
    ["threads are faster", { threadRate: 1_000_000_000 }, "", "2000000000", "1500000000"],
  ])("two threads move so many bytes a second when %s", async (_, options, schemata, total, local) => {
    using sim = await startResctrl({ frozen: true, ...options });
    mkdir(sim, "a");
    if (schemata !== "") write(sim, "a/schemata", schemata);
    using _sleepers = sleepersIn(sim, "a", 2);
    expect(value(sim, "a", TOTAL)).toBe("0");
    sim.command("advance 1000");
    expect([value(sim, "a", TOTAL), value(sim, "a", LOCAL)]).toEqual([total, local]);
    expect(value(sim, "a", "mon_L3_01/mbm_total_bytes")).toBe(
      schemata.startsWith("MB") ? String(2 * 64_000_000) : total,
    );
  });

  test("counters grow with the real clock unless it is frozen", async () => {
    using sim = await startResctrl();
    mkdir(sim, "a");
    using _sleepers = sleepersIn(sim, "a", 1);
    while (Number(value(sim, "a", TOTAL)) < 1_000_000) await Bun.sleep(1);
    sim.command("freeze");
    const frozen = value(sim, "a", TOTAL);
    await Bun.sleep(5);
    expect(value(sim, "a", TOTAL)).toBe(frozen);
    sim.command("thaw");
    while (value(sim, "a", TOTAL) === frozen) await Bun.sleep(1);
  });

  test("a change of schemata or of threads does not reach back", async () => {
    using sim = await startResctrl({ frozen: true });
    mkdir(sim, "a");
    using sleepers = sleepersIn(sim, "a", 2);
    sim.command("advance 1000");
    write(sim, "a/schemata", "MB:0=50\n");
    sim.command("advance 1000");
    write(sim, "tasks", String(sleepers.pids[0]));
    sim.command("advance 1000");
    expect(value(sim, "a", TOTAL)).toBe(String(128_000_000 + 64_000_000 + 32_000_000));
  });

  test("a control group reads the sum of its own and of its mon groups", async () => {
    using sim = await startResctrl({ frozen: true });
    mkdir(sim, "a", "a/mon_groups/m", "a/mon_groups/n", "b");
    using _a = sleepersIn(sim, "a", 1);
    using _m = sleepersIn(sim, "a/mon_groups/m", 2);
    using _n = sleepersIn(sim, "a/mon_groups/n", 3);
    sim.command("advance 500");
    const groups = ["a", "a/mon_groups/m", "a/mon_groups/n", "b"];
    expect(groups.map((group) => value(sim, group, TOTAL))).toEqual([
      "192000000",
      "64000000",
      "96000000",
      "0",
    ]);
    expect(groups.map((group) => value(sim, group, OCCUPANCY))).toEqual([
      "12582912",
      "4194304",
      "6291456",
      "0",
    ]);
  });

  test("occupancy is bounded by the ways of the control group", async () => {
    using sim = await startResctrl();
    mkdir(sim, "a", "a/mon_groups/m");
    using _a = sleepersIn(sim, "a", 1);
    using _m = sleepersIn(sim, "a/mon_groups/m", 1);
    write(sim, "a/schemata", "L3:0=1;1=3\n");
    // One of twenty ways of 35 MiB for both of them.
    expect(value(sim, "a", OCCUPANCY)).toBe("1835008");
    expect(value(sim, "a/mon_groups/m", OCCUPANCY)).toBe("917504");
    expect(value(sim, "a", "mon_L3_01/llc_occupancy")).toBe("3670016");
  });

  test("with sub-NUMA clusters each node has its part of the ways", async () => {
    using sim = await startResctrl({ layout: "snc" });
    mkdir(sim, "a");
    using _sleepers = sleepersIn(sim, "a", 2);
    write(sim, "a/schemata", "L3:0=1\n");
    // One of fifteen ways of 60 MiB.
    expect(value(sim, "a", OCCUPANCY)).toBe("4194304");
    expect(value(sim, "a", "mon_L3_00/mon_sub_L3_01/llc_occupancy")).toBe("2097152");
    expect(value(sim, "a", "mon_L3_01/llc_occupancy")).toBe("8388608");
  });

  test("a thread's bytes stay with the group it was in", async () => {
    using sim = await startResctrl({ frozen: true });
    mkdir(sim, "a", "b");
    using sleepers = sleepersIn(sim, "a", 1);
    sim.command("advance 1000");
    write(sim, "b/tasks", sleepers.pids.join());
    sim.command("advance 250");
    expect([value(sim, "a", TOTAL), value(sim, "b", TOTAL)]).toEqual(["64000000", "16000000"]);
    expect([value(sim, "a", OCCUPANCY), value(sim, "b", OCCUPANCY)]).toEqual(["0", "2097152"]);
  });

  test("with sub-NUMA clusters a cache reads the sum of its nodes", async () => {
    using sim = await startResctrl({ layout: "snc", frozen: true });
    mkdir(sim, "a");
    sim.command("set a 0 mbm_total_bytes 1\nset a 1 mbm_total_bytes 10\nset a 2 mbm_total_bytes 100");
    const files = ["mon_L3_00", "mon_L3_00/mon_sub_L3_00", "mon_L3_00/mon_sub_L3_01", "mon_L3_01"];
    expect(files.map((file) => value(sim, "a", `${file}/mbm_total_bytes`))).toEqual(["11", "1", "10", "100"]);
    sim.command("answer a 1 mbm_total_bytes Error");
    expect(files.map((file) => value(sim, "a", `${file}/mbm_total_bytes`))).toEqual([
      "1",
      "1",
      "Error",
      "100",
    ]);
    sim.command("answer a 0 mbm_total_bytes Error");
    expect(value(sim, "a", "mon_L3_00/mbm_total_bytes")).toBe("Unavailable");
  });

  test("a reading can be a word, which a control group shows only if all of its readings are", async () => {
    using sim = await startResctrl({ frozen: true });
    mkdir(sim, "a", "a/mon_groups/m");
    sim.command("set a/mon_groups/m * mbm_total_bytes 7");
    for (const word of ["Unavailable", "Error", "Unassigned"]) {
      sim.command(`answer a/mon_groups/m 0 mbm_total_bytes ${word}`);
      expect(value(sim, "a/mon_groups/m", TOTAL)).toBe(word);
      expect(value(sim, "a", TOTAL)).toBe("0");
    }
    sim.command("answer a * * Error");
    expect(value(sim, "a", TOTAL)).toBe("Unassigned");
    sim.command("answer a/mon_groups/m 0 mbm_total_bytes number");
    expect(value(sim, "a", TOTAL)).toBe("7");
  });

  test("counters wrap at the number of bits they show, and can start again", async () => {
    using sim = await startResctrl({ frozen: true });
    mkdir(sim, "a");
    sim.command(`set a 0 mbm_total_bytes ${2 ** 32 - 1}\nset a 1 mbm_total_bytes 18446744073709551615`);
    sim.command("bits 32");
    using _sleepers = sleepersIn(sim, "a", 1);
    sim.command("advance 1");
    expect(value(sim, "a", TOTAL)).toBe("63999");
    sim.command("bits 64");
    expect(value(sim, "a", TOTAL)).toBe(String(2 ** 32 - 1 + 64_000));
    expect(value(sim, "a", "mon_L3_01/mbm_total_bytes")).toBe("63999");
    sim.command("set a * mbm_total_bytes 0");
    expect(value(sim, "a", TOTAL)).toBe("0");
  });

  test("occupancy that was set stays", async () => {
    using sim = await startResctrl();
    mkdir(sim, "a");
    sim.command("set a 0 llc_occupancy 123");
    using _sleepers = sleepersIn(sim, "a", 1);
    expect(value(sim, "a", OCCUPANCY)).toBe("123");
    expect(value(sim, "a", "mon_L3_01/llc_occupancy")).toBe("2097152");
  });
});

describe.skipIf(!here)("configuration of events of the simulated resctrl", () => {
  test("a change clears the counters of the domain, and the next reading of each is unavailable", async () => {
    using sim = await startResctrl({ layout: "amd", domains: [0, 4], frozen: true });
    mkdir(sim, "a");
    sim.command("set a * mbm_total_bytes 9\nset a * mbm_local_bytes 9");
    write(sim, "info/L3_MON/mbm_local_bytes_config", "4=0x1f\n");
    expect(read(sim, "info/L3_MON/mbm_local_bytes_config")).toBe("0=0x15;4=0x1f\n");
    const files = ["mon_L3_00/mbm_total_bytes", "mon_L3_04/mbm_total_bytes", "mon_L3_04/mbm_local_bytes"];
    const readAll = (): string[] => files.map((file) => value(sim, "a", file));
    expect(readAll()).toEqual(["9", "Unavailable", "Unavailable"]);
    expect(readAll()).toEqual(["9", "0", "0"]);
    // The same again is no change.
    write(sim, "info/L3_MON/mbm_local_bytes_config", "4=0x1f\n");
    expect(readAll()).toEqual(["9", "0", "0"]);
  });

  test.each<[string, string]>([
    ["x=1\n", "Missing '=' or non-numeric domain id"],
    ["0\n", "Non-numeric event configuration value"],
    ["0=80\n", "Invalid event configuration: max valid mask is 0x7f"],
    ["9=1\n", "ok"],
    ["0=1", "ok"],
  ])("mbm_total_bytes_config refuses %j", async (text, status) => {
    using sim = await startResctrl({ layout: "amd" });
    const act = (): void => write(sim, "info/L3_MON/mbm_total_bytes_config", text);
    expect(answerTo(sim, act)).toEqual({ code: "EINVAL", status });
  });
});
