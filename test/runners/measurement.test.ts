import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { CpuCollector } from "../../src/collectors/cpu.ts";
import type { OptionsOf } from "../../src/config/component.ts";
import type { Metric } from "../../src/model/metric.ts";
import { Labeler, Node, Storage } from "../../src/model/roles.ts";
import type { Labels, Task } from "../../src/model/task.ts";
import { COLLECTOR_OPTIONS } from "../../src/runners/collectors.ts";
import { MeasurementRunner } from "../../src/runners/measurement.ts";
import { taskWith } from "../roles/labeler.ts";
import { testContext } from "../support/context.ts";
import { fakeClock } from "../support/fake-clock.ts";
import type { Tree } from "../support/tree.ts";
import { literalMachine } from "./literal-machine.ts";

/** A node whose answer the test gives. */
class ScriptedNode extends Node {
  calls = 0;
  answer: () => readonly Task[] | Promise<readonly Task[]> = () => TASKS;
  discover(): readonly Task[] | Promise<readonly Task[]> {
    this.calls++;
    return this.answer();
  }
}

/** Keeps a copy of each batch, and the time; what it answers the test decides. */
class Recorder extends Storage {
  readonly batches: {
    readonly timeMs: number;
    readonly metrics: readonly Metric[];
    readonly copy: Metric[];
  }[] = [];
  answer: () => void | Promise<void> = () => {};
  store(metrics: readonly Metric[]): void | Promise<void> {
    this.batches.push({ timeMs: performance.now(), metrics, copy: structuredClone([...metrics]) });
    return this.answer();
  }
}

const TASKS = ["a", "b"].map((id) =>
  taskWith({ id, name: `name of ${id}`, cgroupPath: `/${id}`, identity: id === "a" ? 1 : 2 }),
);

interface Setup {
  readonly options?: Partial<OptionsOf<typeof MeasurementRunner>>;
  readonly iterations?: number;
}

/** A runner on the machine, not yet running. */
function agentOn(tree: Tree, { options = {}, iterations }: Setup = {}) {
  const node = new ScriptedNode();
  const storage = new Recorder();
  const context = testContext(tree.host);
  const runner = new MeasurementRunner(
    {
      node,
      metrics_storage: storage,
      interval: 1,
      extra_labels: {},
      include_optional_labels: false,
      task_label_generators: {},
      metric_names: "current",
      ...z.object(COLLECTOR_OPTIONS).parse({}),
      vmstat: false,
      zoneinfo: false,
      rdt_enabled: false,
      gather_hw_mm_topology: false,
      ...options,
    },
    { ...context, ...(iterations === undefined ? {} : { iterations }) },
  );
  const stop = new AbortController();
  const logged = (): readonly (readonly [string, string])[] =>
    context.logged.filter(([level]) => level !== "debug");
  return { node, storage, runner, stop, logged, run: () => runner.run(stop.signal) };
}

/** `name{label=value,…}` → value, without the labels that all have. */
function valuesOf(metrics: readonly Metric[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    metrics.map(({ name, labels: { host: _, task_name: __, ...labels }, value }) => {
      const text = Object.entries(labels).map(([label, its]) => `${label}=${its}`);
      return [text.length === 0 ? name : `${name}{${text.join(",")}}`, value];
    }),
  );
}

/** The same without the agent's own metrics, whose values hang on how fast it is. */
function measuredIn(metrics: readonly Metric[] | undefined): Readonly<Record<string, number>> {
  return valuesOf((metrics ?? []).filter(({ name }) => !name.startsWith("wca_")));
}

