import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { compiledWca } from "../support/compiled.ts";
import { logLines, parseLogfmt } from "../support/logfmt.ts";
import { type Tree, tempTree } from "../support/tree.ts";
import { configFiles, startWca, until, wca } from "../support/wca.ts";

const TIMEOUT_MS = 120_000;
const RUNNER = `runner: !MeasurementRunner
  node: !StaticNode {tasks: [not-there]}
  interval: 0.05
  vmstat: false
  zoneinfo: false
  rdt_enabled: false
  gather_hw_mm_topology: false
  metrics_storage: !LogStorage {output_filename: out.prom, overwrite: true}
`;
const NOT_THERE = 'Cannot find task "/not-there": no hierarchy has the cgroup';

function withConfig(loggers = ""): Tree {
  const tree = tempTree({});
  configFiles(tree.root, { "c.yaml": `${loggers}${RUNNER}` });
  return tree;
}

/** Warnings of a short run. */
async function warnings(loggers: string, ...options: readonly string[]): Promise<readonly string[]> {
  using tree = withConfig(loggers);
  const { exitCode, stdout } = await wca(["-0c", "c.yaml", "-n1", ...options], { cwd: tree.root });
  expect(exitCode).toBe(0);
  return logLines(stdout)
    .filter((line) => line.startsWith("WARNING"))
    .map((line) => line.slice("WARNING ".length));
}

describe("levels", () => {
  const cases: readonly (readonly [
    what: string,
    loggers: string,
    options: readonly string[],
    heard: boolean,
  ])[] = [
    ["by component in the file", "loggers: {StaticNode: error}\n", [], false],
    ["by logger in the file", "loggers: {wca.StaticNode: ERROR}\n", [], false],
    ["by component on the command line", "", ["-l", "StaticNode:error"], false],
    ["by logger on the command line", "", ["-l", "wca.StaticNode:error"], false],
    ["on the command line first", "loggers: {StaticNode: critical}\n", ["-l", "wca.StaticNode:info"], true],
    [
      "on the command line first, quieter",
      "loggers: {wca.StaticNode: info}\n",
      ["-l", "StaticNode:error"],
      false,
    ],
    [
      "of the agent, where the component has its own",
      "loggers: {StaticNode: warning}\n",
      ["-l", "error"],
      true,
    ],
    ["of other components", "loggers: {LogStorage: error}\n", ["-l", "MeasurementRunner:error"], true],
  ];
  for (const [what, loggers, options, heard] of cases) {
    test(
      what,
      async () => {
        expect(await warnings(loggers, ...options)).toEqual(heard ? [`[wca.StaticNode] ${NOT_THERE}`] : []);
      },
      TIMEOUT_MS,
    );
  }

  test(
    "of a logger that is not there are told, with the one that may be meant",
    async () => {
      const known = "loggers are wca, StaticNode, LogStorage, MeasurementRunner";
      const unknown = await warnings(
        "loggers: {LogStorag: debug, wca.storage: error}\n",
        ...["-l", "wca.StatikNode:critical", "-l", "StaticNode:error"],
      );
      expect(unknown.map((line) => line.replace(/delivery, /, ""))).toEqual([
        `[wca] Unknown logger "wca.StatikNode" in option --log-level, did you mean "StaticNode"?; ${known}`,
        `[wca] Unknown logger "LogStorag" in loggers, did you mean "LogStorage"?; ${known}`,
        `[wca] Unknown logger "wca.storage" in loggers; ${known}`,
      ]);
    },
    TIMEOUT_MS,
  );
});

