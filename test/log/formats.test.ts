import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  formatJson,
  formatLogfmt,
  type LogFormatName,
  type LogLine,
  logFormat,
} from "../../src/log/formats.ts";
import { LOG_LEVELS } from "../../src/model/log.ts";
import { parseLogfmt } from "../support/logfmt.ts";

const TIME = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const HELLO: LogLine = { timeMs: TIME, level: "warning", logger: "wca.LogStorage", message: "Hello" };
const ESCAPE = String.fromCharCode(27);

/** Text that does harm: pieces of lines, of escapes and of terminal codes among any letters. */
const harmful = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        ...[
          "\n",
          "\r",
          "\r\n",
          "\t",
          "\0",
          '"',
          "\\",
          '\\"',
          "=",
          " ",
          "level=error",
          '","level":"error',
          "}",
        ],
        ...[
          "\u001b[2J",
          "\u001b]0;title\u0007",
          "\u009b31m",
          "\u2028",
          "\u2029",
          "\u202e",
          "\u0085",
          "\u007f",
        ],
        ...["\ud800", "\udfff", "\u{1f600}", "%s", "`x`", " _y_ ", ""],
      ),
    ),
  )
  .map((pieces) => pieces.join(""));
const lines = fc.record({
  timeMs: fc.constant(TIME),
  level: fc.constantFrom(...LOG_LEVELS),
  logger: harmful,
  message: harmful,
  repeated: fc.integer({ min: 1 }),
});
/** Letters that break lines, move the cursor or turn the order of letters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const HARM = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

describe("formatLogfmt()", () => {
  const cases: readonly (readonly [message: string, written: string])[] = [
    ["Hello", "Hello"],
    ["Hello world", '"Hello world"'],
    ["", '""'],
    ["a=b", '"a=b"'],
    ['say "x"', String.raw`"say \"x\""`],
    ["C:\\x", String.raw`"C:\\x"`],
    ["two\nlines", String.raw`"two\nlines"`],
    ["\u001b[31mred", String.raw`"\u001b[31mred"`],
    ["\u009b31m", String.raw`"\u009b31m"`],
    ["ü", '"ü"'],
    ["%s", "%s"],
  ];
  test.each(cases)("writes %j", (message, written) => {
    expect(formatLogfmt({ ...HELLO, message })).toBe(
      `time=2026-01-02T03:04:05.678Z level=warning logger=wca.LogStorage msg=${written}\n`,
    );
  });

  test("tells how often a message was repeated", () => {
    expect(formatLogfmt({ ...HELLO, repeated: 42 })).toEndWith(" msg=Hello repeated=42\n");
  });

  test("writes one line that gives everything back, whatever is in it", () => {
    fc.assert(
      fc.property(lines, (line) => {
        const text = formatLogfmt(line);
        expect(text.slice(0, -1)).not.toMatch(HARM);
        expect(parseLogfmt(text.slice(0, -1))).toEqual({
          time: "2026-01-02T03:04:05.678Z",
          level: line.level,
          logger: line.logger,
          msg: line.message,
          repeated: String(line.repeated),
        });
      }),
    );
  });
});

describe("formatJson()", () => {
  test("writes an object", () => {
    expect(formatJson({ ...HELLO, message: "two\nlines", repeated: 2 })).toBe(
      `${String.raw`{"time":"2026-01-02T03:04:05.678Z","level":"warning","logger":"wca.LogStorage","msg":"two\nlines","repeated":2}`}\n`,
    );
  });

  test("writes one line that gives everything back, whatever is in it", () => {
    fc.assert(
      fc.property(lines, (line) => {
        const text = formatJson(line);
        expect(text).toEndWith("}\n");
        expect(text.slice(0, -1)).not.toMatch(HARM);
        expect(JSON.parse(text)).toEqual({
          time: "2026-01-02T03:04:05.678Z",
          level: line.level,
          logger: line.logger,
          msg: line.message,
          repeated: line.repeated,
        });
      }),
    );
  });
});

describe("the pretty format", () => {
  const plain = logFormat("pretty", { isTerminal: false, env: {} });
  const coloured = logFormat("pretty", { isTerminal: true, env: { TERM: "xterm" } });
  const time = new Date(TIME).toTimeString().slice(0, 8);

  test("looks as consola does, with and without colours", () => {
    const signs = [" FATAL ", " ERROR ", " WARN ", "ℹ", "⚙", "→"];
    for (const [index, level] of LOG_LEVELS.entries()) {
      const line = { ...HELLO, level };
      expect(plain(line)).toBe(`${time} ${signs[index]} wca.LogStorage Hello\n`);
      expect(coloured(line)).not.toBe(plain(line));
      expect(Bun.stripANSI(coloured(line))).toBe(plain(line));
    }
    expect(coloured(HELLO).replaceAll(ESCAPE, "^")).toBe(
      `^[90m${time}^[39m ^[43m^[30m WARN ^[39m^[49m ^[90mwca.LogStorage^[39m Hello\n`,
    );
  });

  test("keeps messages as they are: empty, with placeholders, with marks of consola", () => {
    for (const message of ["", "%s %d 100%", "a `b` _c_ d", '{"args":["x"]}', "ü \u{1f600}"])
      expect(plain({ ...HELLO, message })).toBe(`${time}  WARN  wca.LogStorage ${message}\n`);
  });

  test("indents further lines and shows what does harm", () => {
    expect(plain({ ...HELLO, message: `one\ntwo${ESCAPE}[2J\rthree` })).toBe(
      `${time}  WARN  wca.LogStorage one\n    two\\u001b[2J\\u000dthree\n`,
    );
    fc.assert(
      fc.property(lines, (line) => {
        const [first, ...further] = plain({ ...line, logger: "wca.A" })
          .slice(0, -1)
          .split("\n");
        for (const each of further) expect(each).toStartWith("    ");
        expect([first, ...further].join("")).not.toMatch(HARM);
      }),
    );
  });
});

describe("logFormat()", () => {
  const [esc, none] = [true, false];
  type Shape = "logfmt" | "json" | "pretty" | "coloured";
  const cases: readonly (readonly [
    name: LogFormatName,
    isTerminal: boolean,
    env: Readonly<Record<string, string>>,
    shape: Shape,
  ])[] = [
    ["auto", none, {}, "logfmt"],
    ["auto", none, { FORCE_COLOR: "1" }, "logfmt"],
    ["auto", esc, { TERM: "xterm" }, "coloured"],
    ["auto", esc, {}, "coloured"],
    ["auto", esc, { TERM: "dumb" }, "pretty"],
    ["auto", esc, { NO_COLOR: "1" }, "pretty"],
    ["auto", esc, { NO_COLOR: "" }, "coloured"],
    ["auto", esc, { FORCE_COLOR: "0" }, "pretty"],
    ["auto", esc, { FORCE_COLOR: "1", NO_COLOR: "1" }, "pretty"],
    ["pretty", none, {}, "pretty"],
    ["pretty", none, { FORCE_COLOR: "1" }, "coloured"],
    ["pretty", none, { FORCE_COLOR: "" }, "pretty"],
    ["pretty", esc, { FORCE_COLOR: "true", TERM: "dumb" }, "coloured"],
    ["logfmt", esc, { FORCE_COLOR: "1" }, "logfmt"],
    ["json", esc, { FORCE_COLOR: "1" }, "json"],
    ["json", none, {}, "json"],
  ];
  test.each(cases)("%s, terminal %p, %j", (name, isTerminal, env, shape) => {
    const text = logFormat(name, { isTerminal, env })(HELLO);
    const seen: Shape = text.startsWith("{")
      ? "json"
      : text.startsWith("time=")
        ? "logfmt"
        : text.includes(ESCAPE)
          ? "coloured"
          : "pretty";
    expect(seen).toBe(shape);
  });
});
