import { describe, expect, test } from "bun:test";
import { TaskCgroups } from "../../../src/collectors/cgroup/task-cgroups.ts";
import { CgroupReading } from "../../../src/kernel/cgroup/reader.ts";
import { Catalogue } from "../../../src/model/catalogue.ts";
import { TaskGone } from "../../../src/model/errors.ts";
import type { Measurement } from "../../../src/model/metric.ts";
import type { Task } from "../../../src/model/task.ts";
import { controlPath, mountsOf, v1Cgroup, v2Cgroup } from "../../kernel/cgroup/literal.ts";
import { taskWith } from "../../roles/labeler.ts";
import { type Tree, tempTree } from "../../support/tree.ts";

function cgroupsOf(tree: Tree, task: Partial<Task> = {}): TaskCgroups {
  return new TaskCgroups(
    taskWith({ cgroupPath: "/a", ...task }),
    new CgroupReading(tree.host),
    new Catalogue(),
  );
}

function measured(cgroups: TaskCgroups): Record<string, Measurement> {
  const into: Record<string, Measurement> = {};
  cgroups.measure(into);
  return into;
}

const COMMON = {
  task_cpu_periods_total: 20,
  task_cpu_throttled_periods_total: 5,
  task_cpu_throttled_seconds_total: 1.5,
  task_mem_usage_bytes: 1_000_000,
  task_mem_max_usage_bytes: 2_000_000,
  task_mem_working_set_bytes: 750_000,
  task_mem_anon_bytes: 400_000,
  task_mem_anon_thp_bytes: 200_000,
  task_mem_file_bytes: 300_000,
  task_mem_kernel_bytes: 4096,
  task_mem_swap_bytes: 8192,
  task_mem_page_faults: 2_730_362_811,
  task_mem_workingset_refaults_total: { anon: 6, file: 7 },
  task_mem_oom_kills_total: 2,
  task_pids: 12,
};

describe("measure() of one cgroup", () => {
  test.each([
    [
      "v1" as const,
      {
        ...COMMON,
        task_cpu_usage_seconds: 12.345678901,
        task_cpu_user_seconds_total: 10,
        task_cpu_system_seconds_total: 2.34,
        task_mem_limit_bytes: 2 ** 63 - 4096,
        task_mem_soft_limit_bytes: 1500,
        task_mem_numa_pages: { 0: 100, 1: 200 },
      },
    ],
    [
      "v2" as const,
      {
        ...COMMON,
        task_cpu_usage_seconds: 12.345678,
        task_cpu_user_seconds_total: 10,
        task_cpu_system_seconds_total: 2.345678,
        task_mem_limit_bytes: 4_000_000,
        task_mem_numa_pages: { 0: 2, 1: 3 },
        task_pressure_seconds_total: {
          cpu: { some: 1.5, full: 0.5 },
          memory: { some: 2, full: 1 },
          io: { some: 0.25, full: 0.125 },
        },
      },
    ],
  ])("gives every metric on %s", (version, wanted) => {
    using tree = tempTree({ ...mountsOf(version), ...(version === "v1" ? v1Cgroup("/a") : v2Cgroup("/a")) });
    const cgroups = cgroupsOf(tree);
    expect([measured(cgroups), measured(cgroups), cgroups.missing]).toEqual([wanted, wanted, []]);
    cgroups.close();
    expect(tree.host.keptFiles).toBe(0);
  });

  test("leaves out metrics and levels that are absent", () => {
    using tree = tempTree({
      ...mountsOf("v2"),
      [controlPath("/a", "memory.stat")]: "workingset_refault_file 7\n",
      [controlPath("/a", "io.pressure")]: "some total=1000000\n",
    });
    expect(measured(cgroupsOf(tree))).toEqual({
      task_mem_workingset_refaults_total: { file: 7 },
      task_pressure_seconds_total: { io: { some: 1 } },
    });
  });

  test("throws TaskGone when it is not there", () => {
    using tree = tempTree(mountsOf("v2"));
    expect(() => measured(cgroupsOf(tree))).toThrow(TaskGone);
  });
});

/** A v2 machine with containers that have CPU time, memory and pids of their own. */
function pod(
  ...containers: readonly string[]
): Tree & { put(container: string, usageUsec: number, bytes: number): void } {
  const tree = tempTree({ ...mountsOf("v2"), "sys/fs/cgroup/p/": "" }, { keptFilesLimit: 0 });
  function put(container: string, usageUsec: number, bytes: number): void {
    tree.write(controlPath(`/p/${container}`, "cpu.stat"), `usage_usec ${usageUsec}\n`);
    tree.write(controlPath(`/p/${container}`, "memory.current"), `${bytes}\n`);
  }
  for (const container of containers) put(container, 1_000_000, 100);
  return Object.assign(tree, { put });
}

