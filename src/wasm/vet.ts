import { ByteReader, leb128, ModuleFault } from "./byte-reader.ts";
import { EXTISM_MODULE, isAllowedImport, WASI_MODULE } from "./imports.ts";

export interface VetOptions {
  readonly moduleBytes: number;
  readonly memoryBytes: number;
}

/** A module that may be compiled. */
export interface VettedModule {
  readonly bytes: Uint8Array;
  /** Names of the exported functions. */
  readonly exports: readonly string[];
}

const PAGE = 65_536;
/** Entries of one table, of which modules have as many as they have functions. */
const TABLE_ENTRIES = 100_000;
const MOST_TABLES = 8;
/** What a plugin calls and is called by is a handful. */
const MOST_EXPORTS = 10_000;
const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

const SECTION = { custom: 0, type: 1, import: 2, table: 4, memory: 5, export: 7, last: 13 } as const;
const FUNCTION_TYPE = 0x60;
/** i32, i64, f32, f64, v128, funcref, externref. */
const VALUE_TYPES = new Set([0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0x6f]);
const REFERENCE_TYPES = new Set([0x70, 0x6f]);
const KINDS = ["function", "table", "memory", "global", "tag"];
const HAS_MAXIMUM = 1;

/**
 * Looks at a module before anything compiles it: sections, imports and limits, which is all that is needed to
 * know what it can ask for. What it may have at most is written into it; names for debuggers are left out.
 * Whether its code is valid is for the engine to say. Throws {@link ModuleFault}.
 */
export function vet(bytes: Uint8Array, { moduleBytes, memoryBytes }: VetOptions): VettedModule {
  if (bytes.length > moduleBytes) {
    throw new ModuleFault(`it has ${bytes.length} bytes, wanted at most ${moduleBytes}`);
  }
  HEADER.forEach((wanted, index) => {
    if (bytes[index] !== wanted) throw new ModuleFault("it is not a WebAssembly module of version 1");
  });
  const reader = new ByteReader(bytes, HEADER.length);
  const kept: Uint8Array[] = [bytes.subarray(0, HEADER.length)];
  let exports: readonly string[] = [];
  while (!reader.isAtEnd) {
    const start = reader.at;
    const id = reader.byte();
    const section = reader.part(reader.u32());
    if (id > SECTION.last) throw new ModuleFault(`it has a section of the unknown kind ${id}`);
    if (id === SECTION.custom) continue;
    let rewritten: readonly number[] | undefined;
    if (id === SECTION.type) vetTypes(section);
    if (id === SECTION.import) vetImports(section);
    if (id === SECTION.table) rewritten = vetTables(section);
    if (id === SECTION.memory) rewritten = vetMemories(section, Math.floor(memoryBytes / PAGE));
    if (id === SECTION.export) exports = functionExports(section);
    kept.push(
      rewritten === undefined
        ? bytes.subarray(start, reader.at)
        : Uint8Array.from([id, ...leb128(rewritten.length), ...rewritten]),
    );
  }
  return { bytes: joined(kept), exports };
}

/** Structs and arrays would be kept in the memory of the engine, which has no limit of its own. */
function vetTypes(section: ByteReader): void {
  for (let rest = section.count("types"); rest > 0; rest--) {
    if (section.byte() !== FUNCTION_TYPE) {
      throw new ModuleFault("it uses types other than functions (structs, arrays, recursive types)");
    }
    for (const what of ["parameters", "results"]) {
      for (let values = section.count(what); values > 0; values--) {
        const type = section.byte();
        if (!VALUE_TYPES.has(type)) throw new ModuleFault(`it uses the unknown value type 0x${hex(type)}`);
      }
    }
  }
  mustEnd(section, "type");
}

function vetImports(section: ByteReader): void {
  for (let rest = section.count("imports"); rest > 0; rest--) {
    const module = section.name();
    const name = section.name();
    const kind = section.byte();
    const what = `"${short(name)}" of "${short(module)}"`;
    if (kind !== 0) {
      throw new ModuleFault(
        `it imports the ${KINDS[kind] ?? "unknown thing"} ${what}, wanted functions only: its memory must be its own`,
      );
    }
    section.u32();
    if (!isAllowedImport(module, name)) {
      throw new ModuleFault(
        `it imports the function ${what}, which is none of "${EXTISM_MODULE}" or "${WASI_MODULE}"`,
      );
    }
  }
  mustEnd(section, "import");
}

function vetTables(section: ByteReader): readonly number[] {
  const count = section.count("tables");
  if (count > MOST_TABLES) throw new ModuleFault(`it has ${count} tables, wanted at most ${MOST_TABLES}`);
  const rewritten = [...leb128(count)];
  for (let rest = count; rest > 0; rest--) {
    const type = section.byte();
    if (!REFERENCE_TYPES.has(type))
      throw new ModuleFault(`it has a table of the unknown type 0x${hex(type)}`);
    rewritten.push(type, ...vetLimits(section, { what: "table", unit: "entries", most: TABLE_ENTRIES }));
  }
  mustEnd(section, "table");
  return rewritten;
}

function vetMemories(section: ByteReader, pages: number): readonly number[] {
  const count = section.count("memories");
  if (count > 1) throw new ModuleFault(`it has ${count} memories, wanted one`);
  const rewritten = [...leb128(count)];
  if (count === 1)
    rewritten.push(...vetLimits(section, { what: "memory", unit: "pages of 64 KiB", most: pages }));
  mustEnd(section, "memory");
  return rewritten;
}

function vetLimits(
  section: ByteReader,
  { what, unit, most }: { readonly what: string; readonly unit: string; readonly most: number },
): readonly number[] {
  const flags = section.byte();
  if (flags > HAS_MAXIMUM) {
    throw new ModuleFault(`it has a shared, 64-bit or otherwise special ${what} (flags 0x${hex(flags)})`);
  }
  const minimum = section.u32();
  const maximum = flags === HAS_MAXIMUM ? section.u32() : most;
  if (minimum > most) {
    throw new ModuleFault(`it begins with a ${what} of ${minimum} ${unit}, wanted at most ${most}`);
  }
  if (maximum < minimum) throw new ModuleFault(`its ${what} has a maximum below its minimum`);
  return [HAS_MAXIMUM, ...leb128(minimum), ...leb128(Math.min(maximum, most))];
}

function functionExports(section: ByteReader): readonly string[] {
  const names: string[] = [];
  const count = section.count("exports");
  if (count > MOST_EXPORTS) throw new ModuleFault(`it has ${count} exports, wanted at most ${MOST_EXPORTS}`);
  for (let rest = count; rest > 0; rest--) {
    const name = section.name();
    const kind = section.byte();
    section.u32();
    if (kind === 0) names.push(name);
  }
  mustEnd(section, "export");
  return names;
}

function mustEnd(section: ByteReader, what: string): void {
  if (!section.isAtEnd) throw new ModuleFault(`its ${what} section goes on behind its last entry`);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

/** Names may be as long as the module; only what can be shown is. */
function short(name: string): string {
  const shown = name.replace(/[^\x20-\x7e]/g, "?");
  return shown.length > 60 ? `${shown.slice(0, 60)}…` : shown;
}
