import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ModuleFault } from "../../src/wasm/byte-reader.ts";
import { vet } from "../../src/wasm/vet.ts";
import { EMIT, EXTISM, wat } from "../support/wat.ts";

const LIMITS = { moduleBytes: 100_000, memoryBytes: 4 * 65_536 };
const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

const PLUGIN = wat(`(module ${EXTISM}
  (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
  (memory (export "memory") 1) (table 2 funcref) (global (mut i64) (i64.const 5))
  (data (i32.const 0) "[]") ${EMIT}
  (func $start) (start $start) (elem (i32.const 0) $start)
  (func (export "detect") (result i32) (call $emit (i32.const 0) (i32.const 2)) (i32.const 0))
  (func (export "describe") (result i32) (i32.const 1)))`);

/** A module with one section, written as bytes. */
function section(id: number, ...body: readonly number[]): Uint8Array {
  return Uint8Array.from([...HEADER, id, body.length, ...body]);
}

function faultOf(bytes: Uint8Array): string {
  try {
    vet(bytes, LIMITS);
  } catch (error) {
    if (error instanceof ModuleFault) return error.message;
    throw error;
  }
  return "none";
}

describe("vet()", () => {
  test("leaves a plugin valid and tells its functions", () => {
    const { bytes, exports } = vet(PLUGIN, LIMITS);
    expect([WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>), exports]).toEqual([
      true,
      ["detect", "describe"],
    ]);
  });

  test.each([
    ["(memory 1)", 4],
    ["(memory 1 2)", 2],
    ["(memory 4 65536)", 4],
    ["(memory 0)", 4],
  ])("a memory cannot grow beyond the limit: %s", (memory, most) => {
    const { bytes } = vet(wat(`(module ${memory} (export "memory" (memory 0)))`), LIMITS);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>));
    const grown = exports["memory"] as WebAssembly.Memory;
    const pages = () => grown.buffer.byteLength / 65_536;
    grown.grow(most - pages());
    expect(pages()).toBe(most);
    expect(() => grown.grow(1)).toThrow(RangeError);
  });

  test("a table cannot grow beyond the limit", () => {
    const { bytes } = vet(wat('(module (table (export "t") 1 funcref))'), LIMITS);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>));
    const table = exports["t"] as WebAssembly.Table;
    table.grow(99_999);
    expect(table.length).toBe(100_000);
    expect(() => table.grow(1)).toThrow(RangeError);
  });

  test.each<readonly [string, Uint8Array, string]>([
    ["nothing", new Uint8Array(0), "it is not a WebAssembly module of version 1"],
    [
      "a component",
      Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]),
      "it is not a WebAssembly module of version 1",
    ],
    ["a module that is too large", new Uint8Array(100_001), "it has 100001 bytes, wanted at most 100000"],
    [
      "too much memory",
      wat("(module (memory 65536))"),
      "it begins with a memory of 65536 pages of 64 KiB, wanted at most 4",
    ],
    [
      "shared memory",
      wat("(module (memory 1 4 shared))"),
      "it has a shared, 64-bit or otherwise special memory (flags 0x03)",
    ],
    [
      "64-bit memory",
      section(5, 1, 4, 1),
      "it has a shared, 64-bit or otherwise special memory (flags 0x04)",
    ],
    [
      "pages of another size",
      section(5, 1, 8, 1, 0),
      "it has a shared, 64-bit or otherwise special memory (flags 0x08)",
    ],
    ["two memories", section(5, 2, 0, 1, 0, 1), "it has 2 memories, wanted one"],
    ["a maximum below the minimum", section(5, 1, 1, 2, 1), "its memory has a maximum below its minimum"],
    [
      "a large table",
      wat("(module (table 100001 funcref))"),
      "it begins with a table of 100001 entries, wanted at most 100000",
    ],
    [
      "many tables",
      section(4, 9, ...Array.from({ length: 9 }, () => [0x70, 0, 1]).flat()),
      "it has 9 tables, wanted at most 8",
    ],
    [
      "a table with a first value",
      section(4, 1, 0x40, 0, 0x70, 0, 1, 0xd0, 0x70, 0x0b),
      "it has a table of the unknown type 0x40",
    ],
    [
      "an imported memory",
      wat('(module (import "env" "memory" (memory 1)))'),
      'it imports the memory "memory" of "env", wanted functions only: its memory must be its own',
    ],
    [
      "an imported table",
      wat('(module (import "env" "t" (table 1 funcref)))'),
      'it imports the table "t" of "env", wanted functions only: its memory must be its own',
    ],
    [
      "an imported global",
      wat('(module (import "env" "g" (global i32)))'),
      'it imports the global "g" of "env", wanted functions only: its memory must be its own',
    ],
    [
      "an unknown function",
      wat('(module (import "env" "system" (func)))'),
      'it imports the function "system" of "env", which is none of "extism:host/env" or "wasi_snapshot_preview1"',
    ],
    [
      "an unknown function of Extism",
      wat('(module (import "extism:host/env" "reset" (func)))'),
      'it imports the function "reset" of "extism:host/env", which is none of "extism:host/env" or "wasi_snapshot_preview1"',
    ],
    [
      "a name that every object has",
      wat('(module (import "extism:host/env" "constructor" (func)))'),
      'it imports the function "constructor" of "extism:host/env", which is none of "extism:host/env" or "wasi_snapshot_preview1"',
    ],
    [
      "a name to spoil the log",
      wat('(module (import "a\\0a\\1b[2J" "b" (func)))'),
      'it imports the function "b" of "a??[2J", which is none of "extism:host/env" or "wasi_snapshot_preview1"',
    ],
    [
      "a struct",
      section(1, 1, 0x5f, 0),
      "it uses types other than functions (structs, arrays, recursive types)",
    ],
    ["a reference to a type", section(1, 1, 0x60, 1, 0x63, 0), "it uses the unknown value type 0x63"],
    ["an unknown section", section(14, 0), "it has a section of the unknown kind 14"],
    ["a section that is cut off", Uint8Array.from([...HEADER, 1, 5, 0]), "it is cut off at byte 11"],
    [
      "a number without end",
      Uint8Array.from([...HEADER, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]),
      "the number before byte 14 has more than 32 bits",
    ],
    [
      "more entries than bytes",
      section(2, 0xff, 0xff, 0xff, 0xff, 0x0f),
      "it has 4294967295 imports in 0 bytes",
    ],
    ["bytes behind the entries", section(5, 1, 0, 1, 0), "its memory section goes on behind its last entry"],
    ["a name that is no text", section(7, 1, 1, 0xff, 0, 0), "the name at byte 12 is not UTF-8"],
  ])("refuses %s", (_, bytes, message) => {
    expect(faultOf(bytes)).toBe(message);
  });

  test("a module cut off anywhere is refused or has the same sections as before", () => {
    for (let length = 0; length < PLUGIN.length; length++) {
      const fault = faultOf(PLUGIN.subarray(0, length));
      if (fault === "none") expect(WebAssembly.validate(PLUGIN.slice(0, length)) || length > 8).toBe(true);
    }
    expect(faultOf(PLUGIN)).toBe("none");
  });

  test("any bytes come to an end: a fault, or a module whose limits hold", () => {
    const changes = fc.array(fc.tuple(fc.nat(PLUGIN.length - 1), fc.nat(255)), { maxLength: 8 });
    fc.assert(
      fc.property(changes, (list) => {
        const bytes = PLUGIN.slice();
        for (const [at, value] of list) bytes[at] = value;
        if (faultOf(bytes) !== "none") return;
        // What vet() lets pass once it lets pass again, and nothing changes.
        const once = vet(bytes, LIMITS).bytes;
        expect(vet(once, LIMITS).bytes).toEqual(once);
      }),
      { numRuns: 5000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(faultOf(Uint8Array.from([...HEADER, ...bytes]))).toBeString();
      }),
      { numRuns: 5000 },
    );
  });

  test("what was valid stays valid, whatever its sizes", () => {
    const sizes = fc.record({
      min: fc.nat(4),
      more: fc.nat(70_000),
      table: fc.nat(1000),
      functions: fc.nat(20),
    });
    fc.assert(
      fc.property(sizes, ({ min, more, table, functions }) => {
        const body = Array.from({ length: functions }, (_, index) => `(func (export "f${index}"))`).join("");
        const bytes = wat(
          `(module (memory ${min} ${Math.min(65_536, min + more)}) (table ${table} funcref) ${body})`,
        );
        const vetted = vet(bytes, LIMITS);
        expect(WebAssembly.validate(vetted.bytes as Uint8Array<ArrayBuffer>)).toBe(true);
        expect(vetted.exports).toHaveLength(functions);
      }),
      { numRuns: 100 },
    );
  });
});
