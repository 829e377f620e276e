import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  checkTerms,
  formatTerms,
  parseEventFile,
  parseTerms,
  type Term,
} from "../../../src/kernel/perf/pmu-terms.ts";

test.each<[string, readonly Term[]]>([
  [
    "event=0x3c,umask=0x01",
    [
      { name: "event", value: 0x3cn },
      { name: "umask", value: 1n },
    ],
  ],
  ["event=60", [{ name: "event", value: 60n }]],
  ["mem-loads,ldlat=30", [{ name: "mem-loads" }, { name: "ldlat", value: 30n }]],
  ["offcore_rsp=0xffffffffffffffff", [{ name: "offcore_rsp", value: 0xffffffffffffffffn }]],
  ["edge", [{ name: "edge" }]],
])("parseTerms() reads %s", (text, terms) => {
  expect(parseTerms(text)).toEqual(terms);
});

test.each([
  ["", 'a name or name=number between commas, not ""'],
  ["event=1,", 'a name or name=number between commas, not ""'],
  ["=1", 'a name or name=number between commas, not "=1"'],
  ["0x3c", 'a name or name=number between commas, not "0x3c"'],
  ["event=", 'a number behind "event=", decimal or 0x and hexadecimal, not ""'],
  ["event=3c", 'a number behind "event=", decimal or 0x and hexadecimal, not "3c"'],
  ["event=-1", 'a number behind "event=", decimal or 0x and hexadecimal, not "-1"'],
  ["event=1=2", 'a number behind "event=", decimal or 0x and hexadecimal, not "1=2"'],
  ["core=?", 'a number behind "core=", decimal or 0x and hexadecimal, not "?"'],
  ["event=1,event=2", '"event" once'],
  ["event=0x10000000000000000", 'a number of 64 bits behind "event=", not "0x10000000000000000"'],
])("checkTerms() refuses %j", (text, wanted) => {
  expect(checkTerms(text)).toBe(wanted);
  expect(() => parseTerms(text)).toThrow(new SyntaxError(`Cannot use the terms "${text}": wanted ${wanted}`));
});

test("parseEventFile() reads what the kernel writes, open values too", () => {
  expect(parseEventFile("domain=2,offset=0x28,core=?,lpar=0x0\n")).toEqual([
    { name: "domain", value: 2n },
    { name: "offset", value: 0x28n },
    { name: "core", value: "?" },
    { name: "lpar", value: 0n },
  ]);
});

test("formatTerms() is read again as the same terms", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9_.:-]{0,12}$/);
  const value = fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { nil: undefined });
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.record({ name, value }), { selector: (term) => term.name, minLength: 1 }),
      (all) => {
        const terms = all.map(({ name, value }) => (value === undefined ? { name } : { name, value }));
        expect(parseTerms(formatTerms(terms))).toEqual(terms);
      },
    ),
  );
});

test("formatTerms() keeps an open value", () => {
  expect(formatTerms(parseEventFile("core=?,lpar=2"))).toBe("core=?,lpar=0x2");
});
