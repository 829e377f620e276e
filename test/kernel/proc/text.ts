import { expect } from "bun:test";
import fc from "fast-check";

type Parse<T> = (bytes: Uint8Array, length: number) => T;

/** Parses text laid into a larger buffer with remains of an earlier reading behind it, as the host's is. */
export function parseText<T>(parse: Parse<T>, text: string): T {
  const bytes = Buffer.from(`${text}9\ncpu9 9 9 9\nNode 9, zone X\n      nr_rest 9\n`, "latin1");
  return parse(bytes, Buffer.byteLength(text, "latin1"));
}

/** Any text, lines that nearly look right among it, gives a value or a SyntaxError. */
export function expectOnlySyntaxErrors(parse: Parse<unknown>, words: readonly string[]): void {
  const nearly = fc.array(
    fc.oneof(fc.constantFrom(...words, " ", "  ", "\n", ":", "__proto__", "007"), fc.nat()),
  );
  const text = fc.oneof(
    fc.string(),
    nearly.map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (content) => {
      try {
        expect(parseText(parse, content)).toBeObject();
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError);
      }
    }),
    { numRuns: 1000 },
  );
}
