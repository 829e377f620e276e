import { describe, expect, test } from "bun:test";
import { Freshness } from "../../../src/storages/prometheus/freshness.ts";

const START = 1_700_000_000_000;

describe("Freshness", () => {
  test.each([
    ["three rounds when they are long", undefined, 50_000, 150_000],
    ["a minute when rounds are short", undefined, 1000, 60_000],
    ["what the option says", 5000, 1000, 5000],
  ])("ends after %s", (_, maxAgeMs, spanMs, limitMs) => {
    const freshness = new Freshness(maxAgeMs);
    expect(freshness.fault(START)).toBe("no metrics yet");
    freshness.note(START - spanMs);
    freshness.note(START);
    // Another batch of the same round.
    freshness.note(START);
    expect(freshness.fault(START + limitMs)).toBeUndefined();
    expect(freshness.fault(START + limitMs + 1000)).toBe(
      `the last metrics are ${limitMs / 1000 + 1} s old, more than ${limitMs / 1000} s`,
    );
  });

  test("is there while the clock has been set back, and lasts a minute again", () => {
    const freshness = new Freshness(undefined);
    freshness.note(START);
    freshness.note(START - 3_600_000);
    expect(freshness.fault(START - 3_600_000)).toBeUndefined();
    expect(freshness.fault(START - 3_600_000 + 60_000)).toBeUndefined();
    expect(freshness.fault(START - 3_600_000 + 60_001)).toBe("the last metrics are 60 s old, more than 60 s");
  });

  test("after a jump of the clock ahead lasts no longer once rounds are as before", () => {
    const freshness = new Freshness(undefined);
    for (const timeMs of [0, 1000, 3_600_000, 3_601_000]) freshness.note(START + timeMs);
    expect(freshness.fault(START + 3_601_000 + 61_000)).toBe("the last metrics are 61 s old, more than 60 s");
  });
});
