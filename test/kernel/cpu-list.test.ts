import { expect, test } from "bun:test";
import fc from "fast-check";
import { formatCpuList, parseCpuList } from "../../src/kernel/cpu-list.ts";

test.each([
  ["1,2,3-4,10-11", [1, 2, 3, 4, 10, 11]],
  ["5,1- 2", [1, 2, 5]],
  ["1,  2", [1, 2]],
  ["", []],
  [" ", []],
  ["\n", []],
  ["0-31", Array.from({ length: 32 }, (_, cpu) => cpu)],
  ["0\n", [0]],
  ["0-3,6,10-12", [0, 1, 2, 3, 6, 10, 11, 12]],
  ["1-2,2-3", [1, 2, 3]],
  ["0-10:2/4", [0, 1, 4, 5, 8, 9]],
  ["3 , 0 - 8 : 1 / 3", [0, 3, 6]],
])("parseCpuList() reads %j", (text, numbers) => {
  expect(parseCpuList(text)).toEqual(numbers);
});

test.each([
  "x",
  "1,",
  ",1",
  "1,,2",
  "3-1",
  "-1",
  "1-",
  "0x3",
  "1-2-3",
  "0-3:0/2",
  "0-3:3/2",
  "0-3:1",
  "all",
  "0-99999999",
])("parseCpuList() refuses %j", (text) => {
  expect(() => parseCpuList(text)).toThrow(SyntaxError);
});

test("parseCpuList() names the entry that it refuses", () => {
  expect(() => parseCpuList("0-3, 9-7")).toThrow(
    'Cannot read "9-7" of a CPU list: it must be a number, a range such as 0-3 or 0-30:2/4',
  );
});

test.each([
  [[1, 2, 3, 4, 10, 11], "1-4,10-11"],
  [[2, 1], "1-2"],
  [[], ""],
  [[7, 3, 7], "3,7"],
])("formatCpuList() writes %j", (numbers, text) => {
  expect(formatCpuList(numbers)).toBe(text);
});

test("parseCpuList() gives back what formatCpuList() wrote", () => {
  const cpus = fc.uniqueArray(fc.integer({ min: 0, max: 9000 }), { maxLength: 200 });
  fc.assert(
    fc.property(cpus, (numbers) => {
      expect(parseCpuList(formatCpuList(numbers))).toEqual([...numbers].sort((a, b) => a - b));
    }),
  );
});

test("parseCpuList() throws nothing but SyntaxError and gives ascending numbers", () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(..."0123456789-,:/ \n".split("")) }));
  fc.assert(
    fc.property(text, (list) => {
      try {
        const numbers = parseCpuList(list);
        expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError);
      }
    }),
    { numRuns: 2000 },
  );
});
