import { describe, expect, test } from "bun:test";
import { loadRunner, problemsOf } from "./sample.ts";

/** Text that an `!Env` gives. */
function textOf(env: string): string | undefined {
  return loadRunner(`runner: !MeasurementRunner {node: !PlainNode , extra_labels: {a: ${env}}}\n`).options
    .extra_labels["a"];
}

describe("environmentText()", () => {
  const CASES: readonly (readonly [string, string, string])[] = [
    ["the value", "!Env PORT", "5"],
    ["a value that is empty", "!Env EMPTY", ""],
    ["the value before the default", "!Env {name: PORT, default: x}", "5"],
    ["the default of an unset variable", "!Env {name: NOWHERE, default: x}", "x"],
    ["a default that looks like a number, as written", "!Env {name: NOWHERE, default: 010}", "010"],
    ["an empty default", '!Env {name: NOWHERE, default: ""}', ""],
    ["the name of the host for HOSTNAME", "!Env HOSTNAME", "host1"],
    ["the default before the name of the host", "!Env {name: HOSTNAME, default: x}", "x"],
  ];
  for (const [name, env, text] of CASES) {
    test(`gives ${name}`, () => expect(textOf(env)).toBe(text));
  }

  const WRONG: readonly (readonly [string, string, string])[] = [
    [
      "no name",
      "!Env ",
      "1:66 runner.extra_labels.a: saw !Env without a name, wanted !Env NAME or !Env {name: NAME, default: text}",
    ],
    [
      "a list",
      "!Env [A]",
      "1:66 runner.extra_labels.a: saw !Env without a name, wanted !Env NAME or !Env {name: NAME, default: text}",
    ],
    [
      "an unset variable",
      "!Env constructor",
      '1:66 runner.extra_labels.a: environment variable "constructor" is not set and !Env has no default',
    ],
    ["a mapping without name", "!Env {default: x}", '1:66 runner.extra_labels.a: missing "name" of !Env'],
    [
      "another key",
      "!Env {name: A, defualt: x}",
      '1:81 runner.extra_labels.a.defualt: unknown key "defualt" of !Env, did you mean "default"?',
    ],
    [
      "a default that is no text",
      "!Env {name: A, default: []}",
      '1:90 runner.extra_labels.a.default: wanted plain text as "default" of !Env',
    ],
    [
      "a default from the environment",
      "!Env {name: A, default: !Env B}",
      '1:90 runner.extra_labels.a.default: wanted plain text as "default" of !Env',
    ],
  ];
  for (const [name, env, problem] of WRONG) {
    test(`reports ${name}`, () => {
      const text = `runner: !MeasurementRunner {node: !PlainNode , extra_labels: {a: ${env}}}\n`;
      expect(problemsOf(text)).toEqual([`c.yaml:${problem}`]);
    });
  }

  test("costs nothing and reports nothing when the anchor is not used", () => {
    expect(problemsOf("x-a: !Env NOWHERE\nrunner: !MeasurementRunner {node: !PlainNode }\n")).toEqual([]);
  });
});
