import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseYaml } from "../../src/config/document.ts";
import { contentOf, nodeAt, type TreeNode } from "../../src/config/tree.ts";
import { formatProblem } from "../../src/model/errors.ts";
import { problemsIn } from "./sample.ts";

/** What is reported of a text, whether or not the parser reads on. */
function problemsOf(text: string): readonly string[] {
  return problemsIn(() => {
    const { problems } = parseYaml(text, "c.yaml");
    if (problems.any) throw problems.error();
  });
}

/** A document as plain data. */
function dataOf(node: TreeNode): unknown {
  const content = contentOf(node);
  if (content.kind === "scalar") return content.value;
  if (content.kind === "list") return content.items.map(dataOf);
  return Object.fromEntries(content.entries.map(({ key, value }) => [key, dataOf(value)]));
}

describe("parseYaml()", () => {
  test("reads YAML 1.2: yes and on are text, 010 is ten", () => {
    const { root } = parseYaml(
      "%YAML 1.1\n---\na: [yes, on, True, 010, 0o10, 0x10, 1e3, ~, .inf]\n",
      "c.yaml",
    );
    expect(dataOf(root)).toEqual({ a: ["yes", "on", true, 10, 8, 16, 1000, null, Number.POSITIVE_INFINITY] });
  });

  test("reads every key as text", () => {
    expect(dataOf(parseYaml("1: a\ntrue: b\n~: c\n", "c.yaml").root)).toEqual({
      "1": "a",
      true: "b",
      "~": "c",
    });
  });

  test("takes an alias for the last anchor of that name before it", () => {
    const text = "a: &x 1\nb: *x\nc: &x 2\nd: *x\ne: &y {f: &y 3}\ng: *y\n&k h: *k\n";
    expect(dataOf(parseYaml(text, "c.yaml").root)).toEqual({
      a: 1,
      b: 1,
      c: 2,
      d: 2,
      e: { f: 3 },
      g: 3,
      h: "h",
    });
  });

  test("merges only under a plain <<", () => {
    expect(
      dataOf(parseYaml('a: {"<<": {b: 1}}\nc: {<<: {<<: {d: 1}, e: 2}, e: 3}\n', "c.yaml").root),
    ).toEqual({
      a: { "<<": { b: 1 } },
      c: { e: 3, d: 1 },
    });
  });

  test("places a tagged value at its tag, and what it lacks at its key", () => {
    const text = "a: &x !T\n  b: 1\nc:\n  - !T\n    d: 1\n  - &y   !T [1]\ne:\n  f: 1\ng: {h: !T }\n";
    const { root } = parseYaml(text, "c.yaml");
    const places = [["a"], ["c"], ["c", 0], ["c", 1], ["e"], ["g"], ["g", "h"]].map((path) => {
      const node = nodeAt(root, path);
      return [path.join("."), node?.at, node?.key];
    });
    expect(places).toEqual([
      ["a", text.indexOf("!T"), 0],
      ["c", text.indexOf("c:"), text.indexOf("c:")],
      ["c.0", text.indexOf("- !T") + 2, text.indexOf("- !T") + 2],
      ["c.1", text.indexOf("!T ["), text.indexOf("!T [")],
      ["e", text.indexOf("e:"), text.indexOf("e:")],
      ["g", text.indexOf("{h"), text.indexOf("g:")],
      ["g.h", text.indexOf("!T }"), text.indexOf("h:")],
    ]);
  });

  test("counts lines also when they end with carriage return and line feed", () => {
    expect(problemsOf("a: 1\r\nb: 2\r\na: 3\r\n")).toEqual([
      'c.yaml:3:1 a: key "a" stands twice, first at c.yaml:1:1',
    ]);
  });

  test("refuses aliases that stand for more than can be meant, once", () => {
    const rows = Array.from({ length: 9 }, (_, row) => {
      const inner = row === 0 ? "x" : `*a${row - 1}`;
      return `a${row}: &a${row} [${Array.from({ length: 9 }, () => inner).join(", ")}]\n`;
    });
    expect(problemsOf(rows.join(""))).toEqual([
      "c.yaml:6:10 a5[0]: aliases stand for more than 100000 values",
    ]);
  });

  test("refuses what is nested too deep", () => {
    expect(problemsOf(`a: ${"[".repeat(101)}${"]".repeat(101)}`)).toEqual([
      `c.yaml:1:104 a${"[0]".repeat(100)}: nested deeper than 100 levels`,
    ]);
    expect(problemsOf(`a: ${"[".repeat(50_000)}`).length).toBeGreaterThan(0);
  });

  test("reads any data back that JSON can write", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (data) => {
        const text = JSON.stringify(data);
        expect(JSON.stringify(dataOf(parseYaml(text, "c.yaml").root))).toBe(JSON.stringify(JSON.parse(text)));
      }),
      { numRuns: 200 },
    );
  });

  test("throws nothing but ConfigError for any text", () => {
    const fragment = fc.constantFrom(
      "a",
      ": ",
      "- ",
      "\n",
      "  ",
      "{",
      "}",
      "[",
      "]",
      "&a ",
      "*a",
      "!T ",
      "<<",
      '"',
      "'",
      "|",
      "#",
      "---\n",
      "%",
      "?",
      ",",
    );
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 30 }), (parts) => {
        for (const problem of problemsOf(parts.join(""))) expect(problem).toMatch(/^c\.yaml:\d+:\d+/);
      }),
      { numRuns: 1000 },
    );
  });
});

test("formatProblem() leaves out an empty path", () => {
  expect(formatProblem({ at: "c.yaml:1:1", path: "", message: "m" })).toBe("c.yaml:1:1: m");
});