function labelsOf(metrics: readonly Metric[] | undefined, name: string): Labels | undefined {
  return metrics?.find((metric) => metric.name === name)?.labels;
}

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5) / 1000;
const TASK_A = {
  "task_cpu_usage_seconds{task_id=a}": 1.5,
  "task_cpu_user_seconds_total{task_id=a}": 0,
  "task_cpu_system_seconds_total{task_id=a}": 0,
  "task_mem_usage_bytes{task_id=a}": 4096,
  "task_up{task_id=a}": 1,
  "task_last_seen{task_id=a}": NOW,
  "task_subcontainers{task_id=a}": 0,
};
const TASK_B = Object.fromEntries(
  Object.entries({
    ...TASK_A,
    "task_cpu_usage_seconds{task_id=a}": 2,
    "task_mem_usage_bytes{task_id=a}": 8192,
  }).map(([series, value]) => [series.replace("=a}", "=b}"), value]),
);
const PLATFORM = {
  platform_last_seen: NOW,
  platform_topology_sockets: 1,
  platform_topology_cores: 2,
  platform_topology_cpus: 2,
  platform_topology_online_cpus: 2,
  "platform_cpu_usage{cpu=0}": 1,
  "platform_cpu_usage{cpu=1}": 2,
  platform_mem_usage_bytes: 4096,
};

describe("MeasurementRunner run()", () => {
  test("stores what the machine's files say", async () => {
    using tree = literalMachine();
    const { storage, run, logged } = agentOn(tree, { iterations: 1 });
    expect(await run()).toBe(0);
    expect(storage.batches.map(({ metrics }) => measuredIn(metrics))).toEqual([
      { ...PLATFORM, ...TASK_A, ...TASK_B },
    ]);
    expect(logged()).toEqual([]);
  });

  test("gives the agent's state first, then platform, tasks in the node's order, then how its parts fare", async () => {
    using tree = literalMachine();
    const { storage, run } = agentOn(tree, { iterations: 2, options: { interval: 0 } });
    await run();
    const names = [...new Set(storage.batches[1]?.metrics.map(({ name }) => name))];
    const groups = names.map((name) => (name.startsWith("wca") ? "wca" : name.split("_")[0]));
    expect(names.slice(0, 4)).toEqual(["wca_up", "wca_tasks", "wca_mem_usage_bytes", "wca_information"]);
    expect(groups.filter((group, index) => group !== groups[index - 1])).toEqual([
      "wca",
      "platform",
      "task",
      "wca",
    ]);
    expect(names.slice(names.lastIndexOf("task_subcontainers") + 1)).toEqual([
      "wca_duration_seconds",
      "wca_duration_seconds_avg",
      "wca_component_duration_seconds",
      "wca_component_success",
      "wca_component_failures_total",
      "wca_metrics_offered_total",
      "wca_metrics_delivered_total",
      "wca_metrics_dropped_total",
      "wca_metrics_queued",
      "wca_tasks_dropped_total",
      "wca_missing_files",
      "wca_round_overruns_total",
    ]);
    const ids = storage.batches[1]?.metrics
      .map(({ labels }) => labels["task_id"])
      .filter((id) => id !== undefined);
    expect([...new Set(ids)]).toEqual(["a", "b"]);
    expect(valuesOf(storage.batches[1]?.metrics.slice(0, 2) ?? [])).toEqual({ wca_up: NOW, wca_tasks: 2 });
  });

  test("tells requested resources and containers of a task where the node gives them", async () => {
    using tree = literalMachine();
    const { node, storage, run } = agentOn(tree, { iterations: 1 });
    node.answer = () => [
      taskWith({ id: "pod", subcgroupPaths: ["/a", "/b"], resources: { cpus: 2, mem: 1e9, disk: 5 } }),
      taskWith({ id: "odd", cgroupPath: "/a", resources: { cpus: "many" } }),
    ];
    await run();
    expect(measuredIn(storage.batches[0]?.metrics)).toMatchObject({
      "task_subcontainers{task_id=pod}": 2,
      "task_requested_cpus{task_id=pod}": 2,
      "task_requested_mem_bytes{task_id=pod}": 1e9,
      "task_mem_usage_bytes{task_id=pod}": 12288,
      "task_up{task_id=odd}": 1,
    });
    expect(storage.batches[0]?.metrics.filter(({ name }) => name === "task_requested_cpus").length).toBe(1);
  });

  test("stores before it sleeps, at each interval, and stops at the signal without another batch", async () => {
    using clock = fakeClock();
    using tree = literalMachine();
    const { storage, run, stop } = agentOn(tree, { options: { interval: 10 } });
    const started = performance.now();
    const running = run();
    await clock.pass(20_500);
    stop.abort();
    await clock.pass(0);
    expect(await running).toBe(0);
    expect(storage.batches.map(({ timeMs }) => timeMs - started)).toEqual([0, 10_000, 20_000]);
  });

  test("gives the same objects with new values from round to round", async () => {
    using clock = fakeClock();
    using tree = literalMachine();
    const { storage, run } = agentOn(tree, { iterations: 4 });
    const running = run();
    await clock.pass(1500);
    const metric = (batch: number) =>
      storage.batches[batch]?.metrics.find(({ name }) => name === "task_mem_usage_bytes");
    tree.write("sys/fs/cgroup/a/memory.current", "5000\n");
    await clock.pass(1500);
    await running;
    expect(storage.batches.map(({ copy }) => measuredIn(copy)["task_mem_usage_bytes{task_id=a}"])).toEqual([
      4096, 4096, 5000, 5000,
    ]);
    expect(metric(3) === metric(0)).toBe(true);
  });

  test("measures a task that comes, and forgets one that goes", async () => {
    using clock = fakeClock();
    using tree = literalMachine();
    const { node, storage, run } = agentOn(tree, { iterations: 3 });
    const running = run();
    tree.write("sys/fs/cgroup/c/memory.current", "1\n");
    node.answer = () => [...TASKS.slice(1), taskWith({ id: "c", cgroupPath: "/c", identity: 3 })];
    await clock.pass(1000);
    node.answer = () => [];
    await clock.pass(1000);
    await running;
    const memory = storage.batches.map(({ copy }) =>
      Object.entries(measuredIn(copy)).filter(([series]) => series.startsWith("task_mem_usage_bytes")),
    );
    expect(memory.map((entries) => Object.fromEntries(entries))).toEqual([
      { "task_mem_usage_bytes{task_id=a}": 4096, "task_mem_usage_bytes{task_id=b}": 8192 },
      { "task_mem_usage_bytes{task_id=b}": 8192, "task_mem_usage_bytes{task_id=c}": 1 },
      {},
    ]);
    expect(storage.batches.map(({ copy }) => valuesOf(copy)["wca_tasks"])).toEqual([2, 2, 0]);
  });

  test("leaves out a task without cgroup, counts it, and tells the others completely", async () => {
    using tree = literalMachine();
    const { node, storage, run, logged } = agentOn(tree, { iterations: 1 });
    node.answer = () => [taskWith({ id: "gone", cgroupPath: "/gone" }), ...TASKS];
    await run();
    expect(measuredIn(storage.batches[0]?.metrics)).toEqual({ ...PLATFORM, ...TASK_A, ...TASK_B });
    expect(valuesOf(storage.batches[0]?.metrics ?? [])).toMatchObject({
      wca_tasks_dropped_total: 1,
      wca_tasks: 3,
    });
    expect(logged()).toEqual([]);
  });
});

