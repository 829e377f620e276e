import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseEntryPoint } from "../../../src/kernel/dmi/entry-point.ts";
import { entryPoint2, entryPoint3 } from "./table.ts";

function parse(text: string): ReturnType<typeof parseEntryPoint> {
  return parseEntryPoint(Buffer.from(text, "latin1"));
}

test("parseEntryPoint() reads the three kinds", () => {
  const legacy = `_DMI_\0${"\x34\x12"}\0\0\0\0${"\x02\x01"}\x27`;
  expect([entryPoint3(3, 7), entryPoint2(2, 8, 258), legacy].map(parse)).toEqual([
    { version: "3.7" },
    { version: "2.8", structures: 258 },
    { version: "2.7", structures: 258 },
  ]);
});

test.each(["", "_SM", "_SM4_", entryPoint3(3, 3).slice(0, 8), entryPoint2(2, 8, 1).slice(0, 0x1d), "_DMI_"])(
  "parseEntryPoint() refuses %j",
  (text) => expect(() => parse(text)).toThrow(SyntaxError),
);

test("parseEntryPoint() throws nothing but SyntaxError", () => {
  const text = fc.tuple(fc.constantFrom("_SM3_", "_SM_", "_DMI_", ""), fc.uint8Array({ maxLength: 40 }));
  fc.assert(
    fc.property(text, ([anchor, bytes]) => {
      try {
        expect(parse(anchor + Buffer.from(bytes).toString("latin1")).version).toMatch(/^\d+\.\d+$/);
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError);
      }
    }),
    { numRuns: 500 },
  );
});
