import * as path from "node:path";
import { type HostOptions, KernelHost } from "../../src/kernel/host.ts";

/** The machines beside this file, recorded (`vm-`) or made by `tools/make-machines.ts`. */
export const MACHINES = [
  "vm-hybrid",
  "xeon-2s-cgroup2",
  "xeon-2s-cgroup1",
  "epyc-many-numa",
  "v1-old-kernel",
] as const;

/** A host on one of the machines. Nothing may be written there: tests that write copy it first. */
export function machineHost(name: (typeof MACHINES)[number], options: HostOptions = {}): KernelHost {
  return new KernelHost({ root: path.join(import.meta.dirname, name), hostname: name, ...options });
}
