import type { Host } from "../../model/host.ts";
import { isAbsence } from "../optional-file.ts";

/** Documentation/ABI/testing/sysfs-bus-nfit, sysfs-bus-nvdimm */
export const ND_DEVICES = "/sys/bus/nd/devices";

/** A persistent memory module that the kernel's driver (nfit) found. */
export interface Nvdimm {
  /** `nmem0`. */
  readonly name: string;
  /** Number of the CPU package. */
  readonly socket: number;
  /** Handle of its SMBIOS structure. */
  readonly dmiHandle: number;
  /** JEDEC number of who made it; Intel is 0x8089. */
  readonly vendor: number;
  /** It is part of a region of persistent memory; in memory mode it is not. */
  readonly inRegion: boolean;
}

/** The modules of the NVDIMM bus by name; none where there is no such bus. Without rights: all files are world-readable. */
export function readNvdimms(host: Host): readonly Nvdimm[] {
  const devices = listDevices(host);
  const inRegions = new Set(devices.filter(isRegion).flatMap((region) => modulesOf(host, region)));
  return devices.flatMap((name) => {
    if (!/^nmem\d+$/.test(name)) return [];
    const [handle, dmiHandle, vendor] = ["handle", "phys_id", "vendor"].map((file) =>
      numberIn(host, `${ND_DEVICES}/${name}/nfit/${file}`),
    );
    if (handle === undefined || dmiHandle === undefined || vendor === undefined) return [];
    return { name, socket: socketOf(handle), dmiHandle, vendor, inRegion: inRegions.has(name) };
  });
}

/**
 * ACPI 6.5, 9.20.3: bits 15 to 12 are the socket within its node controller, 27 to 16 the node controller
 * of machines with more than 16 sockets.
 */
function socketOf(handle: number): number {
  return ((handle >>> 12) & 0xf) + ((handle >>> 16) & 0xfff) * 16;
}

function isRegion(name: string): boolean {
  return /^region\d+$/.test(name);
}

/** Names of the modules of a region: `mapping0` is `nmem3,0,135291469824,0`. */
function modulesOf(host: Host, region: string): readonly string[] {
  const mappings = numberIn(host, `${ND_DEVICES}/${region}/mappings`) ?? 0;
  return Array.from({ length: Math.min(mappings, 32) }, (_, index) => index).flatMap((index) => {
    const text = readOptional(host, `${ND_DEVICES}/${region}/mapping${index}`);
    return /^nmem\d+(?=,)/.exec(text ?? "") ?? [];
  });
}

function listDevices(host: Host): readonly string[] {
  try {
    return host.list(ND_DEVICES);
  } catch (error) {
    if (isAbsence(error)) return [];
    throw error;
  }
}

/** Decimal, or hexadecimal with 0x; nothing when the file is not there or holds something else. */
function numberIn(host: Host, path: string): number | undefined {
  const text = readOptional(host, path)?.trim() ?? "";
  return /^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text) ? Number(text) : undefined;
}

function readOptional(host: Host, path: string): string | undefined {
  try {
    return host.read(path);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}