describe("a component of the user's", () => {
  const TALKER = `
    import { Storage } from "wca";
    export class Talker extends Storage {
      #log;
      #rounds = 0;
      constructor(options, { log }) {
        super();
        this.#log = log;
      }
      store() {
        this.#log.debug("A detail", { round: this.#rounds++ });
        this.#log.error("evil\\ntime=x level=info logger=wca msg=faked \\u001b[2J");
        this.#log.warning(undefined);
        this.#log.warning(new RangeError("an error"));
        this.#log.warning(new Proxy({}, { get() { throw new Error("no"); } }));
        this.#log.info("x".repeat(1e6));
      }
    }`;

  async function talk(...options: readonly string[]) {
    using tree = withConfig();
    const text = RUNNER.replace(/metrics_storage.*/, "metrics_storage: !Talker {}");
    configFiles(tree.root, { "c.yaml": text, "talker.ts": TALKER });
    const args = ["-0c", "c.yaml", "-n3", "-r", "./talker.ts:Talker", "-l", "StaticNode:error", ...options];
    const { exitCode, stdout, stderr } = await wca(args, { cwd: tree.root });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    return logLines(stdout).filter((line) => line.includes("[wca.Talker]"));
  }

  test(
    "may log anything again and again: each is one line, and then a count",
    async () => {
      const evil = "evil\ntime=x level=info logger=wca msg=faked \u001b[2J";
      const said = [
        `ERROR [wca.Talker] ${evil}`,
        "WARNING [wca.Talker] undefined",
        "WARNING [wca.Talker] RangeError: an error",
        "WARNING [wca.Talker] {}",
        `INFO [wca.Talker] ${"x".repeat(8192)}… (991808 characters more)`,
      ];
      const lines = (await talk()).filter((line) => !line.includes("metrics taken"));
      expect(lines.map((line) => line.replace(/in \d+ s/, "in N s"))).toEqual([
        ...said,
        ...said.map((line) => `${line} (repeated 2 times in N s)`),
      ]);
    },
    TIMEOUT_MS,
  );

  test(
    "has a level by its name",
    async () => {
      const lines = await talk("-l", "Talker:debug");
      expect(lines.filter((line) => line.startsWith("DEBUG"))).toEqual(
        [0, 1, 2].map((round) => `DEBUG [wca.Talker] A detail {\n  round: ${round},\n}`),
      );
      expect(await talk("-l", "Talker:critical")).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

describe("--log-format", () => {
  async function stdoutOf(...options: readonly string[]): Promise<string> {
    using tree = withConfig();
    return (await wca(["-0c", "c.yaml", "-n1", "-l", "StaticNode:info", ...options], { cwd: tree.root }))
      .stdout;
  }

  /** The same on a terminal. */
  async function terminalOf(env: Readonly<Record<string, string>>, ...options: string[]): Promise<string> {
    using tree = withConfig();
    const main = path.join(import.meta.dirname, "../../src/main.ts");
    const command = [process.execPath, main, "-0c", "c.yaml", "-n1", ...options].join(" ");
    const { NO_COLOR: _, FORCE_COLOR: __, ...rest } = process.env;
    const child = Bun.spawn(["script", "-qec", command, "/dev/null"], {
      cwd: tree.root,
      env: { ...rest, TERM: "xterm", ...env },
      stdin: "ignore",
      stdout: "pipe",
    });
    return await child.stdout.text();
  }

  test(
    "json writes an object in each line",
    async () => {
      const lines = (await stdoutOf("--log-format", "json")).trimEnd().split("\n");
      expect(lines.map((line) => JSON.parse(line))).toContainEqual({
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        level: "warning",
        logger: "wca.StaticNode",
        msg: NOT_THERE,
      });
    },
    TIMEOUT_MS,
  );

  test(
    "auto and logfmt write logfmt where there is no terminal",
    async () => {
      for (const options of [[], ["--log-format=auto"], ["--log-format=logfmt"]]) {
        const lines = (await stdoutOf(...options)).trimEnd().split("\n");
        expect(lines.map((line) => parseLogfmt(line)["msg"])).toContain(NOT_THERE);
      }
    },
    TIMEOUT_MS,
  );

  test(
    "pretty writes for eyes also where there is no terminal",
    async () => {
      expect(await stdoutOf("--log-format=pretty")).toMatch(
        /^\d\d:\d\d:\d\d {2}WARN {2}wca\.StaticNode Cannot find/m,
      );
    },
    TIMEOUT_MS,
  );

  test(
    "auto writes for eyes on a terminal, in colour where that is wanted",
    async () => {
      const coloured = await terminalOf({});
      expect(coloured).toContain(
        `\u001b[43m\u001b[30m WARN \u001b[39m\u001b[49m \u001b[90mwca.StaticNode\u001b[39m `,
      );
      const plain = await terminalOf({ NO_COLOR: "1" });
      expect(plain).toMatch(/^\d\d:\d\d:\d\d {2}WARN {2}wca\.StaticNode Cannot find/m);
      expect(plain).not.toContain("\u001b");
      expect(await terminalOf({}, "--log-format", "logfmt")).toMatch(
        /^time=\S+ level=warning logger=wca\.StaticNode/m,
      );
    },
    TIMEOUT_MS,
  );

  test(
    "takes nothing else",
    async () => {
      expect(await wca(["-0c", "c.yaml", "--log-format", "xml"])).toEqual({
        exitCode: 2,
        stdout: "",
        stderr:
          'wca: option --log-format: saw "xml", wanted one of auto, pretty, logfmt, json; see wca --help\n',
      });
    },
    TIMEOUT_MS,
  );
});

describe("SIGUSR1", () => {
  /** What the agent answers to each signal, and the lines of the storage's round between them. */
  async function answers(command: readonly string[] | undefined): Promise<readonly string[]> {
    using tree = withConfig("loggers: {wca: warning, StaticNode: critical}\n");
    const args = ["-0c", "c.yaml"];
    using agent = startWca(args, { cwd: tree.root, ...(command === undefined ? {} : { command }) });
    await until(() => fs.existsSync(path.join(tree.root, "out.prom")));
    const wanted = ["info for all", "debug for all", "trace for all", "configured levels", "info for all"];
    for (const [index, each] of wanted.entries()) {
      agent.signal("SIGUSR1");
      await until(() => logLines(agent.stdout()).filter((line) => line.includes("SIGUSR1")).length > index);
      expect(agent.stdout()).toContain(each);
    }
    agent.signal("SIGTERM");
    const { exitCode, signal, stdout, stderr } = await agent.finished;
    expect({ exitCode, signal, stderr }).toEqual({ exitCode: 0, signal: undefined, stderr: "" });
    return logLines(stdout).filter((line) => /SIG|stopped/.test(line));
  }
  const lines = [
    "INFO [wca] SIGUSR1: logs at level info for all loggers",
    "INFO [wca] SIGUSR1: logs at level debug for all loggers",
    "INFO [wca] SIGUSR1: logs at level trace for all loggers",
    "INFO [wca] SIGUSR1: logs at the configured levels again",
    "INFO [wca] SIGUSR1: logs at level info for all loggers",
    "INFO [wca] SIGTERM: stops after the current step",
    "INFO [wca] WCA stopped",
  ];

  test(
    "goes to the next level and back, each said, in a run that is quiet otherwise",
    async () => expect(await answers(undefined)).toEqual(lines),
    TIMEOUT_MS,
  );

  test(
    "does the same in the executable",
    async () => expect(await answers([await compiledWca()])).toEqual(lines),
    TIMEOUT_MS,
  );

  test(
    "ends nothing when it comes again and again, also at the end",
    async () => {
      using tree = withConfig();
      using agent = startWca(["-0c", "c.yaml", "-n", "20"], { cwd: tree.root });
      await until(() => agent.stdout().includes("starts on"));
      const sending = setInterval(() => agent.signal("SIGUSR1"), 1);
      const { exitCode, signal, stdout } = await agent.finished.finally(() => clearInterval(sending));
      expect({ exitCode, signal }).toEqual({ exitCode: 0, signal: undefined });
      expect(logLines(stdout).at(-1)).toBe("INFO [wca] WCA stopped");
      expect(stdout.match(/SIGUSR1: logs at/g)?.length).toBeGreaterThan(10);
    },
    TIMEOUT_MS,
  );
});
