import { describe, expect, test } from "bun:test";
import { type LoggerLevels, Logging, parseLogLevels } from "../src/log.ts";
import { LOG_LEVELS, type LogLevel } from "../src/model/log.ts";

const TIME = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

function started(levels: LoggerLevels = {}): { logging: Logging; lines: string[] } {
  const lines: string[] = [];
  const logging = new Logging({ levels, write: (line) => void lines.push(line), now: () => TIME });
  return { logging, lines };
}

function enabled(levels: LoggerLevels, name: string): readonly LogLevel[] {
  const { logging, lines } = started(levels);
  const log = logging.logger(name);
  return LOG_LEVELS.filter((level) => {
    const before = lines.length;
    log[level]("x");
    return lines.length > before;
  });
}

test("logger() writes time, level, name and message, one line for each level", () => {
  const { logging, lines } = started({ "": "trace" });
  const log = logging.logger("wca.LogStorage");
  for (const level of LOG_LEVELS) log[level](`said at ${level}`);
  expect(lines).toEqual([
    "2026-01-02T03:04:05.678Z CRITICAL [wca.LogStorage] said at critical\n",
    "2026-01-02T03:04:05.678Z ERROR    [wca.LogStorage] said at error\n",
    "2026-01-02T03:04:05.678Z WARNING  [wca.LogStorage] said at warning\n",
    "2026-01-02T03:04:05.678Z INFO     [wca.LogStorage] said at info\n",
    "2026-01-02T03:04:05.678Z DEBUG    [wca.LogStorage] said at debug\n",
    "2026-01-02T03:04:05.678Z TRACE    [wca.LogStorage] said at trace\n",
  ]);
});

test("logger() writes messages as they are: empty, with placeholders, JSON", () => {
  const { logging, lines } = started();
  for (const message of ["", "%s %d 100%", '{"level":1}', "ü \u{1f600}"]) logging.logger("wca").info(message);
  const head = "2026-01-02T03:04:05.678Z INFO     [wca] ";
  expect(lines).toEqual([`${head}\n`, `${head}%s %d 100%\n`, `${head}{"level":1}\n`, `${head}ü \u{1f600}\n`]);
});

test("logger() writes every record at once, also the same one again and again", () => {
  const { logging, lines } = started();
  const log = logging.logger("wca");
  for (let round = 0; round < 20; round++) log.warning("Cannot deliver");
  expect(lines).toEqual(Array(20).fill("2026-01-02T03:04:05.678Z WARNING  [wca] Cannot deliver\n"));
  expect(logging.counts("warning")).toEqual(new Map([["wca", 20]]));
});

describe("logger() is heard", () => {
  const info = LOG_LEVELS.slice(0, 4);
  const cases: readonly (readonly [string, LoggerLevels, string, readonly LogLevel[]])[] = [
    ["at info by default", {}, "wca.A", info],
    ["at its own level", { wca: "error", "wca.A": "trace" }, "wca.A", LOG_LEVELS],
    ["at the level of its ancestor", { wca: "critical" }, "wca.A.b", ["critical"]],
    [
      "at the level of the nearest ancestor",
      { wca: "critical", "wca.A": "debug" },
      "wca.A.b",
      LOG_LEVELS.slice(0, 5),
    ],
    ["not at the level of a name that only starts like its own", { "wca.A": "trace" }, "wca.AB", info],
    ["not at the level of a child", { "wca.A.b": "trace" }, "wca.A", info],
    ["at the level for all", { "": "warning" }, "wca.A", LOG_LEVELS.slice(0, 3)],
    [
      "at an ancestor's level before the one for all",
      { "": "trace", wca: "critical" },
      "wca.A",
      ["critical"],
    ],
    ["at info when its name is one that every object has", {}, "constructor", info],
  ];
  test.each(cases)("%s", (_, levels, name, wanted) => {
    expect(enabled(levels, name)).toEqual([...wanted]);
  });

  test("at a level that was set after it was made", () => {
    const { logging, lines } = started({ wca: "critical" });
    const log = logging.logger("wca.A");
    log.debug("before");
    logging.setLevels({ "wca.A": "debug" });
    log.debug("after");
    expect(lines).toEqual(["2026-01-02T03:04:05.678Z DEBUG    [wca.A] after\n"]);
  });
});

test("counts() counts records by logger after filtering, children apart", () => {
  const { logging } = started({ foo: "warning" });
  const log = logging.logger("foo");
  for (let i = 0; i < 3; i++) log.warning("w");
  for (let i = 0; i < 2; i++) log.error("e");
  log.critical("c");
  log.info("not heard");
  logging.logger("foo.bar").error("e");
  logging.logger("foo").error("the same name again");
  logging.logger("silent");
  expect(LOG_LEVELS.slice(0, 4).map((level) => [level, Object.fromEntries(logging.counts(level))])).toEqual([
    ["critical", { foo: 1, "foo.bar": 0 }],
    ["error", { foo: 3, "foo.bar": 1 }],
    ["warning", { foo: 3, "foo.bar": 0 }],
    ["info", { foo: 0, "foo.bar": 0 }],
  ]);
});

const TALKER = `
  const { Logging } = await import(${JSON.stringify(`${import.meta.dir}/../src/log.ts`)});
  const log = new Logging().logger("wca");
  for (let i = 0; i < 20; i++) {
    log.info("x".repeat(1000));
    await Bun.sleep(1);
  }
  console.error("still there");
`;

test.each([
  ["a pipe that nobody reads any more", "| true"],
  ["a full disk", "> /dev/full"],
  ["nothing at all", ">&-"],
])("logger() does not end the agent when standard output is %s", async (_, redirection) => {
  const command = ["bash", "-c", `"$0" -e "$1" ${redirection}`, process.execPath, TALKER];
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  expect([await child.stderr.text(), await child.exited]).toEqual(["still there\n", 0]);
});

test("Logging shares nothing with another Logging", () => {
  const one = started();
  const other = started();
  one.logging.logger("wca").error("x");
  expect([one.lines.length, other.lines, other.logging.counts("error")]).toEqual([1, [], new Map()]);
});

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
