import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { escapeHelp, escapeValue, LabelSet } from "../../../src/storages/exposition/label-set.ts";
import { anyLabelValue } from "./samples.ts";

function set(labels: Record<string, string>): LabelSet {
  return new LabelSet(labels, undefined);
}

test("escapeValue() escapes backslash, newline and quote, escapeHelp() leaves quotes", () => {
  expect(escapeValue('h\\ \n "q"')).toBe('h\\\\ \\n \\"q\\"');
  expect(escapeHelp('h\\ \n "q"')).toBe('h\\\\ \\n "q"');
  expect(escapeValue("\\n")).toBe("\\\\n");
  expect(escapeValue("plain ü \r\t")).toBe("plain ü \r\t");
});

test("LabelSet writes labels in the order of their names", () => {
  expect(set({ b: "x", a: "1", A: '"' }).text).toBe('{A="\\"",a="1",b="x"}');
  expect(set({}).text).toBe("");
});

test("LabelSet writes only labels that are kept, and no braces when none is", () => {
  const labels = { x: "1", y: "2" };
  expect(new LabelSet(labels, new Set(["y", "z"])).text).toBe('{y="2"}');
  expect(new LabelSet(labels, new Set()).text).toBe("");
});

test("LabelSet makes halves of surrogate pairs the replacement character, so that different text cannot become the same bytes unseen", () => {
  expect(set({ a: "\ud800" }).text).toBe('{a="\ufffd"}');
  expect(set({ a: "\udc00" }).text).toBe('{a="\ufffd"}');
});

test("compare() puts numbers by size before text, shorter label lists first", () => {
  const inOrder = [
    {},
    { a: "0" },
    { a: "01" },
    { a: "1" },
    { a: "1", b: "x" },
    { a: "3" },
    { a: "20" },
    { a: "18446744073709551616" },
    { a: "" },
    { a: "-1" },
    { a: "1.5" },
    { a: "b" },
    { a: "ü" },
    { a: "٣" },
    { b: "1" },
  ];
  const sets = inOrder.map((labels) => set(labels));
  expect(
    sets
      .toReversed()
      .sort((a, b) => a.compare(b))
      .map(({ text }) => text),
  ).toEqual(sets.map(({ text }) => text));
});

test("compare() is a total order", () => {
  const labelSet = fc
    .dictionary(fc.constantFrom("a", "b", "c"), anyLabelValue(), { maxKeys: 3 })
    .map((labels) => set(labels));
  fc.assert(
    fc.property(labelSet, labelSet, labelSet, (a, b, c) => {
      expect(Math.sign(a.compare(b))).toBe(-Math.sign(b.compare(a)) + 0);
      expect(a.compare(b) === 0).toBe(a.text === b.text);
      if (a.compare(b) <= 0 && b.compare(c) <= 0) expect(a.compare(c)).toBeLessThanOrEqual(0);
    }),
    { numRuns: 2000 },
  );
});
