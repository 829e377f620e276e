import { describe, expect, test } from "bun:test";
import { requirement } from "../support/requirement.ts";
import { needResctrl, type StartResctrlOptions, startResctrl } from "../support/resctrl-sim.ts";
import { answerTo, mkdir, read, rmdir, write } from "./refusal.ts";

const here = await requirement("a simulated resctrl", needResctrl);

const MACHINE: StartResctrlOptions = { layout: "abmc", domains: [0, 4], counters: 4, frozen: true };
const ASSIGNED = "mbm_total_bytes:0=e;4=e\nmbm_local_bytes:0=e;4=e\n";
const NOT_ENABLED = "mbm_event counter assignment mode is not enabled";
const FILTER = "info/L3_MON/event_configs/mbm_local_bytes/event_filter";

describe.skipIf(!here)("assignable counters of the simulated resctrl", () => {
  test("a new group gets one for each event and domain, and gives them back", async () => {
    using sim = await startResctrl(MACHINE);
    expect(read(sim, "info/L3_MON/mbm_assign_mode")).toBe("[mbm_event]\ndefault\n");
    expect(read(sim, "info/L3_MON/num_mbm_cntrs")).toBe("0=4;4=4\n");
    expect(read(sim, "mbm_L3_assignments")).toBe(ASSIGNED);
    expect(read(sim, "info/L3_MON/available_mbm_cntrs")).toBe("0=2;4=2\n");
    mkdir(sim, "a");
    expect(read(sim, "a/mbm_L3_assignments")).toBe(ASSIGNED);
    expect(read(sim, "info/L3_MON/available_mbm_cntrs")).toBe("0=0;4=0\n");
    rmdir(sim, "a");
    expect(read(sim, "info/L3_MON/available_mbm_cntrs")).toBe("0=2;4=2\n");
  });

  test("a group is made without when there are none left, and reads Unassigned", async () => {
    using sim = await startResctrl(MACHINE);
    mkdir(sim, "a");
    expect(answerTo(sim, () => mkdir(sim, "a/mon_groups/m"))).toEqual({
      status:
        "Failed to allocate counter for mbm_total_bytes in domain 0\n" +
        "Failed to allocate counter for mbm_local_bytes in domain 0",
    });
    expect(read(sim, "a/mon_groups/m/mbm_L3_assignments")).toBe(
      ASSIGNED.replaceAll("e;", "_;").replaceAll("=e", "=_"),
    );
    expect(read(sim, "a/mon_groups/m/mon_data/mon_L3_00/mbm_total_bytes")).toBe("Unassigned\n");
    expect(read(sim, "a/mon_groups/m/mon_data/mon_L3_00/llc_occupancy")).toBe("0\n");
    expect(read(sim, "a/mon_data/mon_L3_00/mbm_total_bytes")).toBe("0\n");
    write(sim, "a/mbm_L3_assignments", "mbm_total_bytes:0=_;4=_\nmbm_local_bytes:*=_\n");
    expect(read(sim, "info/L3_MON/available_mbm_cntrs")).toBe("0=2;4=2\n");
    expect(read(sim, "a/mon_data/mon_L3_00/mbm_total_bytes")).toBe("Unassigned\n");
    write(sim, "a/mon_groups/m/mbm_L3_assignments", "mbm_total_bytes:4=e\n");
    expect(read(sim, "a/mon_groups/m/mbm_L3_assignments")).toBe(
      "mbm_total_bytes:0=_;4=e\nmbm_local_bytes:0=_;4=_\n",
    );
    expect(read(sim, "a/mon_data/mon_L3_04/mbm_total_bytes")).toBe("0\n");
  });

  test("a counter starts from 0 when it is assigned", async () => {
    using sim = await startResctrl(MACHINE);
    mkdir(sim, "a");
    sim.command("set a 0 mbm_total_bytes 55");
    write(sim, "a/mbm_L3_assignments", "mbm_total_bytes:0=e\n");
    expect(read(sim, "a/mon_data/mon_L3_00/mbm_total_bytes")).toBe("55\n");
    write(sim, "a/mbm_L3_assignments", "mbm_total_bytes:0=_\n");
    write(sim, "a/mbm_L3_assignments", "mbm_total_bytes:0=e\n");
    expect(read(sim, "a/mon_data/mon_L3_00/mbm_total_bytes")).toBe("0\n");
  });

  test.each<[string, string, string]>([
    ["mbm_total_bytes:0=e", "EINVAL", "ok"],
    ["llc_occupancy:0=e\n", "ENOENT", "Invalid event llc_occupancy"],
    ["mbm_total_bytes:x=e\n", "EINVAL", "Missing domain id"],
    ["mbm_total_bytes:3=e\n", "EINVAL", "Invalid domain id 3"],
    ["mbm_total_bytes:0=s\n", "EINVAL", "Assign operation 'mbm_total_bytes:0=s' failed"],
    ["mbm_total_bytes:*=\n", "EINVAL", "Assign operation 'mbm_total_bytes:*=' failed"],
    [
      "mbm_total_bytes:4=e\n",
      "ENOSPC",
      "Failed to allocate counter for mbm_total_bytes in domain 4\nAssign operation 'mbm_total_bytes:4=e' failed",
    ],
  ])("mbm_L3_assignments refuses %j", async (text, code, status) => {
    using sim = await startResctrl(MACHINE);
    mkdir(sim, "a", "b");
    // mkdir had no counter left for b, and said so.
    write(sim, "b/mode", "shareable\n");
    expect(answerTo(sim, () => write(sim, "b/mbm_L3_assignments", text))).toEqual({ code, status });
  });

  test("nothing is assigned on mkdir when that is off", async () => {
    using sim = await startResctrl(MACHINE);
    write(sim, "info/L3_MON/mbm_assign_on_mkdir", "0\n");
    expect(read(sim, "info/L3_MON/mbm_assign_on_mkdir")).toBe("0\n");
    mkdir(sim, "a");
    expect(read(sim, "a/mbm_L3_assignments")).toBe("mbm_total_bytes:0=_;4=_\nmbm_local_bytes:0=_;4=_\n");
  });

  test("in default mode every group is counted, and the events of domains can be configured", async () => {
    using sim = await startResctrl(MACHINE);
    mkdir(sim, "a", "b");
    expect(read(sim, "info/L3_MON/mon_features")).toBe("llc_occupancy\nmbm_total_bytes\nmbm_local_bytes\n");
    expect(() => read(sim, "info/L3_MON/mbm_total_bytes_config")).toThrow("ENOENT");
    write(sim, "info/L3_MON/mbm_assign_mode", "default\n");
    expect(read(sim, "info/L3_MON/mbm_assign_mode")).toBe("[default]\nmbm_event\n");
    expect(read(sim, "b/mon_data/mon_L3_00/mbm_total_bytes")).toBe("0\n");
    expect(read(sim, "info/L3_MON/mbm_total_bytes_config")).toBe("0=0x7f;4=0x7f\n");
    for (const file of [
      "a/mbm_L3_assignments",
      "info/L3_MON/available_mbm_cntrs",
      "info/L3_MON/mbm_assign_on_mkdir",
      FILTER,
    ]) {
      expect(answerTo(sim, () => read(sim, file))).toEqual({ code: "EINVAL", status: NOT_ENABLED });
    }
    write(sim, "info/L3_MON/mbm_assign_mode", "mbm_event\n");
    expect(read(sim, "b/mon_data/mon_L3_00/mbm_total_bytes")).toBe("Unassigned\n");
  });

  test.each<[StartResctrlOptions, string, string]>([
    [MACHINE, "fixed\n", "Unsupported assign mode"],
    [{ layout: "snc" }, "mbm_event\n", "mbm_event mode is not supported"],
  ])("%j refuses the mode %j", async (options, mode, status) => {
    using sim = await startResctrl(options);
    const act = (): void => write(sim, "info/L3_MON/mbm_assign_mode", mode);
    expect(answerTo(sim, act)).toEqual({ code: "EINVAL", status });
  });

  test("event_filter names transactions", async () => {
    using sim = await startResctrl(MACHINE);
    expect(read(sim, FILTER)).toBe("local_reads,local_non_temporal_writes,local_reads_slow_memory\n");
    sim.command("set / 0 mbm_local_bytes 9\nset / 0 mbm_total_bytes 9");
    write(sim, FILTER, "dirty_victim_writes_all, local_reads\n");
    expect(read(sim, FILTER)).toBe("local_reads,dirty_victim_writes_all\n");
    expect(read(sim, "mon_data/mon_L3_00/mbm_local_bytes")).toBe("0\n");
    expect(read(sim, "mon_data/mon_L3_00/mbm_total_bytes")).toBe("9\n");
    expect(answerTo(sim, () => write(sim, FILTER, "local_reads,writes\n"))).toEqual({
      code: "EINVAL",
      status: "Invalid memory transaction type writes",
    });
  });
});
