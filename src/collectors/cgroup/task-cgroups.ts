import { CELL_NAMES, CELLS } from "../../kernel/cgroup/files.ts";
import { CgroupReader, type CgroupReading } from "../../kernel/cgroup/reader.ts";
import type { Catalogue, MetricName } from "../../model/catalogue.ts";
import { TaskGone } from "../../model/errors.ts";
import type { Measurement } from "../../model/metric.ts";
import { isSameCgroup, type Task } from "../../model/task.ts";
import { type LevelTree, levelTree, writeLevels } from "../level-tree.ts";
import { MergedCells } from "./merged-cells.ts";

const NUMA_PAGES = "task_mem_numa_pages" satisfies MetricName;

/** From cell indexes to (nested) measurements: the same for every task. */
const MEASUREMENTS: LevelTree = levelTree(
  CELL_NAMES.map((name, index) => ({ path: [CELLS[name].metric, ...CELLS[name].levels], index })),
);

/** The cgroups of one task, from its discovery to its end. */
export class TaskCgroups {
  task: Task;
  readonly #reading: CgroupReading;
  readonly #catalogue: Catalogue;
  readonly #readers = new Map<string, CgroupReader>();
  #merged: MergedCells | undefined;

  constructor(task: Task, reading: CgroupReading, catalogue: Catalogue) {
    this.task = task;
    this.#reading = reading;
    this.#catalogue = catalogue;
  }

  /** Whether it is the same cgroup still: labels and containers may have changed, the directory has not. */
  isFor(task: Task): boolean {
    return isSameCgroup(task, this.task);
  }

  get missing(): readonly string[] {
    return [...new Set([...this.#readers.values()].flatMap(({ missing }) => missing))];
  }

  /** Throws {@link TaskGone} when the task's cgroup, or the last one of its containers, is not there any more. */
  measure(into: Record<string, Measurement>): void {
    const { cgroupPath, subcgroupPaths } = this.task;
    if (subcgroupPaths.length === 0) {
      const reader = this.#readerOf(cgroupPath);
      reader.read();
      emit(reader.values, reader.numaNodes, reader.numaPages, into);
    } else {
      this.#measureContainers(subcgroupPaths, into);
    }
  }

  close(): void {
    for (const reader of this.#readers.values()) reader.close();
    this.#readers.clear();
  }

  #measureContainers(paths: readonly string[], into: Record<string, Measurement>): void {
    this.#merged ??= new MergedCells(this.#catalogue);
    for (const path of [...this.#readers.keys()]) if (!paths.includes(path)) this.#keepUnlisted(path);
    const readers: CgroupReader[] = [];
    for (const path of paths) {
      const reader = this.#read(path);
      if (reader !== undefined) readers.push(reader);
    }
    if (readers.length === 0)
      throw new TaskGone(`Cannot measure task "${this.task.id}": no container has a cgroup`);
    this.#merged.merge(readers);
    emit(this.#merged.values, this.#merged.numaNodes, this.#merged.numaPages, into);
  }

  /** A container that is left out of the list may come back: while its cgroup lives its counters must not count twice. */
  #keepUnlisted(path: string): void {
    if (path === this.task.cgroupPath) this.#forget(path);
    else this.#read(path);
  }

  /** Nothing, and the reader forgotten, when the container's cgroup is gone. */
  #read(path: string): CgroupReader | undefined {
    const reader = this.#readerOf(path);
    try {
      reader.read();
      return reader;
    } catch (error) {
      if (!(error instanceof TaskGone)) throw error;
      this.#forget(path);
      return undefined;
    }
  }

  #readerOf(path: string): CgroupReader {
    let reader = this.#readers.get(path);
    if (reader === undefined) {
      reader = new CgroupReader(this.#reading, path);
      this.#readers.set(path, reader);
    }
    return reader;
  }

  #forget(path: string): void {
    this.#readers.get(path)?.close();
    this.#readers.delete(path);
  }
}

function emit(
  values: Float64Array,
  numaNodes: readonly number[],
  numaPages: readonly number[],
  into: Record<string, Measurement>,
): void {
  writeLevels(MEASUREMENTS, values, into);
  if (numaNodes.length === 0) delete into[NUMA_PAGES];
  else into[NUMA_PAGES] = pagesByNode(numaNodes, numaPages, into[NUMA_PAGES]);
}

/** Into the record of the last round, unless it has nodes that are gone. */
function pagesByNode(
  nodes: readonly number[],
  pages: readonly number[],
  last: Measurement | undefined,
): Measurement {
  const record = (typeof last === "object" ? last : {}) as Record<string, Measurement>;
  for (let i = 0; i < nodes.length; i++) record[nodes[i] as number] = pages[i] as number;
  let known = 0;
  for (const _node in record) known++;
  return known === nodes.length ? record : pagesByNode(nodes, pages, undefined);
}
