import * as fs from "node:fs";
import { ResctrlCollector } from "../../../src/collectors/resctrl/resctrl.ts";
import type { OptionsOf } from "../../../src/config/component.ts";
import { ownerOf } from "../../../src/kernel/resctrl/group-name.ts";
import type { Host } from "../../../src/model/host.ts";
import type { Measurement } from "../../../src/model/metric.ts";
import type { TaskUnderMeasure } from "../../../src/model/round.ts";
import type { Task } from "../../../src/model/task.ts";
import { taskWith } from "../../roles/labeler.ts";
import type { RealCgroup } from "../../support/cgroups.ts";
import { type TestContext, testContext } from "../../support/context.ts";

export type Measurements = Readonly<Record<string, Measurement>>;

/** A collector and what it made of the last round. */
export interface Watching extends Disposable {
  readonly collector: ResctrlCollector;
  readonly context: TestContext;
  /** One round with these tasks, whose measurements stay theirs as in the agent. */
  round(tasks: readonly Task[]): Readonly<Record<string, Measurements>>;
  /** What tasks have now, also after a round that failed. */
  readonly measurements: Readonly<Record<string, Measurements>>;
  readonly platform: Measurements;
  readonly dropped: readonly string[];
}

/** A collector that is open on the host; `using` closes it. */
export function watching(host: Host, options: Partial<OptionsOf<typeof ResctrlCollector>> = {}): Watching {
  const context = testContext(host);
  const collector = new ResctrlCollector({ rdt_enabled: true, rdt_tasks: undefined, ...options }, context);
  collector.open();
  let entries: readonly (TaskUnderMeasure & { measurements: Record<string, Measurement> })[] = [];
  let last: readonly Task[] = [];
  let platform: Record<string, Measurement> = {};
  const dropped: string[] = [];
  return {
    collector,
    context,
    get measurements() {
      return Object.fromEntries(entries.map(({ task, measurements }) => [task.id, { ...measurements }]));
    },
    get platform() {
      return platform;
    },
    dropped,
    round(tasks) {
      if (tasks !== last) {
        const known = new Map(entries.map((entry) => [entry.task, entry]));
        entries = tasks.map((task) => known.get(task) ?? { task, measurements: {} });
        last = tasks;
      }
      platform = {};
      let present = entries;
      collector.measure({
        timeMs: 0,
        platform: undefined,
        platformMeasurements: platform,
        get tasks() {
          return present;
        },
        drop(task) {
          dropped.push(task.id);
          present = present.filter((entry) => entry.task !== task);
        },
      });
      return Object.fromEntries(present.map(({ task, measurements }) => [task.id, { ...measurements }]));
    },
    [Symbol.dispose]: () => collector.close(),
  };
}

/** The task of a cgroup; its id is the path without what differs between test runs. */
export function taskOf(cgroup: RealCgroup, parts: Partial<Task> = {}): Task {
  const id = cgroup.path.replace(/^.*wca-test-\d+-\d+-/, "");
  return taskWith({ id, name: id, cgroupPath: cgroup.path, ...parts });
}

/** Monitoring groups of agents in a control group of a resctrl mounted at `root`, sorted. */
export function agentGroups(root: string, control = ""): readonly string[] {
  return fs
    .readdirSync(`${root}/${control}/mon_groups`)
    .filter((name) => ownerOf(name) !== undefined)
    .sort();
}

/** Threads of each monitoring group below a control group, sorted. */
export function threadsIn(root: string, control = ""): readonly (readonly number[])[] {
  return fs
    .readdirSync(`${root}/${control}/mon_groups`)
    .sort()
    .map((name) => threadsOf(`${root}/${control}/mon_groups/${name}`));
}

export function threadsOf(group: string): readonly number[] {
  return fs
    .readFileSync(`${group}/tasks`, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map(Number)
    .sort((a, b) => a - b);
}