describe("MeasurementRunner run() with a storage", () => {
  const failures: readonly (readonly [string, () => void | Promise<void>])[] = [
    ["rejects", () => Promise.reject(new Error("broker gone"))],
    [
      "throws at once",
      () => {
        throw new Error("broker gone");
      },
    ],
  ];
  for (const [what, answer] of failures) {
    test(`that ${what} goes on, says it once and tells it later`, async () => {
      using clock = fakeClock();
      using tree = literalMachine();
      const { storage, run, logged } = agentOn(tree, { iterations: 4 });
      storage.answer = answer;
      const running = run();
      await clock.pass(2500);
      storage.answer = () => {};
      await clock.pass(500);
      expect(await running).toBe(0);
      expect(storage.batches.length).toBe(4);
      expect(valuesOf(storage.batches[3]?.copy ?? [])).toMatchObject({
        "wca_component_success{component=Recorder}": 0,
        "wca_component_failures_total{component=Recorder}": 3,
      });
      expect(logged()).toEqual([
        [
          "error",
          "Recorder failed: broker gone; these metrics are dropped; others go on, repetitions are counted",
        ],
        ["info", expect.stringMatching(/^Recorder works again after \d s, \d+ metrics were dropped$/)],
      ]);
    });
  }

  test("that hangs goes on without giving it a second batch, never changes the one it holds, and delivers all later", async () => {
    using clock = fakeClock();
    using tree = literalMachine();
    const { storage, run, stop, logged } = agentOn(tree);
    const { promise, resolve } = Promise.withResolvers<void>();
    storage.answer = () => promise;
    const running = run();
    await clock.pass(5000);
    tree.write("sys/fs/cgroup/a/memory.current", "5000\n");
    await clock.pass(1500);
    const [held] = storage.batches;
    expect(storage.batches.length).toBe(1);
    expect(held?.metrics).toEqual(held?.copy as Metric[]);
    storage.answer = () => {};
    resolve();
    // What waits is worked off until the next round.
    await clock.pass(300);
    stop.abort();
    await clock.pass(0);
    await running;
    const used = storage.batches.map(({ copy }) => measuredIn(copy)["task_mem_usage_bytes{task_id=a}"]);
    expect(used).toEqual([4096, 4096, 4096, 4096, 4096, 4096, 5000]);
    expect(logged()).toEqual([
      ["error", "Recorder failed: not done within 5 s; newer metrics wait, others go on"],
      ["info", "Recorder works again after 2 s, nothing was lost"],
    ]);
  });

  test("that is slower than the interval does not delay the rounds", async () => {
    using clock = fakeClock();
    using tree = literalMachine();
    const { storage, run } = agentOn(tree, { iterations: 3 });
    storage.answer = () => new Promise((resolve) => void setTimeout(resolve, 2500));
    const running = run();
    await clock.pass(9000);
    expect(await running).toBe(0);
    const rounds = storage.batches.map(({ copy }) => valuesOf(copy));
    expect(rounds.map((values) => values["wca_round_overruns_total"])).toEqual([0, 0, 0]);
    expect(rounds.map((values) => values["wca_up"])).toHaveLength(3);
  });

  test("that fails to the end is not said to work again", async () => {
    using tree = literalMachine();
    const { storage, run, logged } = agentOn(tree, { iterations: 2, options: { interval: 0 } });
    storage.answer = () => Promise.reject(new Error("broker gone"));
    expect(await run()).toBe(0);
    expect(logged()).toEqual([
      [
        "error",
        "Recorder failed: broker gone; these metrics are dropped; others go on, repetitions are counted",
      ],
    ]);
  });
});