function podTask(...containers: readonly string[]): Partial<Task> {
  return { id: "pod", cgroupPath: "/p", subcgroupPaths: containers.map((name) => `/p/${name}`) };
}

describe("measure() of several containers", () => {
  function cpuAndMemory(cgroups: TaskCgroups): readonly unknown[] {
    const { task_cpu_usage_seconds: cpu, task_mem_usage_bytes: memory } = measured(cgroups);
    return [cpu, memory];
  }

  test("gives sums, and leaves the pod's own files alone", () => {
    using tree = pod("a", "b", "c");
    tree.write(controlPath("/p", "pids.current"), "9\n");
    expect(measured(cgroupsOf(tree, podTask("a", "b", "c")))).toEqual({
      task_cpu_usage_seconds: 3,
      task_mem_usage_bytes: 300,
    });
  });

  test("leaves out a container that vanished but not what it had used", () => {
    using tree = pod("a", "b");
    const cgroups = cgroupsOf(tree, podTask("a", "b"));
    expect(cpuAndMemory(cgroups)).toEqual([2, 200]);
    tree.remove("sys/fs/cgroup/p/b");
    tree.put("a", 1_500_000, 100);
    expect(cpuAndMemory(cgroups)).toEqual([2.5, 100]);
    // It starts again under the same name, with counters from 0.
    tree.put("b", 250_000, 7);
    expect(cpuAndMemory(cgroups)).toEqual([2.75, 107]);
  });

  test("adds a container that appears and forgets one that is not in the task any more", () => {
    using tree = pod("a", "b", "c");
    const cgroups = cgroupsOf(tree, podTask("a", "b"));
    expect(cpuAndMemory(cgroups)).toEqual([2, 200]);
    cgroups.task = taskWith({ ...cgroups.task, ...podTask("a", "c") });
    tree.remove("sys/fs/cgroup/p/b");
    expect(cpuAndMemory(cgroups)).toEqual([3, 200]);
    tree.put("c", 1_250_000, 50);
    expect(cpuAndMemory(cgroups)).toEqual([3.25, 150]);
  });

  test("does not count twice a container that is left out of the list for a while", () => {
    using tree = pod("a", "b");
    const cgroups = cgroupsOf(tree, podTask("a", "b"));
    expect(cpuAndMemory(cgroups)).toEqual([2, 200]);
    cgroups.task = taskWith({ ...cgroups.task, ...podTask("a") });
    expect(cpuAndMemory(cgroups)).toEqual([2, 100]);
    tree.put("b", 1_500_000, 100);
    expect(cpuAndMemory(cgroups)).toEqual([2, 100]);
    cgroups.task = taskWith({ ...cgroups.task, ...podTask("a", "b") });
    expect(cpuAndMemory(cgroups)).toEqual([2.5, 200]);
  });

  test("starts a counter that fell from 0", () => {
    using tree = pod("a", "b");
    const cgroups = cgroupsOf(tree, podTask("a", "b"));
    expect(cpuAndMemory(cgroups)).toEqual([2, 200]);
    tree.put("a", 400_000, 100);
    expect(cpuAndMemory(cgroups)).toEqual([2.4, 200]);
  });

  test("names each missing file once", () => {
    using tree = pod("a", "b");
    const cgroups = cgroupsOf(tree, podTask("a", "b"));
    measured(cgroups);
    expect(cgroups.missing.filter((file) => file.startsWith("memory.p"))).toEqual([
      "memory.peak",
      "memory.pressure",
    ]);
  });

  test("throws TaskGone when the last one is gone", () => {
    using tree = pod("a");
    const cgroups = cgroupsOf(tree, podTask("a"));
    measured(cgroups);
    tree.remove("sys/fs/cgroup/p/a");
    expect(() => measured(cgroups)).toThrow(
      new TaskGone('Cannot measure task "pod": no container has a cgroup'),
    );
  });
});

test("isFor() tells a cgroup that was made again from one that is the same", () => {
  using tree = pod("a");
  const task = taskWith({ cgroupPath: "/p", identity: 5 });
  const cgroups = cgroupsOf(tree, task);
  const others: readonly Partial<Task>[] = [
    { labels: { a: "b" } },
    { subcgroupPaths: ["/p/a"] },
    { identity: 6 },
    { cgroupPath: "/q" },
  ];
  expect(others.map((parts) => cgroups.isFor({ ...task, ...parts }))).toEqual([true, true, false, false]);
});
