import * as fs from "node:fs";

const AT_PAGESZ = 6n;
const AT_CLKTCK = 17n;
const ENTRY_BYTES = 16;

export interface Auxv {
  readonly pageSize: number;
  readonly ticksPerSecond: number;
}

/**
 * Page size and clock tick rate from the auxiliary vector, getauxval(3): pairs of 64-bit words. Where it
 * is not readable (a recorded machine) the values of nearly every Linux host are taken: 4096 and 100.
 */
export function readAuxv(path: string): Auxv {
  let bytes: Buffer;
  try {
    bytes = fs.readFileSync(path);
  } catch {
    return { pageSize: 4096, ticksPerSecond: 100 };
  }
  return parseAuxv(bytes);
}

export function parseAuxv(bytes: Uint8Array): Auxv {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let pageSize = 4096;
  let ticksPerSecond = 100;
  for (let offset = 0; offset + ENTRY_BYTES <= bytes.byteLength; offset += ENTRY_BYTES) {
    const type = view.getBigUint64(offset, true);
    if (type === AT_PAGESZ) pageSize = Number(view.getBigUint64(offset + 8, true));
    if (type === AT_CLKTCK) ticksPerSecond = Number(view.getBigUint64(offset + 8, true));
  }
  return { pageSize, ticksPerSecond };
}