describe("MeasurementRunner run() with a node", () => {
  const broken: readonly (readonly [string, () => readonly Task[] | Promise<readonly Task[]>, string])[] = [
    ["rejects", () => Promise.reject(new Error("API gone")), "API gone"],
    [
      "throws at once",
      () => {
        throw new Error("API gone");
      },
      "API gone",
    ],
    ["gives null", () => null as unknown as Task[], "Cannot discover tasks: saw null, wanted a list"],
    [
      "gives nothing",
      () => undefined as unknown as Task[],
      "Cannot discover tasks: saw undefined, wanted a list",
    ],
    ["gives tasks without labels", () => [{ id: "x" }] as unknown as Task[], expect.any(String)],
  ];
  for (const [what, answer, message] of broken) {
    test(`that ${what} keeps the known tasks, says it once, and takes new ones when it works again`, async () => {
      using clock = fakeClock();
      using tree = literalMachine();
      const { node, storage, run, logged } = agentOn(tree, { iterations: 5 });
      const running = run();
      await clock.pass(500);
      node.answer = answer;
      await clock.pass(2000);
      node.answer = () => TASKS.slice(1);
      await clock.pass(2000);
      expect(await running).toBe(0);
      const both = { ...PLATFORM, ...TASK_A, ...TASK_B };
      const one = { ...PLATFORM, ...TASK_B };
      expect(storage.batches.map(({ copy }) => measuredIn(copy))).toEqual([both, both, both, one, one]);
      expect(valuesOf(storage.batches[2]?.copy ?? [])).toMatchObject({
        "wca_component_success{component=ScriptedNode}": 0,
        "wca_component_failures_total{component=ScriptedNode}": 2,
        wca_tasks: 2,
      });
      expect(logged().map(([level]) => level)).toEqual(["error", "info"]);
      if (typeof message === "string") {
        expect(logged()[0]?.[1]).toBe(
          `ScriptedNode failed: ${message}; the others go on, repetitions are counted`,
        );
      }
    });
  }

  test("that hangs is waited for once, keeps the known tasks and is not asked again while it hangs", async () => {
    using clock = fakeClock();
    using tree = literalMachine();
    const { node, storage, run, stop, logged } = agentOn(tree);
    const running = run();
    await clock.pass(500);
    const { promise, resolve } = Promise.withResolvers<readonly Task[]>();
    node.answer = () => promise;
    await clock.pass(12_000);
    expect({ calls: node.calls, batches: storage.batches.length }).toEqual({ calls: 2, batches: 9 });
    expect(measuredIn(storage.batches[8]?.copy)).toEqual({ ...PLATFORM, ...TASK_A, ...TASK_B });
    node.answer = () => [];
    resolve(TASKS.slice(0, 1));
    await clock.pass(1000);
    expect(measuredIn(storage.batches[9]?.copy)).toEqual({ ...PLATFORM, ...TASK_A });
    await clock.pass(2000);
    stop.abort();
    await clock.pass(0);
    await running;
    expect(measuredIn(storage.batches.at(-1)?.copy)).toEqual(PLATFORM);
    expect(logged()).toEqual([
      [
        "error",
        "ScriptedNode failed: Cannot discover tasks: not done within 5 s; the others go on, repetitions are counted",
      ],
      ["info", "ScriptedNode works again"],
    ]);
  });

  test("that gives incomplete tasks goes on and stores again when they are complete", async () => {
    using clock = fakeClock();
    using tree = literalMachine();
    const { node, storage, run, logged } = agentOn(tree, { iterations: 3 });
    node.answer = () => [{ id: "x", labels: {}, resources: {} }] as unknown as Task[];
    const running = run();
    await clock.pass(1500);
    node.answer = () => TASKS;
    await clock.pass(1000);
    expect(await running).toBe(0);
    expect(measuredIn(storage.batches.at(-1)?.copy)).toEqual({ ...PLATFORM, ...TASK_A, ...TASK_B });
    expect(logged().filter(([, message]) => message.startsWith("MeasurementRunner "))).toEqual([
      ["error", expect.stringContaining("MeasurementRunner failed: ")],
      ["info", "MeasurementRunner works again"],
    ]);
  });

  test("that is asked when the signal comes ends without a batch", async () => {
    using clock = fakeClock();
    using tree = literalMachine();
    const { node, storage, run, stop } = agentOn(tree);
    const { promise, resolve } = Promise.withResolvers<readonly Task[]>();
    node.answer = () => promise;
    const running = run();
    await clock.pass(100);
    stop.abort();
    resolve(TASKS);
    await clock.pass(0);
    expect(await running).toBe(0);
    expect(storage.batches).toEqual([]);
  });
});

