import { expect, test } from "bun:test";
import { TextBuffer } from "../../../src/storages/exposition/text-buffer.ts";

function textOf(buffer: TextBuffer): string {
  return new TextDecoder().decode(buffer.content());
}

test("TextBuffer keeps what was added while it grows", () => {
  const buffer = new TextBuffer();
  const parts = Array.from({ length: 5000 }, (_, index) => `${index} ü 数 \u{1f600}\n`);
  for (const part of parts) buffer.add(part);
  expect(textOf(buffer)).toBe(parts.join(""));
});

test("TextBuffer takes a part larger than twice its size", () => {
  const buffer = new TextBuffer();
  buffer.add("a");
  buffer.addBytes(new Uint8Array(1_000_002).fill(98), 1, 1_000_001);
  buffer.addNumber(12.5);
  expect(textOf(buffer)).toBe(`a${"b".repeat(1_000_000)}12.5`);
});

test("clear() starts again at the front", () => {
  const buffer = new TextBuffer();
  buffer.add("long text");
  buffer.clear();
  buffer.add("x");
  expect(textOf(buffer)).toBe("x");
});
