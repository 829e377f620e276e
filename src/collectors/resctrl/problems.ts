import { readInfo } from "../../kernel/resctrl/info.ts";
import type { TaskMonitor } from "../../kernel/resctrl/task-monitor.ts";
import type { Host } from "../../model/host.ts";
import type { Log } from "../../model/log.ts";
import { formatDomains } from "./probe.ts";

/** One kind of trouble in one round. */
interface Trouble {
  readonly kind: string;
  tasks: number;
  /** The first of them. */
  readonly monitor: TaskMonitor;
  readonly message: string;
}

/** Says each kind of trouble with resctrl once, when it begins, however many tasks have it and however long. */
export class ResctrlProblems {
  readonly #host: Host;
  readonly #log: Log;
  #lasting: ReadonlySet<string> = new Set();

  constructor(host: Host, log: Log) {
    this.#host = host;
    this.#log = log;
  }

  /** Called once a round. `stuck`: a group that could not be removed. Returns how many tasks are not watched. */
  report(monitors: Iterable<TaskMonitor>, stuck: Error | undefined): number {
    const troubles = new Map<string, Trouble>();
    let unwatched = 0;
    for (const monitor of monitors) {
      const { problem } = monitor;
      if (problem !== undefined) {
        unwatched++;
        note(troubles, problem.kind, monitor, problem.message);
      }
      if (monitor.lost) note(troubles, "lost", monitor, "");
      if (monitor.unassigned) note(troubles, "unassigned", monitor, "");
    }
    for (const trouble of troubles.values()) {
      if (!this.#lasting.has(trouble.kind)) this.#log.warning(this.#say(trouble));
    }
    const kinds = new Set(troubles.keys());
    if (stuck !== undefined) {
      kinds.add("stuck");
      if (!this.#lasting.has("stuck")) this.#log.warning(`${stuck.message}; tried again in each round`);
    }
    if (this.#lasting.has("limit") && !kinds.has("limit"))
      this.#log.info("There are RMIDs for all chosen tasks again");
    this.#lasting = kinds;
    return unwatched;
  }

  #say({ kind, tasks, monitor, message }: Trouble): string {
    const more = tasks === 1 ? "" : ` and ${tasks - 1} more`;
    const who = `task "${monitor.task.id}"${more}`;
    if (kind === "lost")
      return `Somebody else removed the monitoring group of ${who}: it is made again, what was not read yet is not counted`;
    if (kind === "unassigned")
      return `Cannot count memory bandwidth of ${who}: Unassigned, ${this.#counters()}. Choose fewer tasks with rdt_tasks, or write "default" to info/L3_MON/mbm_assign_mode`;
    return `Cannot watch ${who} with resctrl: ${message}`;
  }

  #counters(): string {
    const assignable = readInfo(this.#host)?.monitoring.find(
      (one) => one.assignable !== undefined,
    )?.assignable;
    if (assignable === undefined) return "the group has no counter";
    const { counters, free } = assignable;
    return `of ${formatDomains(counters)} counters (info/L3_MON/num_mbm_cntrs) ${formatDomains(free)} are free`;
  }
}

function note(troubles: Map<string, Trouble>, kind: string, monitor: TaskMonitor, message: string): void {
  const known = troubles.get(kind);
  if (known === undefined) troubles.set(kind, { kind, tasks: 1, monitor, message });
  else known.tasks++;
}
