import { expect, test } from "bun:test";
import { MonData } from "../../../src/kernel/resctrl/mon-data.ts";
import { clearMonitored, MonSums } from "../../../src/kernel/resctrl/mon-sums.ts";
import type { Measurement } from "../../../src/model/metric.ts";
import { type Tree, tempTree } from "../../support/tree.ts";

const GROUP = "/sys/fs/resctrl/mon_groups/g";
const TOTAL = "task_mem_bandwidth_bytes";
const OCCUPANCY = "task_llc_occupancy_bytes";

function at(domain: string, event: string): string {
  return `${GROUP.slice(1)}/mon_data/${domain}/${event}`;
}

function groupOf(files: Readonly<Record<string, string>>): Tree {
  return tempTree(
    Object.fromEntries(
      Object.entries(files).map(([file, text]) => [`${GROUP.slice(1)}/mon_data/${file}`, text]),
    ),
  );
}

/** Reads once and gives what comes of it. */
function reading(data: MonData): () => Record<string, Measurement> | "gone" {
  const sums = new MonSums();
  const measurements: Record<string, Measurement> = {};
  return () => {
    sums.begin();
    const isThere = data.read(sums);
    sums.emit(measurements);
    return isThere ? { ...measurements } : "gone";
  };
}

test("MonData reads what the directories are, whatever they are called, and no sub-NUMA cluster twice", () => {
  using tree = groupOf({
    "mon_L3_00/llc_occupancy": "30\n",
    "mon_L3_00/mon_sub_L3_00/llc_occupancy": "10\n",
    "mon_L3_00/mon_sub_L3_01/llc_occupancy": "20\n",
    "mon_L3_17/llc_occupancy": "4\n",
    "mon_L3_17/mbm_total_bytes": "9\n",
    "mon_PERF_PKG_00/core_energy": "12.5\n",
    "mon_CXL_03/mbm_total_bytes": "5\n",
  });
  const data = new MonData(tree.host, GROUP);
  expect(reading(data)()).toEqual({ [OCCUPANCY]: 34, [TOTAL]: 14 });
  data.close();
  expect(tree.host.keptFiles).toBe(0);
});

test("MonData leaves out a cache that never told its occupancy, and gives no sum without one that did", () => {
  using tree = groupOf({ "mon_L3_00/llc_occupancy": "30\n", "mon_L3_01/llc_occupancy": "Unavailable\n" });
  const read = reading(new MonData(tree.host, GROUP));
  expect(read()).toEqual({ [OCCUPANCY]: 30 });
  tree.write(at("mon_L3_01", "llc_occupancy"), "12\n");
  expect(read()).toEqual({ [OCCUPANCY]: 42 });
  tree.write(at("mon_L3_01", "llc_occupancy"), "Error\n");
  expect(read()).toEqual({});
  tree.write(at("mon_L3_01", "llc_occupancy"), "0\n");
  expect(read()).toEqual({ [OCCUPANCY]: 30 });
});

test("MonData finds domains that come with their CPUs, and counts on without those that go", () => {
  using tree = groupOf({ "mon_L3_00/mbm_total_bytes": "100\n", "mon_L3_01/mbm_total_bytes": "10\n" });
  const data = new MonData(tree.host, GROUP);
  const read = reading(data);
  expect(read()).toEqual({ [TOTAL]: 110 });
  tree.remove(`${GROUP.slice(1)}/mon_data/mon_L3_01`);
  tree.write(at("mon_L3_02", "mbm_total_bytes"), "7\n");
  expect(data.relist()).toBe(true);
  expect(read()).toEqual({ [TOTAL]: 117 });
  data.close();
});

test("MonData counts on in another place, also where no file is kept open", () => {
  using tree = tempTree({ [at("mon_L3_00", "mbm_total_bytes")]: "100\n" }, { keptFilesLimit: 0 });
  const data = new MonData(tree.host, GROUP);
  const read = reading(data);
  expect(read()).toEqual({ [TOTAL]: 100 });
  tree.remove(GROUP.slice(1));
  const elsewhere = "/sys/fs/resctrl/be/mon_groups/g";
  tree.write(`${elsewhere.slice(1)}/mon_data/mon_L3_00/mbm_total_bytes`, "130\n");
  data.moved(elsewhere);
  expect(read()).toEqual({ [TOTAL]: 130 });
});

test("MonData says that its group is gone", () => {
  // Files are opened at each reading when none may be kept.
  using tree = tempTree({ [at("mon_L3_00", "mbm_total_bytes")]: "100\n" }, { keptFilesLimit: 0 });
  const read = reading(new MonData(tree.host, GROUP));
  expect(read()).toEqual({ [TOTAL]: 100 });
  tree.remove(GROUP.slice(1));
  expect(read()).toBe("gone");
});

test("clearMonitored() takes out what was measured and nothing else", () => {
  const measurements: Record<string, Measurement> = {
    task_up: 1,
    [TOTAL]: 2,
    [OCCUPANCY]: 3,
    task_mem_bandwidth_remote_bytes: 4,
  };
  clearMonitored(measurements);
  expect(measurements).toEqual({ task_up: 1 });
});
