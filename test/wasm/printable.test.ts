import { expect, test } from "bun:test";
import { printable } from "../../src/wasm/printable.ts";

test("printable() leaves one line, without what moves or turns the text of a terminal", () => {
  expect(printable("a\r\n\u001b[2Jb\u202ec\u2066 ")).toBe("a [2Jb c");
});