describe("MeasurementRunner run() when a file of the host", () => {
  test("is nonsense goes on without its metrics, and tells which collector failed", async () => {
    using tree = literalMachine();
    tree.write("proc/stat", "rubbish\n");
    const { storage, run, logged } = agentOn(tree, { iterations: 2, options: { interval: 0 } });
    await run();
    const { "platform_cpu_usage{cpu=0}": _, "platform_cpu_usage{cpu=1}": __, ...rest } = PLATFORM;
    expect(storage.batches.map(({ copy }) => measuredIn(copy))).toEqual(
      [0, 1].map(() => ({ ...rest, ...TASK_A, ...TASK_B })),
    );
    expect(valuesOf(storage.batches[1]?.copy ?? [])).toMatchObject({
      "wca_component_success{component=CpuCollector}": 0,
      "wca_component_success{component=CgroupCollector}": 1,
      "wca_component_failures_total{component=CpuCollector}": 2,
    });
    expect(logged().map(([level]) => level)).toEqual(["error"]);
  });

  test("is missing goes on without its metrics, and counts it", async () => {
    using tree = literalMachine();
    tree.remove("proc/meminfo");
    const { storage, run, logged } = agentOn(tree, { iterations: 1 });
    await run();
    const { platform_mem_usage_bytes: _, ...rest } = PLATFORM;
    expect(measuredIn(storage.batches[0]?.copy)).toEqual({ ...rest, ...TASK_A, ...TASK_B });
    expect(valuesOf(storage.batches[0]?.copy ?? [])).toMatchObject({
      "wca_missing_files{component=MemoryCollector,file=/proc/meminfo}": 1,
    });
    expect(logged()).toEqual([]);
  });

  test("that says no cgroups are mounted tells of the platform alone", async () => {
    using tree = literalMachine();
    tree.write("proc/self/mounts", "proc /proc proc rw 0 0\n");
    const { storage, run, logged } = agentOn(tree, { iterations: 2, options: { interval: 0 } });
    await run();
    expect(
      Object.keys(measuredIn(storage.batches[1]?.copy)).filter((series) => series.startsWith("platform")),
    ).toEqual(Object.keys(PLATFORM));
    expect(logged().map(([level]) => level)).toEqual(["warning"]);
  });

  test("tells no CPU measures the rest, and describes the platform when it does", async () => {
    using clock = fakeClock();
    using tree = literalMachine();
    const { host } = tree;
    const cpuinfo = host.read("/proc/cpuinfo");
    tree.write("proc/cpuinfo", "");
    const { storage, run, logged } = agentOn(tree, { iterations: 3 });
    const running = run();
    await clock.pass(1500);
    tree.write("proc/cpuinfo", cpuinfo);
    await clock.pass(1000);
    expect(await running).toBe(0);
    const whole = { ...PLATFORM, ...TASK_A, ...TASK_B };
    const described = Object.entries(whole).filter(([name]) => !name.startsWith("platform_topology_"));
    const rest = Object.fromEntries(described);
    expect(storage.batches.map(({ copy }) => measuredIn(copy))).toEqual([rest, rest, whole]);
    const informed = storage.batches.map(({ copy }) => copy.some(({ name }) => name === "wca_information"));
    expect(informed).toEqual([false, false, true]);
    expect(logged().map(([level]) => level)).toEqual(["error", "info"]);
  });
});

