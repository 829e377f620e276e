import { z } from "zod";
import { PERF_OPTIONS, type PerfOptions } from "../../../src/collectors/perf/options.ts";
import { PerfCollector } from "../../../src/collectors/perf/perf.ts";
import type { Measurement } from "../../../src/model/metric.ts";
import type { Platform } from "../../../src/model/platform.ts";
import type { TaskUnderMeasure } from "../../../src/model/round.ts";
import type { Task } from "../../../src/model/task.ts";
import { taskWith } from "../../roles/labeler.ts";
import { type TestContext, testContext } from "../../support/context.ts";
import { FakePerf, type FakePerfOptions } from "../../support/fake-perf.ts";
import { type Tree, tempTree } from "../../support/tree.ts";

export const MOUNT = "/sys/fs/cgroup";

export const HARDWARE = ["0:0", "0:1", "0:2", "0:3"];

/** A platform with these CPUs online. */
export function platformWith(...onlineCpus: readonly number[]): Platform {
  return {
    ...{ cpuModel: "", sockets: 1, cores: 2, cpus: onlineCpus.length, onlineCpus },
    ...{ topology: new Map(), nodeCpus: new Map(), nodeDistances: new Map() },
  };
}

export interface PerfMachineOptions {
  readonly options?: z.input<z.ZodObject<typeof PERF_OPTIONS>>;
  readonly perf?: FakePerfOptions;
  /** Names of cgroups. Default: a and b. */
  readonly cgroups?: readonly string[];
  /** As of the host. Default: plenty. */
  readonly keptFilesLimit?: number;
  readonly files?: Readonly<Record<string, string>>;
}

/** A v2 host with cgroups, the fake of perf's system calls and a collector; rounds are a second apart. */
export interface PerfMachine extends Disposable {
  readonly perf: FakePerf;
  readonly tree: Tree;
  readonly context: TestContext;
  readonly collector: PerfCollector;
  /** What was logged as a warning. */
  readonly warnings: readonly string[];
  /** One round with the tasks; gives their measurements by task id. Records last while the task object does. */
  round(
    tasks: readonly Task[],
    platform?: Platform | "unknown",
  ): Readonly<Record<string, Readonly<Record<string, Measurement>>>>;
  /** What stands in the task's record, also after a round that threw. */
  recordOf(task: Task): Readonly<Record<string, Measurement>>;
  /** Moves the clock of rates. */
  pass(ms: number): void;
}

export function perfMachine(setup: PerfMachineOptions = {}): PerfMachine {
  const { cgroups = ["a", "b"], keptFilesLimit = 10_000 } = setup;
  const perf = new FakePerf({
    events: HARDWARE,
    cgroups: [MOUNT, ...cgroups.map((name) => `${MOUNT}/${name}`)],
    ...setup.perf,
  });
  const tree = tempTree(
    {
      "proc/self/mounts": `cgroup2 ${MOUNT} cgroup2 rw 0 0\n`,
      "proc/cgroups": "perf_event\t0\t1\t1\n",
      "proc/cpuinfo": "processor\t: 0\nmodel name\t: Model\n\nprocessor\t: 1\nmodel name\t: Model\n",
      "proc/sys/kernel/perf_event_paranoid": "2\n",
      [`${MOUNT.slice(1)}/cgroup.subtree_control`]: "pids\n",
      ...Object.fromEntries(cgroups.map((name) => [`${MOUNT.slice(1)}/${name}/`, ""])),
      ...setup.files,
    },
    { perf, keptFilesLimit },
  );
  const context = testContext(tree.host);
  let nowMs = 0;
  const options: PerfOptions = z.object(PERF_OPTIONS).parse(setup.options ?? {});
  const collector = new PerfCollector(options, context, { monotonicMs: () => nowMs });
  const records = new WeakMap<Task, Record<string, Measurement>>();
  return {
    ...{ perf, tree, context, collector },
    get warnings() {
      return context.logged.filter(([level]) => level === "warning").map(([, text]) => text);
    },
    round(tasks, platform = platformWith(0, 1)) {
      const entries: readonly TaskUnderMeasure[] = tasks.map((task) => {
        let measurements = records.get(task);
        if (measurements === undefined) {
          measurements = {};
          records.set(task, measurements);
        }
        return { task, measurements };
      });
      collector.measure({
        ...{ timeMs: 0, platformMeasurements: {}, tasks: entries },
        platform: platform === "unknown" ? undefined : platform,
        drop: () => {
          throw new Error("perf never drops a task");
        },
      });
      return structuredClone(
        Object.fromEntries(entries.map(({ task, measurements }) => [task.id, measurements])),
      );
    },
    recordOf: (task) => ({ ...records.get(task) }),
    pass(ms) {
      nowMs += ms;
    },
    [Symbol.dispose]() {
      collector.close();
      tree[Symbol.dispose]();
    },
  };
}

/** A task whose cgroup has its name. */
export function task(id: string, parts: Partial<Task> = {}): Task {
  return taskWith({ id, name: id, cgroupPath: `/${id}`, ...parts });
}
