import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import type { LoggerLevels } from "../src/log/levels.ts";
import { Logging } from "../src/log.ts";
import { LOG_LEVELS, type LogLevel } from "../src/model/log.ts";
import { logLines, parseLogfmt } from "./support/logfmt.ts";
import { tempTree } from "./support/tree.ts";
import { until } from "./support/wca.ts";

const TIME = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

interface Started {
  readonly logging: Logging;
  readonly lines: string[];
  /** Lets time pass, and the timers that end within it fire. */
  pass(seconds: number): void;
  /** Timers that wait. */
  readonly waiting: () => number;
}

function started(levels: LoggerLevels = {}): Started {
  const lines: string[] = [];
  let now = TIME;
  let timers: { readonly at: number; readonly action: () => void }[] = [];
  const logging = new Logging({
    levels,
    write: (line) => lines.push(line),
    now: () => now,
    later: (action, milliseconds) => void timers.push({ at: now + milliseconds, action }),
  });
  function pass(seconds: number): void {
    const end = now + seconds * 1000;
    for (let due = timers[0]; due !== undefined && due.at <= end; due = timers[0]) {
      timers = timers.slice(1);
      now = due.at;
      due.action();
    }
    now = end;
  }
  return { logging, lines, pass, waiting: () => timers.length };
}

const said = (lines: readonly string[]) => logLines(lines.join(""));

function enabled(levels: LoggerLevels, name: string): readonly LogLevel[] {
  const { logging, lines } = started(levels);
  return heard(logging.logger(name), lines);
}

function heard(log: ReturnType<Logging["logger"]>, lines: readonly string[]): readonly LogLevel[] {
  return LOG_LEVELS.filter((level) => {
    const before = lines.length;
    log[level](`message ${before}`);
    return lines.length > before;
  });
}

test("logger() writes time, level, name and message, one line for each level", () => {
  const { logging, lines } = started({ "": "trace" });
  const log = logging.logger("wca.LogStorage");
  for (const level of LOG_LEVELS) log[level](`said at ${level}`);
  expect(lines).toEqual(
    LOG_LEVELS.map(
      (level) =>
        `time=2026-01-02T03:04:05.678Z level=${level} logger=wca.LogStorage msg="said at ${level}"\n`,
    ),
  );
});

test("logger() writes messages as they are: empty, with placeholders, JSON, and things that are no text", () => {
  const { logging, lines } = started();
  const log = logging.logger("wca") as unknown as Record<LogLevel, (...parts: unknown[]) => void>;
  const messages = ["", "%s %d 100%", '{"level":1}', "ü \u{1f600}"];
  for (const message of messages) log.info(message);
  log.info(undefined);
  log.info();
  log.error("Failed:", new Error("x"), { a: 1 });
  expect(lines.map((line) => parseLogfmt(line.trimEnd())["msg"])).toEqual([
    ...messages,
    "undefined",
    "Failed: Error: x {\n  a: 1,\n}",
  ]);
});

test("logger() cannot be changed by those who are given it", () => {
  const log = started().logging.logger("wca.A");
  expect(() => Object.assign(log, { error: () => {} })).toThrow(TypeError);
});

