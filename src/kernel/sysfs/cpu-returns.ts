import { KernelError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";

/**
 * Notices CPUs that went offline and came back between two looks, as all but the first do while a machine
 * is suspended. The list of online CPUs does not tell it, but perf events that were opened before stand
 * still for good. With each return the kernel makes the CPU's directory `topology` anew
 * (drivers/base/topology.c), under an inode that was never there before.
 */
export class CpuReturns {
  readonly #host: Host;
  /** Nothing for a CPU that was offline. */
  readonly #inodes = new Map<number, number | undefined>();

  constructor(host: Host) {
    this.#host = host;
  }

  /** Those of the CPUs that were away since the last look at them; none where sysfs does not tell. */
  look(cpus: readonly number[]): readonly number[] {
    return cpus.filter((cpu) => {
      const known = this.#inodes.has(cpu);
      const inode = this.#inodeOf(cpu);
      if (known && inode === this.#inodes.get(cpu)) return false;
      this.#inodes.set(cpu, inode);
      return known;
    });
  }

  #inodeOf(cpu: number): number | undefined {
    try {
      return this.#host.identity(`/sys/devices/system/cpu/cpu${cpu}/topology`);
    } catch (error) {
      if (error instanceof KernelError) return undefined;
      throw error;
    }
  }
}
