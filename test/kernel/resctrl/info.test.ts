import { describe, expect, spyOn, test } from "bun:test";
import { readAvailability } from "../../../src/kernel/resctrl/availability.ts";
import { type ResctrlInfo, readInfo } from "../../../src/kernel/resctrl/info.ts";
import { requirement } from "../../support/requirement.ts";
import { needResctrl, type ResctrlLayout, resctrlMachine } from "../../support/resctrl-sim.ts";
import { tempTree } from "../../support/tree.ts";

const ROOT = "sys/fs/resctrl";
const ALL = ["llc_occupancy", "mbm_total_bytes", "mbm_local_bytes"];

const L3_MON = {
  [`${ROOT}/info/L3_MON/num_rmids`]: "192\n",
  [`${ROOT}/info/L3_MON/mon_features`]: "llc_occupancy\nmbm_total_bytes\nmbm_total_bytes_config\n",
  [`${ROOT}/info/L3_MON/max_threshold_occupancy`]: "65536\n",
} as const;

const NOT_MOUNTED =
  "there is no resctrl: /proc/filesystems does not list it, so the CPU has neither Intel RDT, AMD QoS nor Arm MPAM, or the kernel has no support for it";

test("readInfo() has nothing where resctrl is not mounted, and readAvailability() tells which command is missing", () => {
  using none = tempTree({ "proc/filesystems": "nodev\tsysfs\n\text4\n" });
  expect(readInfo(none.host)).toBeUndefined();
  expect(readAvailability(none.host)).toEqual({ info: undefined, obstacle: NOT_MOUNTED });
  using unmounted = tempTree({ "proc/filesystems": "nodev\tresctrl\n", "sys/fs/resctrl/": "" });
  expect(readAvailability(unmounted.host)).toEqual({
    info: undefined,
    obstacle: "resctrl is not mounted: mount -t resctrl resctrl /sys/fs/resctrl",
  });
});

test("readInfo() reads the mode and counters of ABMC and leaves out what makes no sense", () => {
  using tree = tempTree({
    ...L3_MON,
    [`${ROOT}/info/L3_MON/num_rmids`]: "many\n",
    [`${ROOT}/info/L3_MON/mbm_assign_mode`]: "[mbm_event]\ndefault\n",
    [`${ROOT}/info/L3_MON/num_mbm_cntrs`]: "0=32;1=32\n",
    [`${ROOT}/info/L3_MON/available_mbm_cntrs`]: "0=0;1=12\n",
    [`${ROOT}/info/last_cmd_status`]: "ok\n",
    [`${ROOT}/mode`]: "pseudo-locked\n",
    [`${ROOT}/mon_data/mon_L3_00/llc_occupancy`]: "1\n",
    [`${ROOT}/mon_data/mon_L3_08/llc_occupancy`]: "1\n",
  });
  expect(readInfo(tree.host)).toEqual({
    control: [],
    monitoring: [
      {
        name: "L3_MON",
        rmids: undefined,
        features: ["llc_occupancy", "mbm_total_bytes", "mbm_total_bytes_config"],
        maxThresholdOccupancy: 65536,
        assignable: {
          mode: "mbm_event",
          counters: new Map([
            ["0", 32],
            ["1", 32],
          ]),
          free: new Map([
            ["0", 0],
            ["1", 12],
          ]),
        },
      },
    ],
    monitoredDomains: ["mon_L3_00", "mon_L3_08"],
    mode: "pseudo-locked",
  });
});

test("readAvailability() says that a mount is read-only", () => {
  using tree = tempTree({
    ...L3_MON,
    "proc/self/mounts": "resctrl /sys/fs/resctrl resctrl ro,relatime 0 0\n",
  });
  expect(readAvailability(tree.host).obstacle).toBe(
    "/sys/fs/resctrl is mounted read-only, and groups have to be made in it",
  );
});

test("readAvailability() says that it needs root", () => {
  using tree = tempTree({ ...L3_MON });
  using geteuid = spyOn(process as { geteuid(): number }, "geteuid").mockReturnValue(1000);
  expect(readAvailability(tree.host).obstacle).toBe(
    "user 1000 cannot make groups in /sys/fs/resctrl: needs root, to whom alone the kernel gives other people's threads",
  );
  expect(geteuid).toHaveBeenCalled();
});

