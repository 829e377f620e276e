import type { Host, KernelFile } from "../../model/host.ts";
import { isRemoval, isThreaded } from "./directory.ts";
import type { CgroupLayout } from "./layout.ts";

/**
 * Whether a cgroup itself holds processes, in any of the given mounts: its `cgroup.procs` is not empty.
 *
 * The v2 file is kept open. The one of v1 is opened each time: the kernel answers a second read of the
 * same descriptor within a second of the first from a list it made then, so that a kept one polled at
 * 1 Hz would never see a change (cgroup-v1.c, `CGROUP_PIDLIST_DESTROY_DELAY`).
 *
 * A threaded cgroup of v2 refuses the reading (EOPNOTSUPP): its processes belong to the domain above it.
 */
export class Occupancy {
  readonly #host: Host;
  readonly #v2: string | undefined;
  readonly #path: string;
  /** Where processes were found last: looked at first. */
  #likely: string | undefined;
  #kept: KernelFile | undefined;

  constructor(host: Host, { v2 }: Pick<CgroupLayout, "v2">, path: string) {
    this.#host = host;
    this.#v2 = v2;
    this.#path = path;
  }

  holdsProcesses(mounts: readonly string[]): boolean {
    const likely = this.#likely;
    if (likely !== undefined && mounts.includes(likely) && this.#holds(likely)) return true;
    for (const mount of mounts) {
      if (mount === likely || !this.#holds(mount)) continue;
      this.#likely = mount;
      return true;
    }
    return false;
  }

  close(): void {
    this.#kept?.close();
    this.#kept = undefined;
  }

  #holds(mount: string): boolean {
    try {
      return mount === this.#v2 ? this.#readKept(mount) > 0 : this.#readAnew(mount) > 0;
    } catch (error) {
      if (!isRemoval(error) && !isThreaded(error)) throw error;
      // A new cgroup of the same name needs a new descriptor.
      this.close();
      return false;
    }
  }

  #readKept(mount: string): number {
    this.#kept ??= this.#open(mount);
    return this.#kept.read();
  }

  #readAnew(mount: string): number {
    const file = this.#open(mount);
    try {
      return file.read();
    } finally {
      file.close();
    }
  }

  #open(mount: string): KernelFile {
    return this.#host.open(`${mount}${this.#path}/cgroup.procs`);
  }
}
