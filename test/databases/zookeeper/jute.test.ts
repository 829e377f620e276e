import { expect, test } from "bun:test";
import fc from "fast-check";
import { Frames, JuteReader, JuteWriter } from "../../../src/databases/zookeeper/jute.ts";
import { framed } from "../../../src/databases/zookeeper/protocol.ts";

test("JuteWriter writes big-endian numbers, and lengths before texts and buffers", () => {
  const written = new JuteWriter()
    .int(-2)
    .long(2n ** 40n)
    .bool(true)
    .text("ä")
    .buffer(Uint8Array.of(7))
    .bytes();
  expect(Buffer.from(written).toString("hex")).toBe(
    ["fffffffe", "0000010000000000", "01", "00000002c3a4", "0000000107"].join(""),
  );
});

test("JuteReader reads what JuteWriter wrote", () => {
  const field = fc.oneof(
    fc.record({
      kind: fc.constant("int" as const),
      value: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    }),
    fc.record({
      kind: fc.constant("long" as const),
      value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    }),
    fc.record({ kind: fc.constant("buffer" as const), value: fc.uint8Array({ maxLength: 50 }) }),
  );
  fc.assert(
    fc.property(fc.array(field), (fields) => {
      const writer = new JuteWriter();
      for (const { kind, value } of fields) {
        if (kind === "int") writer.int(value);
        else if (kind === "long") writer.long(value);
        else writer.buffer(value);
      }
      const reader = new JuteReader(writer.bytes());
      for (const { kind, value } of fields) {
        if (kind === "buffer") expect(reader.buffer()).toEqual(Uint8Array.from(value));
        else expect(reader[kind]()).toBe(value);
      }
    }),
  );
});

test("JuteReader takes the length -1 for no bytes", () => {
  expect(new JuteReader(new JuteWriter().int(-1).bytes()).buffer()).toEqual(new Uint8Array());
});

test.each([
  ["an int", new Uint8Array(3), (reader: JuteReader) => reader.int()],
  ["a long", new Uint8Array(7), (reader: JuteReader) => reader.long()],
  ["a buffer", new JuteWriter().int(5).int(0).bytes(), (reader: JuteReader) => reader.buffer()],
])("JuteReader throws RangeError where %s ends too early", (_, bytes, read) => {
  expect(() => read(new JuteReader(bytes))).toThrow(RangeError);
});

test("Frames gives every frame once, however the stream is cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
      (payloads, cuts) => {
        const stream = Buffer.concat(payloads.map((payload) => framed(payload)));
        const frames = new Frames(40);
        const found: Uint8Array[] = [];
        for (let at = 0, cut = 0; at < stream.length; cut++) {
          const length = cuts[cut % cuts.length] ?? 1;
          for (const frame of frames.add(stream.subarray(at, at + length)))
            found.push(Uint8Array.from(frame));
          at += length;
        }
        expect(found).toEqual(payloads.map((payload) => Uint8Array.from(payload)));
      },
    ),
  );
});

test.each([-1, 41, 0x48545450])("Frames throws RangeError for a frame of %d bytes", (length) => {
  expect(() => new Frames(40).add(new JuteWriter().int(length).bytes())).toThrow(RangeError);
});
