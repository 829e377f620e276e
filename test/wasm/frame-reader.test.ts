import { expect, test } from "bun:test";
import fc from "fast-check";
import { FrameReader } from "../../src/wasm/frame-reader.ts";

function frame(kind: number, body: readonly number[]): readonly number[] {
  const bytes = new Uint8Array(5);
  new DataView(bytes.buffer).setUint32(0, body.length + 1, true);
  bytes[4] = kind;
  return [...bytes, ...body];
}

test("frames() gives the same frames however they are cut into pieces", () => {
  const bodies = fc.array(fc.array(fc.nat(255), { maxLength: 40 }), { maxLength: 6 });
  const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(bodies, cuts, (list, sizes) => {
      const stream = Uint8Array.from(list.flatMap((body) => frame(3, body)));
      const reader = new FrameReader(() => 100);
      const seen: number[][] = [];
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1;
        for (const each of reader.frames(stream.subarray(at, at + size))) seen.push([...each]);
        at += size;
      }
      expect(seen).toEqual(list.map((body) => [3, ...body]));
    }),
    { numRuns: 500 },
  );
});

test.each([
  [frame(3, [1, 2, 3]), "a message of 4 bytes, wanted at most 3"],
  [[0, 0, 0, 0, 3], "a message of 0 bytes, wanted at most 3"],
  [[255, 255, 255, 255, 3], "a message of 4294967295 bytes, wanted at most 3"],
  [frame(9, []), "a message of kind 9 that was not asked for"],
])("frames() refuses %j as soon as its head is there", (bytes, message) => {
  const reader = new FrameReader((kind) => (kind === 3 ? 3 : 0));
  expect(() => [...reader.frames(Uint8Array.from(bytes.slice(0, 4)))]).not.toThrow();
  expect(() => [...reader.frames(Uint8Array.from(bytes.slice(4, 5)))]).toThrow(new RangeError(message));
});
