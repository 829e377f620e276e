import { KernelError, TaskGone } from "../../model/errors.ts";
import type { Host, KernelFile } from "../../model/host.ts";
import { CgroupDecoder } from "./decoder.ts";
import { CELL_NAMES, type ControlFile, controlFiles, mountOf } from "./files.ts";
import { type CgroupLayout, readLayout } from "./layout.ts";
import { unifiedPath } from "./unified-path.ts";

/** Rounds after which a missing file is looked for again: 1, 2, 4, … and then every 64. */
const LONGEST_RETRY_ROUNDS = 64;

/** What is the same for all cgroups of a host: layout, control files and their decoders. */
export class CgroupReading {
  readonly host: Host;
  readonly layout: CgroupLayout;
  readonly files: readonly ControlFile[];
  readonly decoders: readonly CgroupDecoder[];

  /** Throws `Unsupported` when no cgroup file system is mounted. */
  constructor(host: Host) {
    this.host = host;
    this.layout = readLayout(host);
    this.files = controlFiles(this.layout);
    this.decoders = this.files.map(({ format }) => new CgroupDecoder(format, host));
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
      if (isGone(error)) {
        this.close();
        throw new TaskGone(`Cannot measure cgroup "${this.path}": it was removed`, { cause: error });
      }
      file.close();
      this.#open[index] = undefined;
      this.#noteMissing();
      return undefined;
    }
  }

  #openMissing(): void {
    this.#retryAt = this.#rounds + Math.min(this.#rounds, LONGEST_RETRY_ROUNDS);
    const { host, layout, files } = this.#reading;
    // Two name spaces: the task's path is that of the v1 hierarchies, the v2 tree may know it by another.
    const v2Path = unifiedPath(host, layout, this.path);
    for (const [index, control] of files.entries()) {
      if (this.#open[index] !== undefined || !this.#isWanted(control)) continue;
      const mount = mountOf(control, layout);
      const path = control.hierarchy === "v2" ? v2Path : this.path;
      if (mount === undefined || path === undefined) continue;
      this.#open[index] = openIfThere(host, `${mount}${path}/${control.file}`);
    }
    if (this.#open.every((file) => file === undefined)) {
      throw new TaskGone(`Cannot measure cgroup "${this.path}": no hierarchy has it`);
    }
    this.#noteMissing();
  }

  /** A stand-in is wanted only where the file it stands in for is missing. */
  #isWanted({ insteadOf }: ControlFile): boolean {
    if (insteadOf === undefined) return true;
    return this.#reading.files.every(
      ({ file }, index) => file !== insteadOf || this.#open[index] === undefined,
    );
  }

  #noteMissing(): void {
    this.#missing = this.#reading.files
      .filter(({ insteadOf }, index) => insteadOf === undefined && this.#open[index] === undefined)
      .map(({ file }) => file);
  }
}

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
