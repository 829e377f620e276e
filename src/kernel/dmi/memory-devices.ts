import { KernelError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import { isAbsence } from "../optional-file.ts";
import { parseEntryPoint } from "./entry-point.ts";
import { MEMORY_DEVICE, type MemoryDevice, parseMemoryDevice } from "./memory-device.ts";
import { type DmiStructure, parseDmiTable } from "./structures.ts";

/** Documentation/ABI/testing/sysfs-firmware-dmi-tables, since Linux 4.2; for root alone. */
export const DMI_TABLE = "/sys/firmware/dmi/tables/DMI";
const ENTRY_POINT = "/sys/firmware/dmi/tables/smbios_entry_point";
/** Documentation/ABI/testing/sysfs-firmware-dmi-entries, with the module dmi-sysfs; for root alone. */
const ENTRIES = "/sys/firmware/dmi/entries";

export interface MemoryDevices {
  /** A slot each, empty ones too, in the order of the table. */
  readonly devices: readonly MemoryDevice[];
  /** Where they were read. */
  readonly path: string;
  /** Version of SMBIOS; absent where the entry point cannot be read. */
  readonly version?: string;
}

/**
 * The memory modules that the firmware tells of. Throws KernelError: ENOENT where the firmware has no
 * SMBIOS tables or the kernel does not show them, EACCES without rights, EBADMSG when they are broken.
 */
export function readMemoryDevices(host: Host): MemoryDevices {
  try {
    return readTable(host);
  } catch (error) {
    if (!isAbsence(error)) throw error;
    const devices = readEntries(host);
    if (devices === undefined) throw error;
    return { devices, path: ENTRIES };
  }
}

function readTable(host: Host): MemoryDevices {
  const table = host.read(DMI_TABLE);
  const entryPoint = readEntryPoint(host);
  const devices = parsed(DMI_TABLE, () => parseDmiTable(bytesOf(table), entryPoint?.structures));
  return {
    devices: memoryDevicesOf(devices),
    path: DMI_TABLE,
    ...(entryPoint === undefined ? {} : { version: entryPoint.version }),
  };
}

/** The table can be read without. */
function readEntryPoint(host: Host) {
  try {
    const text = host.read(ENTRY_POINT);
    return parsed(ENTRY_POINT, () => parseEntryPoint(bytesOf(text)));
  } catch (error) {
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}

function readEntries(host: Host): readonly MemoryDevice[] | undefined {
  const names = listEntries(host).filter((name) => name.startsWith(`${MEMORY_DEVICE}-`));
  if (names.length === 0) return undefined;
  // The directory's order is 17-0, 17-1, 17-10, 17-2.
  return names
    .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .flatMap((name) => {
      const path = `${ENTRIES}/${name}/raw`;
      const text = host.read(path);
      return memoryDevicesOf(parsed(path, () => parseDmiTable(bytesOf(text), 1)));
    });
}

function listEntries(host: Host): readonly string[] {
  try {
    return host.list(ENTRIES);
  } catch (error) {
    if (isAbsence(error)) return [];
    throw error;
  }
}

function memoryDevicesOf(structures: readonly DmiStructure[]): readonly MemoryDevice[] {
  return structures.filter(({ type }) => type === MEMORY_DEVICE).map(parseMemoryDevice);
}

function parsed<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new KernelError("parse", path, "EBADMSG", { cause: error });
  }
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}
