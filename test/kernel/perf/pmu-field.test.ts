import { expect, test } from "bun:test";
import fc from "fast-check";
import { formatCpuList } from "../../../src/kernel/cpu-list.ts";
import { extract, largestOf, parseField, place } from "../../../src/kernel/perf/pmu-field.ts";

test.each([
  ["config:18\n", "config", [18]],
  ["config:0-7", "config", [0, 1, 2, 3, 4, 5, 6, 7]],
  ["config:0-3,32-33", "config", [0, 1, 2, 3, 32, 33]],
  ["config1:62-63,1", "config1", [1, 62, 63]],
  ["config2:5", "config2", [5]],
  ["config3:0", "config3", [0]],
])("parseField() reads %j", (content, word, bits) => {
  expect(parseField(content)).toEqual({ word, bits });
});

test.each([
  "",
  "config",
  "config:",
  "config:64",
  "config:0-7,100",
  "config:7-0",
  "config:0-",
  "umask:0-7",
  "config10:1",
])("parseField() refuses %j", (content) => {
  expect(() => parseField(content)).toThrow(
    new SyntaxError(`Cannot read the format "${content}": wanted config:0-7 or config1:3,8-63`),
  );
});

test("place() puts low bits of the value into low bits of the field", () => {
  const field = parseField("config:0-7,32-35");
  expect(place(0x1c0n, field)).toBe(0x1000000c0n);
  expect(extract(0xf_ffff_ffc0n, field)).toBe(0xfc0n);
  expect(largestOf(field)).toBe(0xfffn);
});

test("extract() gives back what place() took, and no bit lies outside the field", () => {
  const field = fc
    .uniqueArray(fc.integer({ min: 0, max: 63 }), { minLength: 1 })
    .map((bits) => parseField(`config:${formatCpuList(bits)}`));
  const any = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  fc.assert(
    fc.property(field, any, (field, any) => {
      const value = any & largestOf(field);
      const word = place(value, field);
      expect(extract(word, field)).toBe(value);
      expect(word & ~place(largestOf(field), field)).toBe(0n);
    }),
  );
});
