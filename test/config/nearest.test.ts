import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { nearest, suggestion } from "../../src/config/nearest.ts";

describe("nearest()", () => {
  const WORDS = ["interval", "node", "metrics_storage", "tasks"];
  const CASES: readonly (readonly [string, string | undefined])[] = [
    ["intervall", "interval"],
    ["Interval", "interval"],
    ["ndoe", "node"],
    ["metric_storage", "metrics_storage"],
    ["task", "tasks"],
    ["cgroups", undefined],
    ["", undefined],
    ["x", undefined],
  ];
  for (const [word, near] of CASES) {
    test(`gives ${near} for "${word}"`, () => expect(nearest(word, WORDS)).toBe(near));
  }

  test("gives the word itself when it is a candidate", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.array(fc.string()), (word, others) => {
        expect(nearest(word, [...others, word])?.toLowerCase()).toBe(word.toLowerCase());
      }),
    );
  });

  test("gives a candidate or nothing", () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string()), (word, candidates) => {
        expect([undefined, ...candidates]).toContain(nearest(word, candidates));
      }),
    );
  });

  test("finds a word of six letters or more after one letter was changed", () => {
    const word = fc.stringMatching(/^[a-z_]{6,20}$/);
    fc.assert(
      fc.property(word, fc.nat(), (original, seed) => {
        const at = seed % original.length;
        expect(nearest(`${original.slice(0, at)}0${original.slice(at + 1)}`, [original])).toBe(original);
      }),
    );
  });
});

test("suggestion() asks, or says nothing", () => {
  expect(suggestion("nod", ["node"])).toBe(', did you mean "node"?');
  expect(suggestion("zzz", ["node"])).toBe("");
});
