import { describe, expect, test } from "bun:test";
import {
  type LoggerLevels,
  levelsBeyond,
  loggerName,
  mergeLevels,
  parseLogLevels,
} from "../../src/log/levels.ts";
import type { LogLevel } from "../../src/model/log.ts";

describe("parseLogLevels()", () => {
  const good: readonly (readonly [readonly string[], LoggerLevels])[] = [
    [[], {}],
    [["DEBUG"], { wca: "debug" }],
    [["DEBUG", "foo.bar:info"], { wca: "debug", "foo.bar": "info" }],
    [["wca.LogStorage:Trace", ":error"], { "wca.LogStorage": "trace", "": "error" }],
    [["debug", "info"], { wca: "info" }],
  ];
  test.each(good)("parses %j", (values, levels) => {
    expect(parseLogLevels(values)).toEqual(levels);
  });

  test.each(["", "loud", "wca:", "a:b:info", "info:wca", " info", "33"])("refuses %j", (value) => {
    expect(() => parseLogLevels(["info", value])).toThrow(
      new RangeError(
        `saw "${value}", wanted [NAME:]LEVEL with a level of critical, error, warning, info, debug, trace`,
      ),
    );
  });
});

test.each([
  ["KafkaStorage", "wca.KafkaStorage"],
  ["wca.KafkaStorage", "wca.KafkaStorage"],
  ["wca", "wca"],
  ["", ""],
  ["wcaStorage", "wca.wcaStorage"],
  ["constructor", "wca.constructor"],
])("loggerName() takes %j for %j", (given, name) => {
  expect(loggerName(given)).toBe(name);
});

test("mergeLevels() puts the later over the earlier ones, however they are spelled", () => {
  expect(
    mergeLevels(
      { wca: "info", "": "error" },
      { "wca.A": "debug", B: "trace" },
      { A: "critical", "wca.B": "warning" },
    ),
  ).toEqual({ wca: "info", "": "error", "wca.A": "critical", "wca.B": "warning" });
});

const further: readonly (readonly [LogLevel, readonly LogLevel[]])[] = [
  ["critical", ["error", "warning", "info", "debug", "trace"]],
  ["info", ["debug", "trace"]],
  ["debug", ["trace"]],
  ["trace", ["trace"]],
];
test.each(further)("levelsBeyond() %s gives %j", (level, beyond) => {
  expect(levelsBeyond(level)).toEqual(beyond);
});
