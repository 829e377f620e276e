import { KernelError } from "../../model/errors.ts";
import type { Host, KernelFile } from "../../model/host.ts";
import { asciiSlice } from "../decimal.ts";

const NR_DESCENDANTS = /^nr_descendants (\d+)$/m;

/**
 * The number of living cgroups below one of v2, from `cgroup.stat` (cgroup-v2.rst). Who knows all of them
 * and finds none gone can tell by an unchanged number that none was made. v1 has no such file:
 * `/proc/cgroups` counts removed cgroups too until they are freed.
 */
export class Census {
  readonly #host: Host;
  readonly #directory: string;
  readonly #isKernel: boolean;
  #file: KernelFile | undefined;

  /** `mount` is that of the v2 tree. */
  constructor(host: Host, mount: string, path: string) {
    this.#host = host;
    this.#directory = mount + path;
    this.#isKernel = host.live;
  }

  /** Nothing where it cannot be told, also on recorded machines, whose files do not follow changes. */
  count(): number | undefined {
    if (!this.#isKernel) return undefined;
    try {
      this.#file ??= this.#host.open(`${this.#directory}/cgroup.stat`);
      const length = this.#file.read();
      const found = NR_DESCENDANTS.exec(asciiSlice(this.#host.buffer, 0, length))?.[1];
      return found === undefined ? undefined : Number(found);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.close();
      return undefined;
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}
