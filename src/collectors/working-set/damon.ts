import type { HostContext } from "../../config/component.ts";
import { readLayout } from "../../kernel/cgroup/layout.ts";
import { CgroupMembers } from "../../kernel/cgroup/members.ts";
import { DamonMonitor } from "../../kernel/damon/monitor.ts";
import { TaskGone } from "../../model/errors.ts";
import type { Round, TaskUnderMeasure } from "../../model/round.ts";
import type { WorkingSetFigures, WorkingSetSource } from "./source.ts";

/** Working sets from the accesses that DAMON sees: nothing is cleared, no bandwidth is needed. */
export class DamonWorkingSets implements WorkingSetSource {
  readonly #log: HostContext["log"];
  readonly #members: CgroupMembers;
  readonly #monitor: DamonMonitor;
  /** Cgroup paths whose members were asked for, by task id. */
  #paths = new Map<string, string>();
  #saidTooMany = false;

  constructor({ host, log }: HostContext) {
    this.#log = log;
    this.#members = new CgroupMembers(host, readLayout(host));
    this.#monitor = new DamonMonitor(host);
  }

  measure(round: Round, tasks: readonly TaskUnderMeasure[]): ReadonlyMap<string, WorkingSetFigures> {
    this.#monitor.open();
    const bytes = this.#monitor.read();
    const processes = this.#processesOf(round, tasks);
    const figures = new Map<string, WorkingSetFigures>();
    for (const [id, pids] of processes) {
      const workingSetBytes = bytes && sumOf(pids, bytes);
      if (workingSetBytes !== undefined) figures.set(id, { workingSetBytes });
    }
    if (this.#monitor.settled) this.#watch([...processes.values()].flat());
    return figures;
  }

  close(): void {
    this.#monitor.close();
  }

  /** One that ends just now is missing from the next list: then it is tried again. */
  #watch(pids: readonly number[]): void {
    if (sameNumbers(pids, this.#monitor.pids)) return;
    if (pids.length > 0) this.#monitor.start(pids);
    else this.#monitor.stop();
  }

  /** Of as many tasks as DAMON can watch, in order. */
  #processesOf(round: Round, tasks: readonly TaskUnderMeasure[]): ReadonlyMap<string, readonly number[]> {
    const paths = new Set(round.tasks.map(({ task }) => task.cgroupPath));
    const processes = new Map<string, readonly number[]>();
    const asked = new Map<string, string>();
    let left = DamonMonitor.MOST_PROCESSES;
    for (const { task } of tasks) {
      try {
        const pids = this.#members.processes(task.cgroupPath, (path) => paths.has(path));
        asked.set(task.id, task.cgroupPath);
        if (pids.length > left) {
          this.#sayTooMany();
          continue;
        }
        left -= pids.length;
        processes.set(task.id, pids);
      } catch (error) {
        if (!(error instanceof TaskGone)) throw error;
        round.drop(task, error);
      }
    }
    this.#forgetOthers(asked);
    return processes;
  }

  #forgetOthers(asked: Map<string, string>): void {
    for (const [id, path] of this.#paths) if (asked.get(id) !== path) this.#members.forget(path);
    this.#paths = asked;
  }

  #sayTooMany(): void {
    if (this.#saidTooMany) return;
    this.#saidTooMany = true;
    this.#log.warning(
      `Cannot watch all tasks with DAMON: they have more than ${DamonMonitor.MOST_PROCESSES} processes, some tasks have no working set; choose tasks with wss_tasks`,
    );
  }
}

/** Of the processes that were watched; nothing when none was. */
function sumOf(pids: readonly number[], bytes: ReadonlyMap<number, number>): number | undefined {
  let sum: number | undefined;
  for (const pid of pids) {
    const ofProcess = bytes.get(pid);
    if (ofProcess !== undefined) sum = (sum ?? 0) + ofProcess;
  }
  return sum;
}

function sameNumbers(some: readonly number[], others: readonly number[]): boolean {
  return some.length === others.length && some.every((number, index) => number === others[index]);
}
