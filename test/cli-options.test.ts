import { describe, expect, test } from "bun:test";
import { type OptionName, parseOptions, UsageError, usageArgs } from "../src/cli-options.ts";

const ALL: readonly OptionName[] = [
  ...([
    "config",
    "register",
    "log-level",
    "log",
    "log-format",
    "root",
    "iterations",
    "format",
    "output",
    "target",
  ] as const),
];
const NOTHING = {
  register: [],
  logLevels: [],
  targets: [],
  root: false,
  positionals: [],
  help: false,
  version: false,
};

function parse(...args: readonly string[]) {
  return parseOptions(args, { names: ALL, positionals: 1 });
}

describe("parseOptions()", () => {
  const good: readonly (readonly [args: readonly string[], parsed: object])[] = [
    [[], {}],
    [["-c", "a.yaml"], { config: "a.yaml" }],
    [["-0ca.yaml"], { root: true, config: "a.yaml" }],
    [["--config=a=b.yaml"], { config: "a=b.yaml" }],
    [["--config", "a", "-c", "b"], { config: "b" }],
    [["-r", "a.ts:A", "--register=b.ts:B"], { register: ["a.ts:A", "b.ts:B"] }],
    [
      ["--log", "x:debug", "-l", "info", "--log-level", "y:error"],
      { logLevels: ["info", "y:error", "x:debug"] },
    ],
    [["--log-format", "json"], { logFormat: "json" }],
    [["-n", "999999999999999"], { iterations: 999_999_999_999_999 }],
    [["--format", "md", "Name"], { format: "md", positionals: ["Name"] }],
    [["--", "--config"], { positionals: ["--config"] }],
    [["-o", "a", "--target", "x", "--target=y"], { output: "a", targets: ["x", "y"] }],
  ];
  for (const [args, parsed] of good) {
    test(`takes ${args.join(" ") || "nothing"}`, () =>
      expect(parse(...args)).toEqual({ ...NOTHING, ...parsed }));
  }

  const wrong: readonly (readonly [args: readonly string[], message: string | RegExp])[] = [
    [["--rot"], "unknown option --rot, did you mean --root?"],
    [["--quite-another"], "unknown option --quite-another"],
    [["--constructor"], "unknown option --constructor"],
    [["-c", "a", "-q"], "unknown option -q"],
    [["-c"], /config/],
    [["-c", "--root"], /config/],
    [["--root=yes"], /root/],
    [["--no-root"], /^unknown option --no-root/],
    [["-n", "1000000000000000"], 'option --iterations: saw "1000000000000000", wanted a whole number from 1'],
    [["--log-format", "JSON"], 'option --log-format: saw "JSON", wanted one of auto, pretty, logfmt, json'],
    [["-n", "-1"], /iterations/],
    [["-n", "01"], 'option --iterations: saw "01", wanted a whole number from 1'],
    [["a", "b"], 'unexpected argument "b"; a command stands before the options: wca COMMAND --option …'],
  ];
  for (const [args, message] of wrong) {
    test(`refuses ${args.join(" ")}`, () => {
      expect(() => parse(...args)).toThrow(UsageError);
      expect(() => parse(...args)).toThrow(message);
    });
  }
});

test("usageArgs() shows the options asked for, without those that only spell another differently", () => {
  expect(usageArgs(["root", "log"])).toEqual({
    root: { type: "boolean", description: "Permit running as root", alias: "0" },
  });
});
