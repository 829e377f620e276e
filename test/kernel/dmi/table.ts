/* SMBIOS tables byte by byte, DMTF DSP0134 sections 5.2, 6.1 and 7.18; a letter stands for a byte (latin1). */

const MIB = 2 ** 20;

/** Length of the structure of a memory device by version of SMBIOS. */
export const LENGTHS = {
  "2.1": 0x15,
  "2.3": 0x1b,
  "2.6": 0x1c,
  "2.7": 0x22,
  "2.8": 0x28,
  "3.2": 0x54,
  "3.3": 0x5c,
  "3.7": 0x64,
};
export type Version = keyof typeof LENGTHS;

export const TYPE = {
  other: 1,
  unknown: 2,
  ram: 7,
  flash: 9,
  ddr3: 0x18,
  ddr4: 0x1a,
  logicalNonVolatile: 0x1f,
  hbm2: 0x21,
  ddr5: 0x22,
};
export const TECHNOLOGY = { unknown: 2, dram: 3, nvdimmN: 4, nvdimmF: 5, nvdimmP: 6, optane: 7 };

/** Type detail: synchronous, with and without the bit for memory that keeps its content. */
export const DETAIL = { synchronous: 0x0080, nonVolatile: 0x1080, registered: 0x2080 };

/** One slot. Fields are as the specification encodes them; what is left out is "unknown" as most firmware writes it. */
export interface Device {
  readonly version?: Version;
  readonly handle?: number;
  readonly totalWidth?: number;
  readonly dataWidth?: number;
  readonly size?: number;
  readonly extendedSizeMib?: number;
  readonly type?: number;
  readonly detail?: number;
  readonly speed?: number;
  readonly configuredSpeed?: number;
  readonly technology?: number;
  readonly volatileBytes?: bigint;
  readonly nonVolatileBytes?: bigint;
  readonly cacheBytes?: bigint;
  readonly extendedSpeed?: number;
  readonly extendedConfiguredSpeed?: number;
  readonly strings?: readonly string[];
}

const UNKNOWN_64 = 0xffff_ffff_ffff_ffffn;

/** A structure of type 17. */
export function memoryDevice(device: Device): string {
  const bytes = Buffer.alloc(0x64);
  bytes.writeUInt8(17, 0x00);
  bytes.writeUInt8(LENGTHS[device.version ?? "3.3"], 0x01);
  bytes.writeUInt16LE(device.handle ?? 0x1100, 0x02);
  bytes.writeUInt16LE(0x1000, 0x04); // array
  bytes.writeUInt16LE(0xfffe, 0x06); // no error information
  bytes.writeUInt16LE(device.totalWidth ?? 72, 0x08);
  bytes.writeUInt16LE(device.dataWidth ?? 64, 0x0a);
  bytes.writeUInt16LE(device.size ?? 0, 0x0c);
  bytes.writeUInt8(9, 0x0e); // form factor DIMM
  bytes.writeUInt8(1, 0x10); // device locator
  bytes.writeUInt8(2, 0x11); // bank locator
  bytes.writeUInt8(device.type ?? TYPE.unknown, 0x12);
  bytes.writeUInt16LE(device.detail ?? 0x0004, 0x13);
  bytes.writeUInt16LE(device.speed ?? 0, 0x15);
  bytes.writeUInt32LE(device.extendedSizeMib ?? 0, 0x1c);
  bytes.writeUInt16LE(device.configuredSpeed ?? 0, 0x20);
  bytes.writeUInt16LE(1200, 0x26); // configured voltage
  bytes.writeUInt8(device.technology ?? TECHNOLOGY.unknown, 0x28);
  bytes.writeUInt16LE(0x0008, 0x29); // mode capability: volatile memory
  bytes.writeBigUInt64LE(device.nonVolatileBytes ?? UNKNOWN_64, 0x34);
  bytes.writeBigUInt64LE(device.volatileBytes ?? UNKNOWN_64, 0x3c);
  bytes.writeBigUInt64LE(device.cacheBytes ?? UNKNOWN_64, 0x44);
  bytes.writeBigUInt64LE(UNKNOWN_64, 0x4c); // logical size
  bytes.writeUInt32LE(device.extendedSpeed ?? 0, 0x54);
  bytes.writeUInt32LE(device.extendedConfiguredSpeed ?? 0, 0x58);
  const area = bytes.subarray(0, LENGTHS[device.version ?? "3.3"]).toString("latin1");
  return structure(area, device.strings ?? ["P0_Node0_Channel0_Dimm0", "NODE 0"]);
}

