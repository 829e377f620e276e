import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { compileGlob, compileGlobs } from "../../src/nodes/glob.ts";

const CASES: readonly [string, readonly string[], readonly string[]][] = [
  ["/a", ["/a"], ["/a/b", "/ab", "/b/a"]],
  ["a/b", ["/a/b"], ["/a", "/a/b/c"]],
  ["/a/*", ["/a/b", "/a/b.service"], ["/a", "/a/b/c"]],
  ["/*.service", ["/x.service", "/.service"], ["/xservice", "/a/x.service"]],
  ["/**/*.service", ["/x.service", "/a/x.service", "/a/b/x.service"], ["/x.service/y"]],
  ["/a/**", ["/a/b", "/a/b/c"], ["/a", "/ab/c"]],
  ["/a/**/z", ["/a/z", "/a/b/z", "/a/b/c/z"], ["/a/b", "/z"]],
  ["**", ["/a", "/a/b"], []],
  ["/a**b", ["/ab", "/axb"], ["/a/b"]],
  ["/dev\\x2dsda.mount", ["/dev\\x2dsda.mount"], ["/dev-sda.mount"]],
  ["/a.b(c)[d]{e}?", ["/a.b(c)[d]{e}?"], ["/axb(c)[d]{e}"]],
];

describe("compileGlob()", () => {
  test.each(CASES)("of %p fits %j and not %j", (pattern, fits, others) => {
    const glob = compileGlob(pattern);
    expect(fits.filter((path) => !glob.test(path))).toEqual([]);
    expect(others.filter((path) => glob.test(path))).toEqual([]);
  });

  const component = fc.stringMatching(/^[a-c.\\$(*-]{1,4}$/);
  const path = fc.array(
    fc.stringMatching(/^[a-c.\\$(-]{1,4}$/).filter((name) => !/^\.+$/.test(name)),
    { minLength: 1, maxLength: 4 },
  );

  test("agrees with a matcher that walks components and characters", () => {
    const pattern = fc.array(
      fc.oneof(
        component.filter((name) => !/^\.+$/.test(name)),
        fc.constant("**"),
      ),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(pattern, path, (patterns, names) => {
        expect(compileGlob(`/${patterns.join("/")}`).test(`/${names.join("/")}`)).toBe(
          fitsAll(patterns, names),
        );
      }),
      { numRuns: 1000 },
    );
  });

  test("of a path without stars fits only that path", () => {
    fc.assert(
      fc.property(path, path, (one, other) => {
        expect(compileGlob(one.join("/")).test(`/${other.join("/")}`)).toBe(
          one.join("/") === other.join("/"),
        );
      }),
    );
  });
});

describe("compileGlobs()", () => {
  test("fits when any pattern does, and is nothing without patterns", () => {
    const globs = compileGlobs(["/a", "/b/*"]);
    expect(["/a", "/b/x", "/b", "/c"].map((path) => globs?.test(path))).toEqual([true, true, false, false]);
    expect(compileGlobs([])).toBeUndefined();
  });
});

function fitsAll(patterns: readonly string[], names: readonly string[]): boolean {
  const [pattern, ...rest] = patterns;
  if (pattern === undefined) return names.length === 0;
  const [name, ...others] = names;
  if (pattern === "**") {
    if (name === undefined) return rest.length > 0 && fitsAll(rest, []);
    if (rest.length === 0) return true;
    return fitsAll(rest, names) || fitsAll(patterns, others);
  }
  return name !== undefined && fits(pattern, name) && fitsAll(rest, others);
}

function fits(pattern: string, name: string): boolean {
  if (pattern === "") return name === "";
  if (pattern[0] === "*")
    return fits(pattern.slice(1), name) || (name !== "" && fits(pattern, name.slice(1)));
  return name[0] === pattern[0] && fits(pattern.slice(1), name.slice(1));
}
