import { z } from "zod";
import { defineComponent, type HostContext, type OptionsOf } from "../../config/component.ts";
import { readLayout } from "../../kernel/cgroup/layout.ts";
import type { IsOther } from "../../kernel/cgroup/member-branch.ts";
import { CgroupMembers } from "../../kernel/cgroup/members.ts";
import { readAvailability } from "../../kernel/resctrl/availability.ts";
import { ControlGroups } from "../../kernel/resctrl/control-groups.ts";
import { readOwner } from "../../kernel/resctrl/group-name.ts";
import { GroupStore } from "../../kernel/resctrl/group-store.ts";
import { clearMonitored } from "../../kernel/resctrl/mon-sums.ts";
import { removeOrphans } from "../../kernel/resctrl/orphans.ts";
import { type Monitoring, TaskMonitor } from "../../kernel/resctrl/task-monitor.ts";
import { TaskGone, Unsupported } from "../../model/errors.ts";
import { Collector } from "../../model/roles.ts";
import type { Round, TaskUnderMeasure } from "../../model/round.ts";
import type { Probing, Support } from "../../model/support.ts";
import type { Task } from "../../model/task.ts";
import { put } from "../platform-measurement.ts";
import { TaskSelector, taskSelection } from "../task-selector.ts";
import { probeResctrl } from "./probe.ts";
import { ResctrlProblems } from "./problems.ts";

export const RESCTRL_OPTIONS = {
  rdt_enabled: z
    .union([z.boolean(), z.literal("auto")])
    .nullable()
    .default(null)
    .describe(
      "Whether resctrl (Intel RDT, AMD QoS, Arm MPAM) watches the cache and memory bandwidth of tasks: true ends the agent where it cannot, false leaves resctrl alone altogether, null or auto uses it where it can.",
    ),
  rdt_tasks: taskSelection("resctrl watches, each of which takes an RMID"),
} as const;

/** Cache occupancy and memory bandwidth of tasks, from monitoring groups of resctrl. */
export class ResctrlCollector extends Collector implements Probing {
  static readonly component = defineComponent("collector", {
    doc: "Measures how much of the last-level cache tasks fill and how many bytes they move from and to memory, from monitoring groups that it makes in /sys/fs/resctrl under the control groups the tasks are in.",
    options: RESCTRL_OPTIONS,
  });

  readonly #options: OptionsOf<typeof ResctrlCollector>;
  readonly #context: HostContext;
  readonly #selector: TaskSelector;
  readonly #problems: ResctrlProblems;
  /** Nothing while resctrl is not used. */
  #monitoring: Monitoring | undefined;
  /** By task id. */
  readonly #monitors = new Map<string, TaskMonitor>();
  #tasks: readonly TaskUnderMeasure[] | undefined;
  #chosen: readonly TaskUnderMeasure[] = [];
  #isOther: IsOther = () => false;

  constructor(options: OptionsOf<typeof ResctrlCollector>, context: HostContext) {
    super();
    this.#options = options;
    this.#context = context;
    this.#selector = new TaskSelector(options.rdt_tasks);
    this.#problems = new ResctrlProblems(context.host, context.log);
  }

  /** Throws {@link Unsupported} when resctrl is demanded and cannot be used. */
  open(): void {
    const { rdt_enabled } = this.#options;
    if (rdt_enabled === false) return;
    try {
      this.#monitoring = this.#start();
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      const { message } = error;
      if (rdt_enabled === true)
        throw new Unsupported(`Cannot use resctrl, which rdt_enabled: true demands: ${message}`, {
          cause: error,
        });
      this.#context.log.info(`Tasks are not watched with resctrl: ${message}`);
    }
  }

  measure(round: Round): void {
    const monitoring = this.#monitoring;
    if (monitoring === undefined) return;
    const { control, store } = monitoring;
    store.beginRound();
    if (round.tasks !== this.#tasks) this.#choose(round.tasks, monitoring);
    this.#refresh(control);
    let failure: unknown;
    for (const { task, measurements } of this.#chosen) {
      try {
        const monitor = this.#monitorOf(task, monitoring);
        monitor.place(this.#isOther);
        monitor.read(measurements);
      } catch (error) {
        clearMonitored(measurements);
        if (error instanceof TaskGone) {
          this.#forget(task.id, monitoring);
          round.drop(task, error);
        } else {
          failure ??= error;
        }
      }
    }
    const unwatched = this.#problems.report(this.#monitors.values(), store.stuck);
    put(round, "wca_rdt_groups", store.size);
    put(round, "wca_rdt_unwatched_tasks", unwatched);
    // What went wrong with one task is told when the others are done.
    if (failure !== undefined) throw failure;
  }

  /** Without it there are no values of this round, and those of the last are not. */
  #refresh(control: ControlGroups): void {
    try {
      control.refresh();
    } catch (error) {
      for (const { measurements } of this.#chosen) clearMonitored(measurements);
      throw error;
    }
  }

  /** Nothing when resctrl is not to be touched. */
  probe(tasks: readonly Task[]): readonly Support[] {
    if (this.#options.rdt_enabled === false) return [];
    const chosen = tasks.filter((task) => this.#selector.selects(task));
    return probeResctrl(this.#context.host, chosen.length);
  }

  close(): void {
    const { log } = this.#context;
    for (const id of [...this.#monitors.keys()]) this.#forget(id, this.#monitoring);
    this.#monitoring?.store.close();
    const stuck = this.#monitoring?.store.stuck;
    if (stuck !== undefined) log.warning(`${stuck.message}; the next agent removes it`);
    this.#monitoring = undefined;
    this.#tasks = undefined;
    this.#chosen = [];
  }

  /** Throws {@link Unsupported} when resctrl cannot be used. */
  #start(): Monitoring {
    const { host, log } = this.#context;
    const { obstacle } = readAvailability(host);
    if (obstacle !== undefined) throw new Unsupported(obstacle);
    const members = new CgroupMembers(host, readLayout(host));
    const self = readOwner(host);
    const orphans = removeOrphans(host);
    if (orphans > 0) log.info(`Removed monitoring groups that an agent had left when it crashed: ${orphans}`);
    return { host, members, control: new ControlGroups(host, self), store: new GroupStore(host, self) };
  }

  /** Tasks that left or are not chosen any more give their RMIDs back before others want them. */
  #choose(tasks: readonly TaskUnderMeasure[], monitoring: Monitoring): void {
    this.#tasks = tasks;
    this.#chosen = tasks.filter(({ task }) => this.#selector.selects(task));
    const chosen = new Map(this.#chosen.map(({ task }) => [task.id, task]));
    for (const { task, measurements } of tasks) if (!chosen.has(task.id)) clearMonitored(measurements);
    for (const [id, monitor] of [...this.#monitors]) {
      const task = chosen.get(id);
      if (task !== undefined && monitor.isFor(task)) monitor.task = task;
      else this.#forget(id, monitoring);
    }
    const paths = new Set(tasks.map(({ task }) => task.cgroupPath));
    this.#isOther = (path) => paths.has(path);
  }

  #monitorOf(task: Task, monitoring: Monitoring): TaskMonitor {
    let monitor = this.#monitors.get(task.id);
    if (monitor === undefined) {
      monitor = new TaskMonitor(task, monitoring);
      this.#monitors.set(task.id, monitor);
    }
    return monitor;
  }

  #forget(id: string, monitoring: Monitoring | undefined): void {
    const monitor = this.#monitors.get(id);
    if (monitor === undefined) return;
    this.#monitors.delete(id);
    monitor.close();
    monitoring?.members.forget(monitor.task.cgroupPath);
  }
}