/** A formatted area with its strings; two zeros where it has none. */
export function structure(area: string, strings: readonly string[] = []): string {
  return `${area}${strings.length === 0 ? "\0" : strings.map((text) => `${text}\0`).join("")}\0`;
}

export const END_OF_TABLE = structure("\x7f\x04\xff\xfe");
/** Information about the firmware, with strings and a zero word in its formatted area. */
export const FIRMWARE = structure("\0\x12\0\0\x01\x02\0\0\x03\xff\0\0\0\0\0\0\0\0", [
  "Vendor",
  "1.0",
  "01/02/2020",
]);

/** Size of a slot as word and extended size. */
export function sized(mib: number): Pick<Device, "size" | "extendedSizeMib"> {
  return mib < 0x7fff ? { size: mib } : { size: 0x7fff, extendedSizeMib: mib };
}

export function entryPoint3(major: number, minor: number): string {
  return `_SM3_\0\x18${String.fromCharCode(major, minor)}\0\x01\0${"\0".repeat(12)}`;
}

export function entryPoint2(major: number, minor: number, structures: number): string {
  const bytes = Buffer.alloc(0x1f);
  bytes.write("_SM_", "latin1");
  bytes.writeUInt8(0x1f, 5);
  bytes.writeUInt8(major, 6);
  bytes.writeUInt8(minor, 7);
  bytes.write("_DMI_", 0x10, "latin1");
  bytes.writeUInt16LE(structures, 0x1c);
  return bytes.toString("latin1");
}

/** Bytes for a literal machine. */
export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** Files of a machine with these slots, handles from 0x1100 on. */
export function dmiFiles(devices: readonly Device[]): Readonly<Record<string, Uint8Array>> {
  const slots = devices.map((device, index) => memoryDevice({ handle: 0x1100 + index, ...device }));
  return {
    "sys/firmware/dmi/tables/DMI": bytesOf(`${FIRMWARE}${slots.join("")}${END_OF_TABLE}`),
    "sys/firmware/dmi/tables/smbios_entry_point": bytesOf(entryPoint3(3, 3)),
  };
}

export function times<T>(count: number, value: T): readonly T[] {
  return Array.from({ length: count }, () => value);
}

export const EMPTY: Device = { size: 0, type: TYPE.unknown, totalWidth: 0xffff, dataWidth: 0xffff };

const GIB = BigInt(1024 * MIB);

/** A DIMM of 32 GiB: the size that does not fit the word any more. */
export const DDR4_32GIB: Device = {
  ...sized(32_768),
  ...{ type: TYPE.ddr4, detail: DETAIL.registered, technology: TECHNOLOGY.dram },
  ...{ speed: 2933, configuredSpeed: 2666 },
  ...{ volatileBytes: 32n * GIB, nonVolatileBytes: 0n, cacheBytes: 0n },
};

/** The same DIMM when it is the cache of Optane modules. */
export const DDR4_AS_CACHE: Device = { ...DDR4_32GIB, volatileBytes: 0n, cacheBytes: 32n * GIB };

/** 128 GiB by its name, of which 126 GiB can be used. */
export const OPTANE_AS_MEMORY: Device = {
  ...sized(131_072),
  ...{ type: TYPE.logicalNonVolatile, detail: 0x9080, technology: TECHNOLOGY.optane },
  ...{ speed: 2666, configuredSpeed: 2666 },
  ...{ volatileBytes: 126n * GIB, nonVolatileBytes: 0n, cacheBytes: 0n },
};

export const OPTANE_AS_STORAGE: Device = {
  ...OPTANE_AS_MEMORY,
  volatileBytes: 0n,
  nonVolatileBytes: 126n * GIB,
};
