import { KernelError, TaskGone } from "../../model/errors.ts";
import type { Host, KernelFile } from "../../model/host.ts";
import { CgroupDecoder } from "./decoder.ts";
import { CELL_NAMES, type ControlFile, controlFiles, mountOf } from "./files.ts";
import { type CgroupLayout, readLayout } from "./layout.ts";
import { unifiedPath } from "./unified-path.ts";

/** Rounds in which a missing file is looked for: 1, 2, 4, … 64 and then every 64th. */
const LONGEST_RETRY_ROUNDS = 64;

const NO_FILE = -1;

/** Where a control file is, but for the cgroup's path in between. */
interface Place {
  /** Nothing where the hierarchy is not mounted. */
  readonly mount: string | undefined;
  readonly suffix: string;
  readonly inV2: boolean;
  /** Index of the file that it stands in for, or -1. */
  readonly insteadOf: number;
}

/** What is the same for all cgroups of a host: layout, control files and their decoders. */
export class CgroupReading {
  readonly host: Host;
  readonly layout: CgroupLayout;
  readonly files: readonly ControlFile[];
  readonly decoders: readonly CgroupDecoder[];
  /** At the index of the file. */
  readonly places: readonly Place[];

  /** Throws `Unsupported` when no cgroup file system is mounted. */
  constructor(host: Host) {
    this.host = host;
    this.layout = readLayout(host);
    this.files = controlFiles(this.layout);
    this.decoders = this.files.map(({ format }) => new CgroupDecoder(format, host));
    this.places = this.files.map((control) => ({
      mount: mountOf(control, this.layout),
      suffix: `/${control.file}`,
      inV2: control.hierarchy === "v2",
      insteadOf: this.files.findIndex(({ file }) => file === control.insteadOf),
    }));
  }
}

/** The numbers of one cgroup, read anew by each {@link read} into the same arrays. */
export class CgroupReader {
  /** By the order of `CELL_NAMES`; NaN is absent. */
  readonly values = new Float64Array(CELL_NAMES.length).fill(Number.NaN);
  /** Pages by NUMA node: node numbers, and pages at the same index. */
  readonly numaNodes: number[] = [];
  readonly numaPages: number[] = [];
  readonly path: string;
  readonly #reading: CgroupReading;
  readonly #open: (KernelFile | undefined)[];
  #missing: readonly string[] = [];
  #gone: TaskGone | undefined;
  #rounds = 0;
  #retryAt = 1;

  constructor(reading: CgroupReading, path: string) {
    this.#reading = reading;
    this.path = path;
    this.#open = reading.files.map(() => undefined);
  }

  /** Names of control files that this cgroup does not have, or that cannot be read. */
  get missing(): readonly string[] {
    return this.#missing;
  }

  /** Throws {@link TaskGone} when the cgroup was removed, even if another one has its name now. */
  read(): void {
    if (this.#gone !== undefined) throw this.#gone;
    this.#rounds++;
    if (this.#rounds === 1) this.#openMissing();
    else if (this.#missing.length > 0 && this.#rounds >= this.#retryAt) this.#openMissing();
    const { decoders, host } = this.#reading;
    this.values.fill(Number.NaN);
    this.numaNodes.length = 0;
    this.numaPages.length = 0;
    for (let index = 0; index < this.#open.length; index++) {
      const file = this.#open[index];
      if (file === undefined) continue;
      const length = this.#readFile(file, index);
      if (length !== undefined) (decoders[index] as CgroupDecoder).decode(host.buffer, length, this);
    }
  }

  close(): void {
    for (let index = 0; index < this.#open.length; index++) {
      this.#open[index]?.close();
      this.#open[index] = undefined;
    }
  }

  #readFile(file: KernelFile, index: number): number | undefined {
    try {
      return file.read();
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      if (isGone(error) && !this.#isBeside(index)) {
        this.close();
        this.#gone = new TaskGone(`Cannot measure cgroup "${this.path}": it was removed`, { cause: error });
        throw this.#gone;
      }
      file.close();
      this.#open[index] = undefined;
      this.#noteMissing();
      return undefined;
    }
  }

  /** A file of a hybrid host's v2 tree beside v1 hierarchies, which alone say whether the task is there. */
  #isBeside(index: number): boolean {
    const { files, layout } = this.#reading;
    if (layout.version !== "hybrid" || files[index]?.hierarchy !== "v2") return false;
    return files.some(({ hierarchy }, other) => hierarchy !== "v2" && this.#open[other] !== undefined);
  }

  #openMissing(): void {
    const isRetry = this.#rounds > 1;
    this.#retryAt = this.#rounds + Math.min(this.#rounds, LONGEST_RETRY_ROUNDS);
    const { host, layout, places } = this.#reading;
    // Two name spaces: the task's path is that of the v1 hierarchies, the v2 tree may know it by another.
    const v2Path = unifiedPath(host, layout, this.path);
    let found = false;
    for (let index = 0; index < places.length; index++) {
      const path = this.#open[index] === undefined ? this.#pathOf(places[index] as Place, v2Path) : undefined;
      // What was missing is likely to be missing still, and an error costs ten times as much as a look.
      if (path !== undefined && !(isRetry && host.identity(path) === undefined)) {
        this.#open[index] = openIfThere(host, path);
      }
      if (this.#open[index] !== undefined) found = true;
    }
    if (!found) throw new TaskGone(`Cannot measure cgroup "${this.path}": no hierarchy has it`);
    this.#noteMissing();
  }

  /** A stand-in comes behind the file it stands in for, and is wanted only where that one is missing. */
  #pathOf({ mount, suffix, inV2, insteadOf }: Place, v2Path: string | undefined): string | undefined {
    const path = inV2 ? v2Path : this.path;
    if (mount === undefined || path === undefined) return undefined;
    if (insteadOf !== NO_FILE && this.#open[insteadOf] !== undefined) return undefined;
    return mount + path + suffix;
  }

  #noteMissing(): void {
    const { files, places } = this.#reading;
    const missing: string[] = [];
    for (let index = 0; index < files.length; index++) {
      const isStandIn = places[index]?.insteadOf !== NO_FILE;
      if (this.#open[index] === undefined && !isStandIn) missing.push((files[index] as ControlFile).file);
    }
    this.#missing = missing.length === 0 ? NONE : missing;
  }
}

const NONE: readonly string[] = [];

/** ENODEV: the cgroup behind a kept descriptor is gone. ENOENT: the same for a file that is opened each time. */
function isGone({ code }: KernelError): boolean {
  return code === "ENODEV" || code === "ENOENT";
}

function openIfThere(host: Host, path: string): KernelFile | undefined {
  try {
    return host.open(path);
  } catch (error) {
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}