describe("a message that repeats", () => {
  test("is written once, counted, and told after a minute", () => {
    const { logging, lines, pass } = started();
    const log = logging.logger("wca.KafkaStorage");
    for (let second = 0; second < 150; second++) {
      log.error("Cannot deliver");
      pass(1);
    }
    log.info("Delivers again");
    logging.flush();
    expect(said(lines)).toEqual([
      "ERROR [wca.KafkaStorage] Cannot deliver",
      "ERROR [wca.KafkaStorage] Cannot deliver (repeated 60 times in 61 s)",
      "ERROR [wca.KafkaStorage] Cannot deliver (repeated 60 times in 60 s)",
      "INFO [wca.KafkaStorage] Delivers again",
      "ERROR [wca.KafkaStorage] Cannot deliver (repeated 29 times in 29 s)",
    ]);
    expect(parseLogfmt(lines[1]?.trimEnd() ?? "")).toMatchObject({ repeated: "60" });
    expect(logging.counts("error")).toEqual(new Map([["wca.KafkaStorage", 150]]));
    // Every one of them is in a line or in a number of repetitions.
    const repeated = lines.map((line) => Number(parseLogfmt(line.trimEnd())["repeated"] ?? 1));
    expect(repeated.reduce((sum, each) => sum + each, 0)).toBe(151);
  });

  test("is told when it has ended, once, and needs no timer before and after", () => {
    const { logging, lines, pass, waiting } = started();
    const log = logging.logger("wca");
    log.warning("a");
    expect(waiting()).toBe(0);
    log.warning("a");
    log.warning("a");
    expect(waiting()).toBe(1);
    pass(1000);
    expect(waiting()).toBe(0);
    log.warning("a");
    logging.flush();
    expect(said(lines)).toEqual([
      "WARNING [wca] a",
      "WARNING [wca] a (repeated 2 times in 60 s)",
      "WARNING [wca] a",
    ]);
  });

  test("is told so that the last line is what was said last", () => {
    const { logging, lines, pass } = started();
    const log = logging.logger("wca");
    for (const message of ["fails", "works", "fails", "works", "fails"]) {
      log.info(message);
      pass(1);
    }
    pass(60);
    expect(said(lines)).toEqual([
      "INFO [wca] fails",
      "INFO [wca] works",
      "INFO [wca] works (repeated once in 61 s)",
      "INFO [wca] fails (repeated 2 times in 62 s)",
    ]);
  });

  test("is another one at another level and of another logger", () => {
    const { logging, lines } = started();
    logging.logger("wca.A").error("x");
    logging.logger("wca.A").warning("x");
    logging.logger("wca.B").error("x");
    expect(said(lines)).toEqual(["ERROR [wca.A] x", "WARNING [wca.A] x", "ERROR [wca.B] x"]);
  });

  test("is written each time where that is wanted", () => {
    const { logging, lines } = started();
    const log = logging.logger("wca", { everyTime: true });
    for (let time = 0; time < 3; time++) log.info("SIGHUP");
    log.debug("not heard");
    expect(said(lines)).toEqual(Array(3).fill("INFO [wca] SIGHUP"));
  });

  test("does not count while it is not heard", () => {
    const { logging, lines } = started();
    const log = logging.logger("wca");
    for (let time = 0; time < 3; time++) log.debug("x");
    logging.setLevels({ wca: "debug" });
    log.debug("x");
    logging.flush();
    expect(said(lines)).toEqual(["DEBUG [wca] x"]);
  });
});

describe("a component that says something else each time", () => {
  test("is heard a thousand times a minute at each level, then told once what is left out", () => {
    const { logging, lines, pass } = started();
    const log = logging.logger("wca.Flood");
    for (let index = 0; index < 5000; index++) log.info(`message ${index}`);
    log.error("still heard");
    logging.logger("wca.Other").info("still heard");
    const leftOut =
      "WARNING [wca.Flood] Leaves out further messages of level info: there are too many that differ, the next ones come within 60 s";
    expect(said(lines).slice(999)).toEqual([
      "INFO [wca.Flood] message 999",
      leftOut,
      "ERROR [wca.Flood] still heard",
      "INFO [wca.Other] still heard",
    ]);
    pass(60);
    log.info("heard again");
    expect(said(lines).slice(-2)).toEqual([
      "WARNING [wca.Flood] Left out messages of level info: 4000",
      "INFO [wca.Flood] heard again",
    ]);
    expect(logging.counts("info")).toEqual(
      new Map([
        ["wca.Flood", 5001],
        ["wca.Other", 1],
      ]),
    );
  });

  test("is heard in all details where they were asked for", () => {
    const { logging, lines } = started({ wca: "trace" });
    const log = logging.logger("wca");
    for (let index = 0; index < 50_000; index++) log.trace(`message ${index}`);
    expect(lines.length).toBe(50_000);
  });

  test("has as much in the next minute", () => {
    const { logging, lines, pass } = started();
    const log = logging.logger("wca");
    for (let minute = 0; minute < 3; minute++) {
      for (let index = 0; index < 1000; index++) log.info(`message ${minute} ${index}`);
      pass(60);
    }
    expect(lines.length).toBe(3000);
  });
});