describe("MeasurementRunner option", () => {
  test("metric_names: classic gives the names of the original's tutorial", async () => {
    using tree = literalMachine();
    const { storage, run } = agentOn(tree, { iterations: 1, options: { metric_names: "classic" } });
    await run();
    const values = valuesOf(storage.batches[0]?.copy ?? []);
    expect(values).toMatchObject({
      memory_usage: 4096,
      "cpu_usage_per_cpu{cpu=0}": 1,
      "cpu_usage_per_cpu{cpu=1}": 2,
      "cpu_usage_per_task{task_id=a}": 1.5,
      "memory_usage{task_id=a}": 4096,
      wca_memory_usage_bytes: expect.any(Number),
      wca_up: NOW,
    });
    const renamed =
      /^(platform_mem_usage_bytes|platform_cpu_usage|wca_mem_usage_bytes|task_cpu_usage_seconds|task_mem_usage_bytes)/;
    expect(Object.keys(values).filter((series) => renamed.test(series))).toEqual([]);
  });

  test("extra_labels wins over host, labels of tasks and of levels", async () => {
    using tree = literalMachine();
    const extra_labels = { host: "mine", task_name: "all", rack: "7" };
    const { storage, run } = agentOn(tree, { iterations: 1, options: { extra_labels } });
    await run();
    const { copy } = storage.batches[0] ?? {};
    expect(labelsOf(copy, "wca_up")).toEqual(extra_labels);
    expect(labelsOf(copy, "task_up")).toEqual({ ...extra_labels, task_id: "a" });
    expect(copy?.filter(({ labels }) => labels["host"] !== "mine")).toEqual([]);
  });

  test("include_optional_labels adds what the machine is to every metric", async () => {
    using tree = literalMachine();
    const options = { include_optional_labels: true, extra_labels: { cpus: "mine" } };
    const { storage, run } = agentOn(tree, { iterations: 1, options });
    await run();
    const wanted = {
      host: "test-host",
      sockets: "1",
      cores: "2",
      cpus: "mine",
      cpu_model: "Model",
      cpu_model_number: "85",
      wca_version: "0.0.0-test",
    };
    const { copy } = storage.batches[0] ?? {};
    expect(labelsOf(copy, "wca_up")).toEqual(wanted);
    expect(labelsOf(copy, "task_up")).toEqual({ ...wanted, task_id: "a", task_name: "name of a" });
    expect(copy?.filter(({ labels }) => labels["cpu_model"] !== "Model")).toEqual([]);
  });

  test("task_label_generators adds labels to tasks only", async () => {
    class Upper extends Labeler {
      label({ id }: Task): string | undefined {
        return id === "a" ? "A" : undefined;
      }
    }
    using tree = literalMachine();
    const options = { task_label_generators: { upper: new Upper() } };
    const { storage, run } = agentOn(tree, { iterations: 1, options });
    await run();
    const labelled = storage.batches[0]?.copy.filter(({ labels }) => "upper" in labels) ?? [];
    expect(new Set(labelled.map(({ labels }) => labels["task_id"]))).toEqual(new Set(["a"]));
    expect(labelled.length).toBe(Object.keys(TASK_A).length);
  });
});

