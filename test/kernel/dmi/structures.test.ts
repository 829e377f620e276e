import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseMemoryDevice } from "../../../src/kernel/dmi/memory-device.ts";
import { parseDmiTable } from "../../../src/kernel/dmi/structures.ts";
import { DDR4_32GIB, END_OF_TABLE, FIRMWARE, memoryDevice, structure } from "./table.ts";

function parse(table: string, count?: number): readonly (readonly [type: number, handle: number])[] {
  return parseDmiTable(Buffer.from(table, "latin1"), count).map(({ type, handle }) => [type, handle]);
}

const SLOT = memoryDevice({ ...DDR4_32GIB, handle: 0x1234 });
const NO_STRINGS = structure("\x20\x04\xcd\xab");

test("parseDmiTable() gives type and handle of each structure, strings passed over", () => {
  expect(parse(FIRMWARE + NO_STRINGS + SLOT + END_OF_TABLE)).toEqual([
    [0, 0],
    [32, 0xabcd],
    [17, 0x1234],
    [127, 0xfeff],
  ]);
});

test.each([
  ["behind the end of the table", FIRMWARE + END_OF_TABLE + SLOT, undefined],
  ["behind as many structures as were announced", FIRMWARE + END_OF_TABLE.replace("\x7f", "\x7e") + SLOT, 2],
  ["behind the end, be it rubbish", `${FIRMWARE + END_OF_TABLE}\0\x01`, undefined],
])("parseDmiTable() does not look %s", (_, table, count) => {
  expect(parse(table, count).map(([type]) => type)).toEqual([0, count === undefined ? 127 : 126]);
});

test("parseDmiTable() takes a table that ends without saying so, and one whose last structure has no strings", () => {
  expect(parse(FIRMWARE + SLOT)).toHaveLength(2);
  expect(parse(`${FIRMWARE}\x7f\x04\xff\xfe`)).toHaveLength(2);
  expect(parse("")).toEqual([]);
});

test("parseDmiTable() reads the fields of each structure, not those of its neighbour", () => {
  const short = structure("\x11\x06\x01\0\xaa\xbb");
  const [first, second] = parseDmiTable(Buffer.from(short + SLOT, "latin1"));
  const read = [first?.fields.word(4), first?.fields.word(5), first?.fields.byte(6), second?.fields.word(4)];
  expect(read).toEqual([0xbbaa, undefined, undefined, 0x1000]);
});

test.each([
  ["a length of 0", `${FIRMWARE}\x11\0\0\0\0\0`, "type 17 at byte 41: its length is 0, less than its header"],
  ["a length of 3", "\x11\x03\0\0\0\0", "its length is 3, less than its header"],
  ["a header that is cut off", `${FIRMWARE}\x11\x54`, "at byte 41: the table ends in its header"],
  ["fields that are cut off", SLOT.slice(0, 50), "it is 92 bytes long, and the table ends after 50"],
  ["fields whose last byte is cut off", SLOT.slice(0, 91), "the table ends after 91"],
  ["strings that do not end", SLOT.slice(0, -1), "the end of the strings at byte 92"],
  ["no strings and no end of them", SLOT.slice(0, 92), "the end of the strings at byte 92"],
])("parseDmiTable() refuses %s", (_, table, message) => {
  expect(() => parse(table)).toThrow(SyntaxError);
  expect(() => parse(table)).toThrow(message);
});

/** Ends for every table, with structures or with a SyntaxError. */
function survives(table: Uint8Array): void {
  try {
    const structures = parseDmiTable(table);
    expect(structures.length).toBeLessThanOrEqual(table.length / 4);
    for (const each of structures) expect(parseMemoryDevice(each).handle).toBe(each.handle);
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError);
  }
}

test("parseDmiTable() and parseMemoryDevice() throw nothing but SyntaxError for any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), survives), { numRuns: 2000 });
});

test("parseDmiTable() and parseMemoryDevice() throw nothing but SyntaxError for a table with faults", () => {
  const table = Buffer.from(FIRMWARE + SLOT + NO_STRINGS + SLOT + END_OF_TABLE, "latin1");
  const fault = fc.tuple(fc.nat(table.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(fault, { maxLength: 6 }), fc.nat(table.length), (faults, length) => {
      const broken = Uint8Array.from(table);
      for (const [at, value] of faults) broken[at] = value;
      survives(broken.subarray(0, length));
    }),
    { numRuns: 2000 },
  );
});

test("parseDmiTable() refuses a table that is cut off anywhere but between structures", () => {
  const table = Buffer.from(FIRMWARE + SLOT + SLOT, "latin1");
  const whole = Array.from({ length: table.length + 1 }, (_, length) => length).filter((length) => {
    try {
      parseDmiTable(table.subarray(0, length));
      return true;
    } catch {
      return false;
    }
  });
  expect(whole).toEqual([0, FIRMWARE.length, FIRMWARE.length + SLOT.length, table.length]);
});
