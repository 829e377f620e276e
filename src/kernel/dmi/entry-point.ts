import { DmiFields } from "./fields.ts";

/** What the firmware says of its SMBIOS table as a whole. */
export interface DmiEntryPoint {
  /** Of the specification that the table follows: `3.3`. */
  readonly version: string;
  /** Number of structures; since version 3 the end-of-table structure tells instead. */
  readonly structures?: number;
}

/** `/sys/firmware/dmi/tables/smbios_entry_point`, DMTF DSP0134 section 5.2; the kernel has checked the sums. */
export function parseEntryPoint(bytes: Uint8Array): DmiEntryPoint {
  const fields = new DmiFields(bytes);
  if (startsWith(bytes, "_SM3_")) return { version: version(fields.byte(7), fields.byte(8)) };
  if (startsWith(bytes, "_SM_")) {
    return { version: version(fields.byte(6), fields.byte(7)), structures: required(fields.word(0x1c)) };
  }
  if (startsWith(bytes, "_DMI_")) {
    const decimal = required(fields.byte(14));
    return { version: version(decimal >> 4, decimal & 15), structures: required(fields.word(12)) };
  }
  throw new SyntaxError('Cannot find "_SM3_", "_SM_" or "_DMI_" at the start of the SMBIOS entry point');
}

function version(major: number | undefined, minor: number | undefined): string {
  return `${required(major)}.${required(minor)}`;
}

function required(field: number | undefined): number {
  if (field === undefined) throw new SyntaxError("Cannot read the SMBIOS entry point: it is cut off");
  return field;
}

function startsWith(bytes: Uint8Array, anchor: string): boolean {
  return [...anchor].every((letter, index) => bytes[index] === letter.charCodeAt(0));
}