test("lines that standard output does not take are counted, and told when it takes some again", () => {
  const lines: string[] = [];
  let isFull = true;
  const logging = new Logging({ now: () => TIME, write: (line) => (isFull ? false : lines.push(line)) });
  const log = logging.logger("wca.A");
  for (let index = 0; index < 7; index++) log.error(`message ${index}`);
  logging.flush();
  isFull = false;
  log.info("after");
  log.info("and on");
  expect(said(lines)).toEqual([
    "INFO [wca.A] after",
    "WARNING [wca] Lost lines of the log, as standard output did not take them: 7",
    "INFO [wca.A] and on",
  ]);
  expect(Object.fromEntries(logging.counts("warning"))).toEqual({ "wca.A": 0, wca: 1 });
  expect(logging.counts("error").get("wca.A")).toBe(7);
});

describe("nextLevel()", () => {
  const info = LOG_LEVELS.slice(0, 4);
  const debug = LOG_LEVELS.slice(0, 5);
  type Step = readonly [level: LogLevel | undefined, a: readonly LogLevel[], b: readonly LogLevel[]];
  const cases: readonly (readonly [what: string, levels: LoggerLevels, steps: readonly Step[]])[] = [
    [
      "goes through debug and trace, and back",
      { wca: "info" },
      [
        ["debug", debug, debug],
        ["trace", LOG_LEVELS, LOG_LEVELS],
        [undefined, info, info],
        ["debug", debug, debug],
      ],
    ],
    [
      "leaves what says more as it is, and takes along what says less",
      { wca: "info", "wca.A": "trace", "wca.B": "critical" },
      [
        ["debug", LOG_LEVELS, debug],
        ["trace", LOG_LEVELS, LOG_LEVELS],
        [undefined, LOG_LEVELS, ["critical"]],
      ],
    ],
    [
      "begins after the agent's own level",
      { wca: "error", "wca.A": "info" },
      [
        ["warning", info, LOG_LEVELS.slice(0, 3)],
        ["info", info, info],
        ["debug", debug, debug],
        ["trace", LOG_LEVELS, LOG_LEVELS],
        [undefined, info, LOG_LEVELS.slice(0, 2)],
      ],
    ],
    [
      "takes along what says less where the agent says everything",
      { wca: "trace", "wca.B": "error" },
      [
        ["trace", LOG_LEVELS, LOG_LEVELS],
        [undefined, LOG_LEVELS, LOG_LEVELS.slice(0, 2)],
      ],
    ],
  ];
  test.each(cases)("%s", (_, levels, steps) => {
    const { logging, lines } = started(levels);
    const [a, b] = [logging.logger("wca.A"), logging.logger("wca.B")];
    for (const [level, ofA, ofB] of steps) {
      expect(logging.nextLevel()).toBe(level);
      expect([heard(a, lines), heard(b, lines)]).toEqual([[...ofA], [...ofB]]);
    }
  });
});

test("announce() is heard at any level, each time", () => {
  const { logging, lines } = started({ "": "critical", wca: "critical" });
  logging.logger("wca").error("not heard");
  logging.announce("here");
  logging.announce("here");
  expect(said(lines)).toEqual(["INFO [wca] here", "INFO [wca] here"]);
});

test("unknownLoggers() names levels that nobody follows", () => {
  const { logging } = started();
  for (const name of ["wca", "wca.LogStorage", "wca.perf.events"]) logging.logger(name);
  const levels: LoggerLevels = {
    ...{ "": "info", wca: "info", LogStorage: "info", "wca.LogStorage": "info", perf: "info" },
    ...{ LogStorag: "debug", "wca.Log": "debug", "wca.perf.events.x": "debug" },
  };
  expect(logging.unknownLoggers(levels)).toEqual(["LogStorag", "wca.Log", "wca.perf.events.x"]);
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
    ["at the level of its component", { wca: "error", A: "trace" }, "wca.A", LOG_LEVELS],
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
    expect(said(lines)).toEqual(["DEBUG [wca.A] after"]);
  });
});

