import { KernelError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";

/** Bit numbers of linux/capability.h for the capabilities that measuring can need. */
const BITS = {
  CAP_DAC_OVERRIDE: 1,
  CAP_DAC_READ_SEARCH: 2,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
  CAP_SYS_RESOURCE: 24,
  CAP_PERFMON: 38,
} as const;

export type Capability = keyof typeof BITS;

/** Parses the effective set in `/proc/PID/status`, capabilities(7). Nothing when there is no such line. */
export function parseCapabilities(status: string): ReadonlySet<Capability> | undefined {
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  if (mask === undefined) return undefined;
  const bits = BigInt(`0x${mask}`);
  const names = Object.entries(BITS).filter(([, bit]) => (bits >> BigInt(bit)) & 1n);
  return new Set(names.map(([name]) => name as Capability));
}

/** The capabilities of this process; nothing where /proc is not mounted. Throws {@link KernelError}. */
export function readCapabilities(host: Host): ReadonlySet<Capability> | undefined {
  try {
    return parseCapabilities(host.read("/proc/self/status"));
  } catch (error) {
    if (error instanceof KernelError && error.code === "ENOENT") return undefined;
    throw error;
  }
}
