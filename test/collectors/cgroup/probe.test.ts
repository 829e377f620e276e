import { describe, expect, test } from "bun:test";
import { probeCgroups } from "../../../src/collectors/cgroup/probe.ts";
import type { Support } from "../../../src/model/support.ts";
import { mountsOf, unifiedCgroup, v1Cgroup, v2Cgroup } from "../../kernel/cgroup/literal.ts";
import { tempTree } from "../../support/tree.ts";

type Row = readonly [supported: Support["supported"], detail: string];

/** Control file → whether it is there, and where, or what it needs. */
function probed(files: Readonly<Record<string, string>>): Record<string, Row> {
  using tree = tempTree(files);
  const rows = probeCgroups(tree.host);
  expect(new Set(rows.map(({ component }) => component))).toEqual(new Set(["CgroupCollector"]));
  return Object.fromEntries(rows.map(({ feature, supported, detail }) => [feature, [supported, detail]]));
}

describe("probeCgroups() tells for each control file where it is", () => {
  test.each([
    ["v1", { ...mountsOf("v1"), ...v1Cgroup("/a") }, 12],
    ["v2", { ...mountsOf("v2"), ...v2Cgroup("/a") }, 12],
    ["hybrid", { ...mountsOf("hybrid"), ...v1Cgroup("/a"), ...unifiedCgroup("/b") }, 15],
  ] as const)("on %s", (_, files, count) => {
    const rows = Object.entries(probed(files));
    expect([rows.length, rows.filter(([, [supported]]) => supported !== true)]).toEqual([count, []]);
  });

  test("in the root of the hierarchy or in a cgroup", () => {
    const files = { "sys/fs/cgroup/cpu.pressure": "", ...v2Cgroup("/b"), "sys/fs/cgroup/a/x/": "" };
    const rows = probed({ ...mountsOf("v2"), ...files });
    expect([rows["cpu.pressure"], rows["memory.peak"]]).toEqual([
      [true, "/sys/fs/cgroup/cpu.pressure"],
      [true, "/sys/fs/cgroup/b/memory.peak"],
    ]);
  });
});

test("probeCgroups() tells what a missing control file needs and what is lost", () => {
  const nowhere = "no cgroup in /sys/fs/cgroup has it";
  const psi = `${nowhere} (needs CONFIG_PSI and the boot option psi=1); without it there is no task_pressure_seconds_total`;
  const time = "task_cpu_usage_seconds, task_cpu_user_seconds_total, task_cpu_system_seconds_total";
  const throttling =
    "task_cpu_periods_total, task_cpu_throttled_periods_total, task_cpu_throttled_seconds_total";
  const parts =
    "task_mem_anon_bytes, task_mem_anon_thp_bytes, task_mem_file_bytes, task_mem_kernel_bytes, task_mem_working_set_bytes";
  expect(probed({ ...mountsOf("v2"), "sys/fs/cgroup/a/pids.current": "1\n" })).toEqual({
    "cpu.stat": [
      false,
      `${nowhere} (needs the cpu controller and CONFIG_CFS_BANDWIDTH); without it there is no ${time}, ${throttling}`,
    ],
    "memory.current": [false, `${nowhere}; without it there is no task_mem_usage_bytes`],
    "memory.peak": [false, `${nowhere} (needs Linux 5.19); without it there is no task_mem_max_usage_bytes`],
    "memory.max": [false, `${nowhere}; without it there is no task_mem_limit_bytes`],
    "memory.swap.current": [
      false,
      `${nowhere} (needs CONFIG_SWAP); without it there is no task_mem_swap_bytes`,
    ],
    "memory.stat": [
      false,
      `${nowhere}; without it there is no ${parts}, task_mem_workingset_refaults_total, task_mem_page_faults`,
    ],
    "memory.numa_stat": [
      false,
      `${nowhere} (needs CONFIG_NUMA and, on cgroup v2, Linux 5.8); without it there is no task_mem_numa_pages`,
    ],
    "memory.events": [false, `${nowhere}; without it there is no task_mem_oom_kills_total`],
    "pids.current": [true, "/sys/fs/cgroup/a/pids.current"],
    "cpu.pressure": [false, psi],
    "memory.pressure": [false, psi],
    "io.pressure": [false, psi],
  });
});

test("probeCgroups() does not know what a hierarchy without cgroups could have", () => {
  const rows = probed({ ...mountsOf("v2"), "sys/fs/cgroup/cpu.stat": "" });
  expect([rows["cpu.stat"], rows["memory.peak"]]).toEqual([
    [true, "/sys/fs/cgroup/cpu.stat"],
    ["unknown", "/sys/fs/cgroup has no cgroup yet in which it could be"],
  ]);
});

test("probeCgroups() tells a v1 controller that is not mounted", () => {
  const mounts = "cgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0\n";
  const rows = probed({ "proc/self/mounts": mounts, "sys/fs/cgroup/pids/a/": "" });
  expect([rows["cpuacct.usage"], rows["pids.current"]]).toEqual([
    [
      false,
      "the v1 controller cpuacct is not mounted (see /proc/cgroups); without it there is no task_cpu_usage_seconds",
    ],
    [false, "no cgroup in /sys/fs/cgroup/pids has it; without it there is no task_pids"],
  ]);
});