test("counts() counts records by logger after filtering, children apart", () => {
  const { logging } = started({ wca: "warning" });
  const log = logging.logger("wca");
  for (let i = 0; i < 3; i++) log.warning("w");
  for (let i = 0; i < 2; i++) log.error("e");
  log.critical("c");
  log.info("not heard");
  logging.logger("wca.bar").error("e");
  logging.logger("wca").error("the same name again");
  logging.logger("silent");
  expect(LOG_LEVELS.slice(0, 4).map((level) => [level, Object.fromEntries(logging.counts(level))])).toEqual([
    ["critical", { wca: 1, "wca.bar": 0 }],
    ["error", { wca: 3, "wca.bar": 1 }],
    ["warning", { wca: 3, "wca.bar": 0 }],
    ["info", { wca: 0, "wca.bar": 0 }],
  ]);
});

const TALKER = `
  const { Logging } = await import(${JSON.stringify(`${import.meta.dir}/../src/log.ts`)});
  const log = new Logging().logger("wca");
  for (let i = 0; i < 20; i++) {
    log.info(i + "x".repeat(1000));
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

const BLOCKED = `
  const fs = await import("node:fs");
  const { Logging } = await import(${JSON.stringify(`${import.meta.dir}/../src/log.ts`)});
  const log = new Logging({ levels: { wca: "debug" } }).logger("wca");
  let said = 0;
  const say = () => log.debug(said++ + "x".repeat(6000));
  while (said < 100) say();
  fs.writeFileSync("full", "");
  while (!fs.existsSync("enough")) {
    say();
    await Bun.sleep(5);
  }
  console.error(said);
`;

/** Starts a program whose output is read into the file `out` once there is a file `full`. */
const READERS = {
  pipe: ["bash", "-c", '"$@" | { until [ -e full ]; do sleep 0.01; done; cat > out; }', "bash"],
  socket: [
    ...["perl", "-MSocket", "-e"],
    `socketpair(my $ours, my $its, AF_UNIX, SOCK_STREAM, 0) or die;
    if (!fork) { close $ours; open(STDOUT, ">&", $its); exec @ARGV }
    close $its;
    select(undef, undef, undef, 0.01) until -e "full";
    open(my $out, ">", "out");
    while (sysread($ours, my $bytes, 65536)) { syswrite($out, $bytes) }`,
  ],
};

test.each(["pipe", "socket"] as const)(
  "logger() goes on with whole lines when a %s that was full is read again, and accounts for the others",
  async (kind) => {
    using tree = tempTree({});
    const child = Bun.spawn([...READERS[kind], process.execPath, "-e", BLOCKED], {
      cwd: tree.root,
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    });
    using cleanup = new DisposableStack();
    cleanup.defer(() => child.kill("SIGKILL"));
    const out = path.join(tree.root, "out");
    await until(() => fs.existsSync(out) && fs.readFileSync(out, "utf8").includes("Lost lines"));
    fs.writeFileSync(path.join(tree.root, "enough"), "");
    const total = Number(await child.stderr.text());
    await child.exited;
    const messages = fs
      .readFileSync(out, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => parseLogfmt(line)["msg"] ?? "");
    const lost = messages
      .flatMap((message) => message.match(/^Lost lines .*: (\d+)$/)?.[1] ?? [])
      .map(Number);
    const whole = messages.filter((message) => /^\d+x{6000}$/.test(message));
    expect(lost.reduce((sum, each) => sum + each, 0)).toBeGreaterThan(50);
    expect(whole.length + lost.reduce((sum, each) => sum + each, 0)).toBe(total);
    expect(whole.length + lost.length).toBe(messages.length);
  },
  60_000,
);
