import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { type Move, TextBuffer } from "../../../src/storages/exposition/text-buffer.ts";

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
  buffer.add("b".repeat(5_000_000));
  buffer.addNumber(12.5);
  expect(textOf(buffer)).toBe(`a${"b".repeat(5_000_000)}12.5`);
});

test("move() brings stretches to where a text with other values between them has them", () => {
  const value = fc.record({ before: fc.nat(6), after: fc.nat(6), text: fc.stringMatching(/^[a-z]{0,8}$/) });
  fc.assert(
    fc.property(fc.array(value, { minLength: 1 }), (values) => {
      const buffer = new TextBuffer();
      const wanted: string[] = [];
      const moves: Move[] = [];
      let shift = 0;
      for (const { before, after, text } of values) {
        buffer.add("0".repeat(before));
        shift += after - before;
        moves.push({ start: buffer.length, end: buffer.length + text.length, shift });
        buffer.add(text);
        wanted.push(text);
      }
      buffer.move(moves);
      const moved = textOf(buffer);
      expect(moved.length).toBe(values.reduce((sum, { after, text }) => sum + after + text.length, 0));
      expect(moves.map(({ start, end, shift: by }) => moved.slice(start + by, end + by))).toEqual(wanted);
    }),
    { numRuns: 1000 },
  );
});

test("clear() starts again at the front", () => {
  const buffer = new TextBuffer();
  buffer.add("long text");
  buffer.clear();
  buffer.add("x");
  expect(textOf(buffer)).toBe("x");
});
