import type { HostContext } from "../../config/component.ts";
import { readLayout } from "../../kernel/cgroup/layout.ts";
import { CgroupMembers } from "../../kernel/cgroup/members.ts";
import { clearReferenced } from "../../kernel/proc/clear-refs.ts";
import { findSmapsFile, readReferenced, type SmapsFile } from "../../kernel/proc/smaps.ts";
import { NEEDED_TO_SEE_THREADS } from "../../kernel/proc/thread-files.ts";
import { KernelError, TaskGone, Unsupported } from "../../model/errors.ts";
import type { Round, TaskUnderMeasure } from "../../model/round.ts";
import { isSameCgroup, type Task } from "../../model/task.ts";
import type { WorkingSetFigures, WorkingSetSource } from "./source.ts";
import { WorkingSet, type WorkingSetOptions } from "./working-set.ts";

/** What an errno of these files means, where it is to be expected. */
const MEANING: Readonly<Record<string, string>> = {
  "smaps EACCES": "process of another user or with more capabilities; needs CAP_SYS_PTRACE",
  "smaps EPERM": NEEDED_TO_SEE_THREADS,
  "clear_refs EACCES": "process of another user; needs CAP_DAC_OVERRIDE",
  "clear_refs EPERM": NEEDED_TO_SEE_THREADS,
  "clear_refs EROFS": "/proc is mounted read-only",
};

/** Some hardware does not answer the first reading of a task's bandwidth. */
const PATIENCE = 2;

interface Watched {
  readonly task: Task;
  readonly machine: WorkingSet;
  overheadSecs: number;
  /** Bits that cannot be cleared make no working set. */
  clearable: boolean;
}

/** Working sets from the referenced bits of processes, which it clears. */
export class SmapsWorkingSets implements WorkingSetSource {
  readonly #context: HostContext;
  readonly #options: WorkingSetOptions;
  readonly #file: SmapsFile;
  readonly #members: CgroupMembers;
  /** By task id; pruned by the list of present tasks. */
  readonly #watched = new Map<string, Watched>();
  readonly #said = new Set<string>();
  /** Measurements in a row in which no task had its bandwidth. */
  #withoutBandwidth = 0;

  /** Throws {@link Unsupported} where the kernel tells nothing of referenced memory. */
  constructor(options: WorkingSetOptions, context: HostContext) {
    const file = findSmapsFile(context.host);
    if (file === undefined)
      throw new Unsupported(
        "Cannot measure referenced memory: /proc/self has neither smaps_rollup nor smaps, needs CONFIG_PROC_PAGE_MONITOR",
      );
    this.#options = options;
    this.#context = context;
    this.#file = file;
    this.#members = new CgroupMembers(context.host, readLayout(context.host));
    // The first process is always there and nearly always somebody else's; hidden ones look as if they had ended.
    if (context.host.identity("/proc/1") === undefined)
      this.#say(
        `Cannot see processes of other users, referenced memory of tasks will lack them: ${NEEDED_TO_SEE_THREADS}`,
      );
  }

  measure(round: Round, tasks: readonly TaskUnderMeasure[]): ReadonlyMap<string, WorkingSetFigures> {
    const paths = new Set(round.tasks.map(({ task }) => task.cgroupPath));
    const figures = new Map<string, WorkingSetFigures>();
    let withBandwidth = 0;
    for (const { task, measurements } of tasks) {
      const bandwidth = measurements["task_mem_bandwidth_bytes"];
      if (typeof bandwidth === "number") withBandwidth++;
      try {
        figures.set(
          task.id,
          this.#measureTask(task, bandwidth as number | undefined, (path) => paths.has(path)),
        );
      } catch (error) {
        if (!(error instanceof TaskGone)) throw error;
        round.drop(task, error);
      }
    }
    if (withBandwidth > 0) this.#withoutBandwidth = 0;
    else if (figures.size > 0 && ++this.#withoutBandwidth >= PATIENCE) this.#sayWithoutBandwidth();
    this.#prune(figures);
    return figures;
  }

  close(): void {
    this.#watched.clear();
  }

  #measureTask(
    task: Task,
    bandwidthBytes: number | undefined,
    isOther: (path: string) => boolean,
  ): WorkingSetFigures {
    const watched = this.#watch(task);
    const started = performance.now();
    const pids = this.#members.processes(task.cgroupPath, isOther);
    const referencedBytes = this.#referenced(pids);
    let workingSetBytes: number | undefined;
    if (referencedBytes !== undefined) {
      const step = watched.machine.step({ referencedBytes, bandwidthBytes });
      if (step.reset) this.#clear(pids, watched);
      if (watched.clearable) workingSetBytes = step.workingSetBytes;
    }
    watched.overheadSecs += (performance.now() - started) / 1000;
    // As fine as the clock is.
    return { referencedBytes, workingSetBytes, overheadSecs: Math.round(watched.overheadSecs * 1e6) / 1e6 };
  }

  /** Of all processes, those that have just ended left out. Nothing without any, or when one may not be read. */
  #referenced(pids: readonly number[]): number | undefined {
    let sum: number | undefined;
    for (const pid of pids) {
      try {
        const bytes = readReferenced(this.#context.host, pid, this.#file);
        if (bytes !== undefined) sum = (sum ?? 0) + bytes;
      } catch (error) {
        this.#sayOnce("smaps", error);
        return undefined;
      }
    }
    return sum;
  }

  #clear(pids: readonly number[], watched: Watched): void {
    for (const pid of pids) {
      try {
        clearReferenced(this.#context.host, pid);
      } catch (error) {
        this.#sayOnce("clear_refs", error);
        watched.clearable = false;
      }
    }
  }

  #watch(task: Task): Watched {
    const known = this.#watched.get(task.id);
    if (known !== undefined && isSameCgroup(task, known.task)) return known;
    const watched = { task, machine: new WorkingSet(this.#options), overheadSecs: 0, clearable: true };
    this.#watched.set(task.id, watched);
    return watched;
  }

  #prune(present: ReadonlyMap<string, unknown>): void {
    for (const [id, { task }] of this.#watched) {
      if (present.has(id)) continue;
      this.#watched.delete(id);
      this.#members.forget(task.cgroupPath);
    }
  }

  #sayWithoutBandwidth(): void {
    const { membwThreshold, stableCycles } = this.#options;
    if (membwThreshold === undefined || stableCycles === 0) return;
    this.#say(
      "Cannot estimate working sets: no task has task_mem_bandwidth_bytes (memory bandwidth by resctrl), which tells when referenced memory is stable; only task_wss_referenced_bytes is measured",
    );
  }

  #sayOnce(file: "smaps" | "clear_refs", error: unknown): void {
    if (!(error instanceof KernelError)) throw error;
    const meaning = MEANING[`${file} ${error.code}`] ?? "not expected of this file";
    const [attempt, name, lost] =
      file === "smaps"
        ? ["read", this.#file, "tasks with such processes have no referenced bytes and no working set"]
        : ["write", file, "tasks with such processes have no working set"];
    this.#say(`Cannot ${attempt} "/proc/PID/${name}": ${error.code}, ${meaning}; ${lost}`);
  }

  #say(message: string): void {
    if (this.#said.has(message)) return;
    this.#said.add(message);
    this.#context.log.warning(message);
  }
}