describe("MeasurementRunner", () => {
  test("does not disturb another one of the same process", async () => {
    using clock = fakeClock();
    using one = literalMachine();
    using other = literalMachine();
    other.write("sys/fs/cgroup/a/memory.current", "1\n");
    const first = agentOn(one, { iterations: 2 });
    const second = agentOn(other, {
      iterations: 2,
      options: { metric_names: "classic", extra_labels: { host: "2" } },
    });
    second.node.answer = () => TASKS.slice(0, 1);
    second.storage.answer = () => Promise.reject(new Error("gone"));
    const running = Promise.all([first.run(), second.run()]);
    await clock.pass(1000);
    expect(await running).toEqual([0, 0]);
    for (const { copy } of first.storage.batches) {
      expect(measuredIn(copy)).toEqual({ ...PLATFORM, ...TASK_A, ...TASK_B });
      expect(copy.filter(({ labels }) => labels["host"] !== "test-host")).toEqual([]);
    }
    for (const { copy } of second.storage.batches) {
      expect(valuesOf(copy)).toMatchObject({ "memory_usage{task_id=a}": 1, wca_tasks: 1 });
    }
    expect([first.logged().length, second.logged().length]).toEqual([0, 1]);
  });

  test("close() gives back every kept file, unopened and twice as well", async () => {
    using tree = literalMachine();
    const { runner, run } = agentOn(tree, { iterations: 1 });
    runner.close();
    await run();
    expect(tree.host.keptFiles).toBeGreaterThan(0);
    runner.close();
    runner.close();
    expect(tree.host.keptFiles).toBe(0);
  });

  test("probe() tells of each collector, those of the host by their files", async () => {
    using tree = literalMachine();
    const rows = await agentOn(tree).runner.probe();
    expect([...new Set(rows.map(({ component }) => component))]).toEqual([
      "CgroupCollector",
      "TopologyCollector",
      "CpuCollector",
      "MemoryCollector",
      "NumaCollector",
      "PressureCollector",
      "VmstatCollector",
      "HugepagesCollector",
    ]);
    expect(rows.filter(({ component }) => component === CpuCollector.name)).toEqual([
      { component: "CpuCollector", feature: "CPU time by CPU", supported: true, detail: "/proc/stat" },
    ]);
  });
});
