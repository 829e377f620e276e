import { expect, test } from "bun:test";
import { Validity } from "../../../src/storages/exposition/validity.ts";
import { metric, unchecked } from "./samples.ts";

test("fault() finds nothing in good metrics", () => {
  const good = [
    metric("_a:b9", 1),
    metric("A", Number.NaN, { type: "gauge", help: "", labels: { _: "", a9: "\u{1f600}" } }),
    metric(":", Number.NEGATIVE_INFINITY, { type: "counter" }),
  ];
  expect(good.map((good) => new Validity().fault(good))).toEqual([undefined, undefined, undefined]);
});

const NAME = "^[a-zA-Z_:][a-zA-Z0-9_:]*$";
const LABEL = "^[a-zA-Z_][a-zA-Z0-9_]*$";
const CASES: readonly (readonly [Record<string, unknown>, string])[] = [
  [{ name: "a-b" }, `metric name "a-b" does not match ${NAME}`],
  [{ name: "" }, `metric name "" does not match ${NAME}`],
  [{ name: "9a" }, `metric name "9a" does not match ${NAME}`],
  [{ name: "a\n" }, `metric name "a\n" does not match ${NAME}`],
  [{ name: "ä" }, `metric name "ä" does not match ${NAME}`],
  [{ name: undefined }, `metric name undefined (undefined) does not match ${NAME}`],
  [{ type: "histogram" }, 'type of metric "m" is "histogram", wanted counter or gauge'],
  [{ type: Number.NaN }, 'type of metric "m" is NaN (number), wanted counter or gauge'],
  [{ type: "" }, 'type of metric "m" is "", wanted counter or gauge'],
  [{ help: 5 }, 'help of metric "m" is 5 (number), wanted text'],
  [{ value: true }, 'value of metric "m" is true (boolean), wanted a number'],
  [{ value: "1" }, 'value of metric "m" is "1", wanted a number'],
  [{ value: 1n }, 'value of metric "m" is 1 (bigint), wanted a number'],
  [{ value: null }, 'value of metric "m" is null (object), wanted a number'],
  [{ value: undefined }, 'value of metric "m" is undefined (undefined), wanted a number'],
  [{ labels: undefined }, 'labels of metric "m" are undefined (undefined), wanted names and values'],
  [{ labels: null }, 'labels of metric "m" are null (object), wanted names and values'],
  [{ labels: { a: 1 } }, 'label "a" of metric "m" is 1 (number), wanted text'],
  [{ labels: { a: undefined } }, 'label "a" of metric "m" is undefined (undefined), wanted text'],
  [{ labels: { "a-b": "x" } }, `label name "a-b" of metric "m" does not match ${LABEL}`],
  [{ labels: { "a:b": "x" } }, `label name "a:b" of metric "m" does not match ${LABEL}`],
  [{ labels: { "1a": "x" } }, `label name "1a" of metric "m" does not match ${LABEL}`],
  [{ labels: { "": "x" } }, `label name "" of metric "m" does not match ${LABEL}`],
  [{ labels: { __a: "x" } }, 'label name "__a" of metric "m" is reserved: it starts with __'],
];

test.each(CASES)("fault() refuses %p", (parts, reason) => {
  expect(new Validity().fault(unchecked(parts))).toBe(reason);
});
