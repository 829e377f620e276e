import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { translatePattern } from "../../src/labelers/python-pattern.ts";
import { compileSubstitution } from "../../src/labelers/python-regex.ts";
import { parseReplacement } from "../../src/labelers/python-replacement.ts";
// Made by `re.sub` of Python 3.6.15 with generate-python-sub.py beside this file.
import python from "./python-sub.json";

const rows = python.rows as [string, string, string, string][];

describe("compileSubstitution()", () => {
  test("gives what re.sub of Python 3.6 gives", () => {
    const results = rows.map(([pattern, replacement, text]) => [
      pattern,
      replacement,
      text,
      compileSubstitution(pattern, replacement)(text),
    ]);
    expect(results).toEqual(rows);
  });

  test("takes text as it is when its backslashes are doubled, dollar signs too", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const replacement = text.replaceAll("\\", "\\\\");
        expect(compileSubstitution("b", replacement)("abc")).toBe(`a${text}c`);
      }),
    );
  });

  test("replaces any escaped text wherever it stands", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: "grapheme" }), (text) => {
        const escaped = [...text].map((character) => `\\U${hexadecimal(character)}`).join("");
        expect(compileSubstitution(escaped, "X")(`${text}|${text}`)).toBe("X|X");
      }),
    );
  });
});

describe("translatePattern()", () => {
  test.each(python.refusedPatterns)("refuses %p as Python does", (pattern) => {
    expect(() => translatePattern(pattern)).toThrow(SyntaxError);
  });

  test.each([
    ["(a)(?(1)b|c)", "conditional groups are not supported"],
    ["(?>a)", "atomic groups are not supported"],
    ["a*+", "possessive quantifiers are not supported"],
    ["a(?i)b", "flags stand at the start"],
  ])("says what it cannot do in %p", (pattern, message) => {
    expect(() => translatePattern(pattern)).toThrow(message);
  });
});

describe("parseReplacement()", () => {
  test.each(python.refusedReplacements as [string, string][])(
    "refuses after pattern %p what Python refuses: %p",
    (pattern, replacement) => {
      expect(() => parseReplacement(replacement, translatePattern(pattern))).toThrow(SyntaxError);
    },
  );
});

function hexadecimal(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).padStart(8, "0");
}
