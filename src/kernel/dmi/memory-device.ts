import type { DmiFields } from "./fields.ts";
import type { DmiStructure } from "./structures.ts";

/** SMBIOS type of the structures that {@link parseMemoryDevice} takes. */
export const MEMORY_DEVICE = 17;

const KIB = 1024;
const MIB = 1024 * KIB;

/** Places of the fields in the structure, DMTF DSP0134 section 7.18. */
const FIELD = {
  dataWidth: 0x0a,
  size: 0x0c,
  type: 0x12,
  typeDetail: 0x13,
  speed: 0x15, // SMBIOS 2.3
  extendedSize: 0x1c, // 2.7
  configuredSpeed: 0x20, // 2.7
  technology: 0x28, // 3.2
  nonVolatileSize: 0x34, // 3.2
  volatileSize: 0x3c, // 3.2
  cacheSize: 0x44, // 3.2
  extendedSpeed: 0x54, // 3.3
  extendedConfiguredSpeed: 0x58, // 3.3
} as const;

/** Video memory, ROM, flash and the EEPROMs: chips of the board that some firmware lists among the modules. */
const NO_MEMORY_OF_THE_SYSTEM: ReadonlySet<number> = new Set([0x05, 0x08, 0x09, 0x0a, 0x0b, 0x0c]);
const LOGICAL_NON_VOLATILE = 0x1f;
const NON_VOLATILE_DETAIL = 1 << 12;

const OPTANE = 7;
/** NVDIMM-N, NVDIMM-F, NVDIMM-P, Intel Optane. */
const NON_VOLATILE_TECHNOLOGIES: ReadonlySet<number> = new Set([4, 5, 6, OPTANE]);

const ALL_ONES_16 = 0xffff;
const SIZE_IS_EXTENDED = 0x7fff;
const SIZE_IN_KIB = 0x8000;
const LOW_31_BITS = 0x7fff_ffff;

/** A slot for a memory module, as the firmware describes it. */
export interface MemoryDevice {
  readonly handle: number;
  /** `other`: no memory that the system works with. */
  readonly kind: "ram" | "nvm" | "other";
  /** Intel Optane; absent where the firmware does not tell the technology (before SMBIOS 3.2). */
  readonly optane?: boolean;
  /** 0: the slot is empty. */
  readonly sizeBytes?: number;
  /** Bits without those for error correction. */
  readonly dataWidth?: number;
  /** What the module can do, in 10^6 transfers per second. */
  readonly speed?: number;
  /** What it is run with. */
  readonly configuredSpeed?: number;
  /** How much of an Optane module is main memory ("memory mode"). */
  readonly volatileBytes?: number;
  /** How much of it keeps its content without power. */
  readonly nonVolatileBytes?: number;
  /** How much of a DRAM module caches Optane modules. */
  readonly cacheBytes?: number;
}

/** From a structure of type 17 of any length; what the firmware does not know is absent. */
export function parseMemoryDevice({ handle, fields }: DmiStructure): MemoryDevice {
  const technology = fields.byte(FIELD.technology) ?? 0;
  return {
    handle,
    kind: kindOf(fields, technology),
    // 0 is reserved, 1 other, 2 unknown.
    ...present("optane", technology > 2 ? technology === OPTANE : undefined),
    ...present("sizeBytes", sizeOf(fields)),
    ...present("dataWidth", known(fields.word(FIELD.dataWidth))),
    ...present("speed", speedOf(fields, FIELD.speed, FIELD.extendedSpeed)),
    ...present("configuredSpeed", speedOf(fields, FIELD.configuredSpeed, FIELD.extendedConfiguredSpeed)),
    ...present("volatileBytes", fields.quadWord(FIELD.volatileSize)),
    ...present("nonVolatileBytes", fields.quadWord(FIELD.nonVolatileSize)),
    ...present("cacheBytes", fields.quadWord(FIELD.cacheSize)),
  };
}

function present<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { readonly [key in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [key in Key]?: Value };
}

function kindOf(fields: DmiFields, technology: number): MemoryDevice["kind"] {
  const type = fields.byte(FIELD.type) ?? 0;
  if (NO_MEMORY_OF_THE_SYSTEM.has(type)) return "other";
  const detail = fields.word(FIELD.typeDetail) ?? 0;
  const nonVolatile =
    NON_VOLATILE_TECHNOLOGIES.has(technology) ||
    type === LOGICAL_NON_VOLATILE ||
    (detail & NON_VOLATILE_DETAIL) !== 0;
  return nonVolatile ? "nvm" : "ram";
}

function sizeOf(fields: DmiFields): number | undefined {
  const size = fields.word(FIELD.size);
  if (size === undefined || size === ALL_ONES_16) return undefined;
  if (size === SIZE_IS_EXTENDED) {
    const extended = fields.doubleWord(FIELD.extendedSize);
    return extended === undefined ? undefined : (extended & LOW_31_BITS) * MIB;
  }
  return (size & SIZE_IN_KIB) === 0 ? size * MIB : (size & ~SIZE_IN_KIB) * KIB;
}

function speedOf(fields: DmiFields, at: number, extendedAt: number): number | undefined {
  const speed = fields.word(at);
  if (speed !== ALL_ONES_16) return known(speed);
  return known((fields.doubleWord(extendedAt) ?? 0) & LOW_31_BITS);
}

function known(field: number | undefined): number | undefined {
  return field === 0 || field === ALL_ONES_16 ? undefined : field;
}
