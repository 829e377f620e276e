import { expect, test } from "bun:test";
import { afterLineStart, latin1 } from "../../src/kernel/latin1.ts";

test("latin1() takes the start of the bytes, a character for each", () => {
  expect(latin1(Uint8Array.of(97, 255, 98, 99).subarray(0, 3), 2)).toBe("a\u00ff");
  expect(latin1(Uint8Array.of(9, 97, 98).subarray(1), 2)).toBe("ab");
});

test.each([
  ["Cached: 1\n", 7],
  ["SwapCached: 2\nCached: 1\n", 21],
  ["SwapCached: 2\n", -1],
  ["", -1],
])("afterLineStart() finds the key only where a line begins: %j", (text, at) => {
  expect(afterLineStart(text, "Cached:")).toBe(at);
});
