import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { type Schedstat, SchedstatReader } from "../../../src/kernel/proc/schedstat.ts";

const buffer = new Uint8Array(256).fill(57);

/** Nothing when it was refused. */
function parse(text: string): Schedstat | undefined {
  const { written } = new TextEncoder().encodeInto(text, buffer);
  const into = { runNs: -1, waitNs: -1, slices: -1 };
  return new SchedstatReader().parse(buffer, written, into) ? into : undefined;
}

describe("SchedstatReader", () => {
  test("parse() reads run time, wait time and slices", () => {
    expect(parse("90335 67781 2\n")).toEqual({ runNs: 90335, waitNs: 67781, slices: 2 });
  });

  test.each(["", "\n", "1 2\n", "1  2 3\n", "a b c\n", "1 -2 3\n"])("parse(%j) is refused", (text) => {
    const into = { runNs: 1, waitNs: 2, slices: 3 };
    const bytes = new TextEncoder().encode(text);
    expect(new SchedstatReader().parse(bytes, bytes.length, into)).toBe(false);
    expect(into).toEqual({ runNs: 1, waitNs: 2, slices: 3 });
  });

  test("parse() is exact to the nearest double", () => {
    const count = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    fc.assert(
      fc.property(count, count, count, (run, wait, slices) => {
        expect(parse(`${run} ${wait} ${slices}\n`)).toEqual({
          runNs: Number(run),
          waitNs: Number(wait),
          slices: Number(slices),
        });
      }),
    );
  });
});
