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

/** Rounds in which a trouble that comes and goes is not said again: after the first time, and at most. */
const FIRST_QUIET = 16;
const LONGEST_QUIET = 4096;

/** When a kind of trouble was said last. */
interface Saying {
  /** The round until which it is not said again. */
  readonly until: number;
  readonly quiet: number;
}

/** Says each kind of trouble with resctrl once, when it begins, however many tasks have it and however long. */
export class ResctrlProblems {
  readonly #host: Host;
  readonly #log: Log;
  #round = 0;
  #lasting: ReadonlySet<string> = new Set();
  readonly #sayings = new Map<string, Saying>();
  /** That RMIDs are missing was said, and not yet that they are there again. */
  #saidLimit = false;

  constructor(host: Host, log: Log) {
    this.#host = host;
    this.#log = log;
  }

  /** Called once a round. `stuck`: a group that could not be removed. Returns how many tasks are not watched. */
  report(monitors: Iterable<TaskMonitor>, stuck: Error | undefined): number {
    this.#round++;
    const troubles = new Map<string, Trouble>();
    let unwatched = 0;
    for (const monitor of monitors) {
      const { problem } = monitor;
      if (problem !== undefined) {
        unwatched++;
        note(troubles, problem.kind, monitor, problem.message);
      }
      if (monitor.lost && problem === undefined) note(troubles, "lost", monitor, "");
      if (monitor.unassigned) note(troubles, "unassigned", monitor, "");
    }
    for (const trouble of troubles.values()) {
      if (this.#isNew(trouble.kind)) this.#log.warning(this.#say(trouble));
    }
    const kinds = new Set(troubles.keys());
    if (stuck !== undefined) {
      kinds.add("stuck");
      if (this.#isNew("stuck")) this.#log.warning(`${stuck.message}; tried again in each round`);
    }
    if (this.#saidLimit && !kinds.has("limit")) {
      this.#saidLimit = false;
      this.#log.info("There are RMIDs for all chosen tasks again");
    }
    this.#lasting = kinds;
    return unwatched;
  }

  /** What begins again and again is said at growing intervals. */
  #isNew(kind: string): boolean {
    if (this.#lasting.has(kind)) return false;
    const last = this.#sayings.get(kind);
    if (last !== undefined && this.#round < last.until) return false;
    const isCalm = last === undefined || this.#round > last.until + last.quiet;
    const quiet = isCalm ? FIRST_QUIET : Math.min(LONGEST_QUIET, last.quiet * 2);
    this.#sayings.set(kind, { until: this.#round + quiet, quiet });
    if (kind === "limit") this.#saidLimit = true;
    return true;
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