test.each([
  ["resctrl /sys/fs/resctrl resctrl rw,mba_MBps 0 0\n", "1", "0=100", "MBps"],
  ["", "1", "0=4294967295", "MBps"],
  ["", "1", "0=  100;1=   30", "percent"],
  ["", "0", "0=80", "1/8 GBps"],
  ["", "1", "0=2048", "1/8 GBps"],
] as const)(
  "readInfo() tells the unit of MB by mount %j, delay_linear %s and value %s",
  (mounts, linear, values, unit) => {
    using tree = tempTree({
      [`${ROOT}/info/MB/num_closids`]: "8\n",
      [`${ROOT}/info/MB/delay_linear`]: `${linear}\n`,
      [`${ROOT}/schemata`]: `    MB:${values}\n`,
      "proc/self/mounts": mounts,
    });
    expect(readInfo(tree.host)?.control.map((resource) => resource.unit)).toEqual([unit]);
  },
);

function summary({ control, monitoring, monitoredDomains, mode }: ResctrlInfo) {
  return {
    control: control.map(
      ({ name, bits, closids, domains, unit }) =>
        `${name} ${closids} ${domains.join(",")} ${unit ?? `${bits} bits`}`,
    ),
    monitoring: monitoring.map(({ name, rmids, features }) => [name, rmids, features] as const),
    modes: monitoring.flatMap(({ assignable }) => assignable?.mode ?? []),
    domains: monitoredDomains,
    mode,
  };
}

const XEON = {
  control: ["L3 16 0,1 20 bits", "MB 8 0,1 percent"],
  monitoring: [["L3_MON", 192, ALL]],
  domains: ["mon_L3_00", "mon_L3_01"],
  modes: [],
  mode: "shareable",
};
const AMD = {
  control: ["L3 16 0,4,8,12 16 bits", "MB 16 0,4,8,12 1/8 GBps", "SMBA 16 0,4,8,12 1/8 GBps"],
  monitoring: [
    ["L3_MON", 256, ALL.flatMap((event) => (event === "llc_occupancy" ? event : [event, `${event}_config`]))],
  ],
  domains: ["mon_L3_00", "mon_L3_04", "mon_L3_08", "mon_L3_12"],
  modes: [],
  mode: "shareable",
};

const LAYOUTS: Readonly<Record<ResctrlLayout, unknown>> = {
  xeon: XEON,
  cdp: { ...XEON, control: ["L3CODE 8 0,1 20 bits", "L3DATA 8 0,1 20 bits", "MB 8 0,1 percent"] },
  l2: { ...XEON, control: ["L2 8 0,1,2,3 8 bits", "MB 8 0,1 percent"] },
  l2cdp: { ...XEON, control: ["L2CODE 4 0,1,2,3 8 bits", "L2DATA 4 0,1,2,3 8 bits", "MB 8 0,1 percent"] },
  mbps: { ...XEON, control: ["L3 16 0,1 20 bits", "MB 8 0,1 MBps"] },
  // Nodes of a cache are no domains of their own: the cache's numbers are their sums.
  snc: { ...XEON, control: ["L3 15 0,1 15 bits", "MB 15 0,1 percent"] },
  amd: AMD,
  abmc: { ...AMD, monitoring: [["L3_MON", 256, ALL]], modes: ["mbm_event"] },
  "monitor-only": { ...XEON, control: [] },
  "no-monitoring": { ...XEON, monitoring: [], domains: [] },
  "no-mb": { ...XEON, control: ["L3 16 0,1 20 bits"] },
};

describe.skipIf(!(await requirement("a simulated resctrl", needResctrl)))("on the simulator", () => {
  test.each(Object.keys(LAYOUTS) as ResctrlLayout[])("readInfo() knows the layout %s", async (layout) => {
    using machine = await resctrlMachine({ layout });
    const info = readInfo(machine.host);
    expect(info && summary(info)).toEqual(LAYOUTS[layout] as never);
  });

  test("readAvailability() says that a machine has no monitoring", async () => {
    using machine = await resctrlMachine({ layout: "no-monitoring" });
    expect(readAvailability(machine.host).obstacle).toBe(
      "resctrl has no monitoring: /sys/fs/resctrl/info/L3_MON is missing, so the CPU cannot do it, or rdt= on the kernel's command line says so",
    );
  });

  test("readAvailability() changes nothing, and finds no obstacle for root", async () => {
    using machine = await resctrlMachine({ layout: "abmc" });
    expect(readAvailability(machine.host).obstacle).toBeUndefined();
    const { reads, monReads, ...changes } = machine.sim.operations();
    expect(Object.values(changes).every((count) => count === 0)).toBe(true);
    expect([reads > 0, monReads]).toEqual([true, 0]);
  });
});
