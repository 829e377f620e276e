import { DmiFields } from "./fields.ts";

const HEADER_LENGTH = 4;
const END_OF_TABLE = 127;

/** One structure of the SMBIOS table; its strings are passed over. */
export interface DmiStructure {
  readonly type: number;
  /** What other tables know the structure by, the NFIT for instance. */
  readonly handle: number;
  readonly fields: DmiFields;
}

/**
 * The structures of an SMBIOS table, DMTF DSP0134 section 6. `count` is what the entry point announces:
 * what follows may be rubbish. A table that is cut off or has a length that cannot be is refused as a
 * whole, since the modules of half a table would be a wrong answer.
 */
export function parseDmiTable(bytes: Uint8Array, count = Number.POSITIVE_INFINITY): readonly DmiStructure[] {
  const structures: DmiStructure[] = [];
  for (let at = 0; at < bytes.length && structures.length < count; ) {
    const structure = structureAt(bytes, at);
    structures.push(structure);
    if (structure.type === END_OF_TABLE) break;
    at = endOfStrings(bytes, at + (bytes[at + 1] as number));
  }
  return structures;
}

function structureAt(bytes: Uint8Array, at: number): DmiStructure {
  if (at + HEADER_LENGTH > bytes.length) {
    throw new SyntaxError(`Cannot read the SMBIOS structure at byte ${at}: the table ends in its header`);
  }
  const header = new DmiFields(bytes.subarray(at, at + HEADER_LENGTH));
  const [type = 0, length = 0, handle = 0] = [header.byte(0), header.byte(1), header.word(2)];
  const what = `Cannot read the SMBIOS structure of type ${type} at byte ${at}`;
  if (length < HEADER_LENGTH) throw new SyntaxError(`${what}: its length is ${length}, less than its header`);
  if (at + length > bytes.length) {
    throw new SyntaxError(
      `${what}: it is ${length} bytes long, and the table ends after ${bytes.length - at}`,
    );
  }
  return { type, handle, fields: new DmiFields(bytes.subarray(at, at + length)) };
}

/** Behind the strings, which end with an empty one; where there are none stand two zeros as well. */
function endOfStrings(bytes: Uint8Array, start: number): number {
  for (let at = start; at + 1 < bytes.length; at++) {
    if (bytes[at] === 0 && bytes[at + 1] === 0) return at + 2;
  }
  throw new SyntaxError(`Cannot find the end of the strings at byte ${start} of the SMBIOS table`);
}
