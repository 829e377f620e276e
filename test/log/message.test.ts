import { expect, test } from "bun:test";
import fc from "fast-check";
import { messageOf } from "../../src/log/message.ts";

const hostile = new Proxy(
  {},
  {
    get() {
      throw new Error("no");
    },
    ownKeys() {
      throw new Error("no");
    },
    getPrototypeOf() {
      throw new Error("no");
    },
  },
);

const cases: readonly (readonly [what: string, parts: readonly unknown[], text: string])[] = [
  ["nothing", [], ""],
  ["a text as it is", ["100% %s\n"], "100% %s\n"],
  ["undefined", [undefined], "undefined"],
  ["null", [null], "null"],
  ["numbers", [1.5, -0, Number.NaN, 7n], "1.5 0 NaN 7"],
  ["a symbol", [Symbol("s")], "Symbol(s)"],
  ["an error without its stack", [new TypeError("boom")], "TypeError: boom"],
  [
    "the causes of an error",
    [new Error("a", { cause: new RangeError("b", { cause: "c" }) })],
    "Error: a, caused by RangeError: b",
  ],
  ["several things", ["Failed:", new Error("x"), 3], "Failed: Error: x 3"],
  ["an object", [{ a: 1 }], "{\n  a: 1,\n}"],
  ["a list", [[1, "b"]], '[ 1, "b" ]'],
  ["what cannot be shown", [hostile], "(something that cannot be shown)"],
  [
    "an object whose text throws",
    [
      Object.assign(() => 1, {
        toString() {
          throw new Error("no");
        },
      }),
    ],
    "(something that cannot be shown)",
  ],
];
test.each(cases)("messageOf() takes %s", (_, parts, text) => {
  expect(messageOf(parts)).toBe(text);
});

test("messageOf() ends at errors that cause one another", () => {
  const [one, other] = [new Error("one"), new Error("other")];
  one.cause = other;
  other.cause = one;
  expect(messageOf([one])).toBe(
    Array(5).fill(["Error: one", "Error: other"]).flat().slice(0, 5).join(", caused by "),
  );
});

test("messageOf() cuts what is too long, also in the middle of a letter", () => {
  expect(messageOf(["x".repeat(8192)])).toBe("x".repeat(8192));
  expect(messageOf(["x".repeat(10_000)])).toBe(`${"x".repeat(8192)}… (1808 characters more)`);
  expect(messageOf([`${"x".repeat(8191)}\u{1f600}`])).toBe(`${"x".repeat(8191)}\ufffd… (1 characters more)`);
  expect(messageOf([Array(100_000).fill("x")]).length).toBeLessThan(8300);
});

test("messageOf() makes a text of anything", () => {
  fc.assert(
    fc.property(
      fc.array(fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true })),
      (parts) => {
        const text = messageOf(parts);
        expect(typeof text).toBe("string");
        expect(text.length).toBeLessThan(8300);
      },
    ),
  );
});
