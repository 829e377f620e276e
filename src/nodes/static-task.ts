import { type CgroupDirectory, findDirectory, mountsOf } from "../kernel/cgroup/directory.ts";
import type { CgroupLayout } from "../kernel/cgroup/layout.ts";
import { Occupancy } from "../kernel/cgroup/occupancy.ts";
import type { Host } from "../model/host.ts";
import type { Log } from "../model/log.ts";
import type { Labels, Task } from "../model/task.ts";
import { WANTED_CONTROLLERS } from "./cgroup-probe.ts";

/** Rounds after which a task that misses hierarchies is looked for again: they may be made one by one. */
const RECHECK_ROUNDS = 60;

/** What all named tasks of a node share. */
export interface Surroundings {
  readonly host: Host;
  readonly log: Log;
  readonly layout: CgroupLayout;
  /** Of {@link layout}, `taskHierarchies`. */
  readonly mounts: readonly string[];
  /** Those of them that every task should be in. */
  readonly wantedMounts: readonly string[];
  readonly requirePids: boolean;
}

export interface NamedTask {
  readonly path: string;
  readonly labels: Labels;
  readonly resources: Task["resources"];
  /** Found in `directory`: comes and goes without a word. */
  readonly isListed: boolean;
}

/** One configured name, followed from round to round. */
export class StaticTask {
  readonly #around: Surroundings;
  readonly #named: NamedTask;
  readonly #occupancy: Occupancy;
  #directory: CgroupDirectory | undefined;
  #mounts: readonly string[] = [];
  #task: Task | undefined;
  #rounds = 0;
  #saidAbsent = false;
  #saidMissing = "";
  #isIncomplete = false;

  constructor(around: Surroundings, named: NamedTask) {
    this.#around = around;
    this.#named = named;
    this.#occupancy = new Occupancy(around.host, around.layout, named.path);
  }

  /** See {@link NamedTask.isListed}. */
  get isListed(): boolean {
    return this.#named.isListed;
  }

  /** True when the cgroup that was there at the last look is gone. */
  lost(): boolean {
    if (this.#directory === undefined || this.#directory.alive()) return false;
    this.#forget();
    return true;
  }

  /** The task of this round; the same object as long as it is the same cgroup. Call {@link lost} before. */
  current(): Task | undefined {
    this.#rounds++;
    if (this.#directory === undefined) this.#find();
    else if (this.#isIncomplete && this.#rounds % RECHECK_ROUNDS === 0) this.#recheck();
    if (this.#directory === undefined) return undefined;
    if (this.#around.requirePids && !this.#occupancy.holdsProcesses(this.#mounts)) return undefined;
    this.#task ??= this.#describe(this.#directory.identity);
    return this.#task;
  }

  close(): void {
    this.#forget();
  }

  #forget(): void {
    this.#directory?.close();
    this.#occupancy.close();
    this.#directory = undefined;
    this.#task = undefined;
  }

  #find(): void {
    const { host, log } = this.#around;
    const { path, isListed } = this.#named;
    this.#mounts = this.#presence();
    this.#directory = findDirectory(host, this.#mounts, path);
    if (this.#directory === undefined) {
      if (!this.#saidAbsent && !isListed)
        log.warning(`Cannot find task "${path}": no hierarchy has the cgroup`);
      this.#saidAbsent = true;
      return;
    }
    if (this.#saidAbsent && !isListed) log.info(`Found task "${path}" again`);
    this.#saidAbsent = false;
    this.#noteMissing();
  }

  /** Hierarchies that have the cgroup; all of them are asked only when that matters, as it takes a while at start. */
  #presence(): readonly string[] {
    const { host, mounts, wantedMounts, requirePids } = this.#around;
    const { path } = this.#named;
    const present = requirePids ? [] : mountsOf(host, wantedMounts, path);
    return present.length > 0 ? present : mountsOf(host, mounts, path);
  }

  #recheck(): void {
    const present = this.#presence();
    if (present[0] !== this.#mounts[0]) {
      this.#forget();
      this.#find();
      return;
    }
    this.#mounts = present;
    this.#noteMissing();
  }

  #noteMissing(): void {
    const { layout, log } = this.#around;
    const { path } = this.#named;
    const missing = WANTED_CONTROLLERS.filter((controller) => {
      const mount = layout.v1.get(controller);
      return mount !== undefined && !this.#mounts.includes(mount);
    }).join(", ");
    this.#isIncomplete = missing !== "";
    if (missing === this.#saidMissing) return;
    this.#saidMissing = missing;
    if (missing === "") log.info(`Found task "${path}" in all hierarchies`);
    else log.warning(`Cannot measure all of task "${path}": not in the hierarchies ${missing}`);
  }

  #describe(identity: number): Task {
    const { path, labels, resources } = this.#named;
    const name = path.slice(1);
    return {
      id: name,
      name,
      cgroupPath: path,
      subcgroupPaths: [],
      labels,
      resources: { ...resources },
      identity,
    };
  }
}
