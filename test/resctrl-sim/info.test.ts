import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { requirement } from "../support/requirement.ts";
import { needResctrl, type StartResctrlOptions, startResctrl } from "../support/resctrl-sim.ts";
import { answerTo, mkdir, read, write } from "./refusal.ts";

const here = await requirement("a simulated resctrl", needResctrl);

const CACHE = {
  bit_usage: "0=XXSSSSSSSSSSSSSSSSSS;1=XXSSSSSSSSSSSSSSSSSS",
  cbm_mask: "fffff",
  min_cbm_bits: "1",
  num_closids: "16",
  shareable_bits: "c0000",
  sparse_masks: "0",
};
const PERCENT = {
  bandwidth_gran: "10",
  delay_linear: "1",
  min_bandwidth: "10",
  num_closids: "8",
  thread_throttle_mode: "max",
};
const EIGHTHS = { bandwidth_gran: "1", delay_linear: "0", min_bandwidth: "0", num_closids: "16" };
const L3_MON = {
  max_threshold_occupancy: "65536",
  mon_features: "llc_occupancy\nmbm_total_bytes\nmbm_local_bytes",
  num_rmids: "192",
};
const HALF = { ...CACHE, num_closids: "8" };
const L2 = {
  bit_usage: "0=SSSSSSSS",
  cbm_mask: "ff",
  min_cbm_bits: "1",
  num_closids: "8",
  shareable_bits: "0",
  sparse_masks: "0",
};

describe.skipIf(!here)("info of the simulated resctrl", () => {
  test.each<[StartResctrlOptions, Record<string, unknown>]>([
    [{ layout: "xeon" }, { L3: CACHE, L3_MON, MB: PERCENT }],
    [{ layout: "cdp" }, { L3CODE: HALF, L3DATA: HALF, L3_MON, MB: PERCENT }],
    [
      { layout: "l2", l2Domains: [0] },
      { L2, L3_MON, MB: PERCENT },
    ],
    [
      { layout: "l2cdp", l2Domains: [0] },
      { L2CODE: { ...L2, num_closids: "4" }, L2DATA: { ...L2, num_closids: "4" }, L3_MON, MB: PERCENT },
    ],
    [{ layout: "no-mb" }, { L3: CACHE, L3_MON }],
    [{ layout: "monitor-only" }, { L3_MON }],
    [{ layout: "no-monitoring" }, { L3: CACHE, MB: PERCENT }],
    [
      { features: ["llc_occupancy"] },
      { L3: CACHE, L3_MON: { ...L3_MON, mon_features: "llc_occupancy" }, MB: PERCENT },
    ],
    [
      { layout: "amd", domains: [0], cbmBits: 4 },
      {
        L3: {
          bit_usage: "0=SSSS",
          cbm_mask: "f",
          min_cbm_bits: "0",
          num_closids: "16",
          shareable_bits: "0",
          sparse_masks: "1",
        },
        L3_MON: {
          max_threshold_occupancy: "65536",
          mbm_assign_mode: "[default]",
          mbm_local_bytes_config: "0=0x15",
          mbm_total_bytes_config: "0=0x7f",
          mon_features:
            "llc_occupancy\nmbm_total_bytes\nmbm_total_bytes_config\nmbm_local_bytes\nmbm_local_bytes_config",
          num_rmids: "256",
        },
        MB: EIGHTHS,
        SMBA: EIGHTHS,
      },
    ],
  ])("%j", async (options, expected) => {
    using sim = await startResctrl(options);
    expect(contents(`${sim.root}/info`)).toEqual({ last_cmd_status: "ok", ...expected });
  });

  test("max_threshold_occupancy can be set up to the size of the cache", async () => {
    using sim = await startResctrl();
    write(sim, "info/L3_MON/max_threshold_occupancy", "1000");
    expect(read(sim, "info/L3_MON/max_threshold_occupancy")).toBe("1000\n");
    const tooMuch = (): void => write(sim, "info/L3_MON/max_threshold_occupancy", "99999999999");
    expect(answerTo(sim, tooMuch).code).toBe("EINVAL");
  });

  test("mba_MBps_event takes an event that there is", async () => {
    using sim = await startResctrl({ layout: "mbps", features: ["llc_occupancy", "mbm_total_bytes"] });
    mkdir(sim, "a");
    expect(read(sim, "a/mba_MBps_event")).toBe("mbm_total_bytes\n");
    expect(answerTo(sim, () => write(sim, "a/mba_MBps_event", "mbm_local_bytes\n"))).toEqual({
      code: "EINVAL",
      status: "Unsupported event id 'mbm_local_bytes'",
    });
  });

  test("last_cmd_status is about the last write alone", async () => {
    using sim = await startResctrl();
    expect(answerTo(sim, () => write(sim, "schemata", "L3:0=0\n")).status).toBe("Mask out of range");
    expect(read(sim, "info/last_cmd_status")).toBe("Mask out of range\n");
    expect(answerTo(sim, () => write(sim, "schemata", "L3:0=1\n"))).toEqual({ status: "ok" });
  });
});

/** Directories as objects, files as text without the newline at the end. */
function contents(directory: string): unknown {
  const entries = fs.readdirSync(directory, { withFileTypes: true });
  return Object.fromEntries(
    entries.map((entry) => {
      const path = `${directory}/${entry.name}`;
      const value = entry.isDirectory() ? contents(path) : fs.readFileSync(path, "utf8").replace(/\n$/, "");
      return [entry.name, value];
    }),
  );
}
