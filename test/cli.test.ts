import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { VERSION } from "../src/version.ts";
import { logLines } from "./support/logfmt.ts";
import { type Tree, tempTree } from "./support/tree.ts";
import { configFiles, type Finished, startWca, until, wca } from "./support/wca.ts";

const TIMEOUT_MS = 60_000;
const isRoot = process.geteuid?.() === 0;
/** Rounds as quick as possible, and nothing that some hosts do not have and that is told in the log. */
const QUICK =
  "  node: !StaticNode {tasks: []}\n  vmstat: false\n  zoneinfo: false\n  interval: 0\n" +
  "  rdt_enabled: false\n  gather_hw_mm_topology: false\n";
const GOOD = `runner: !MeasurementRunner\n${QUICK}`;

/** What became of the metrics: the last word of each storage. */
const LOGSTORAGE_SUM = expect.stringMatching(
  /^INFO \[wca\.LogStorage\] LogStorage: (\d+) metrics taken, \1 delivered, 0 dropped$/,
);

function withConfig(text: string): Tree {
  const tree = tempTree({});
  configFiles(tree.root, { "c.yaml": text });
  return tree;
}

/** Lines of the log without their time and without stacks. */
function logOf({ stdout }: Pick<Finished, "stdout">): readonly string[] {
  return logLines(stdout).map((line) => line.replace(/\n.*/s, ""));
}

describe("wca", () => {
  const good: readonly (readonly [what: string, args: readonly string[]])[] = [
    ["options first", ["--config", "c.yaml", "--root", "--iterations", "1"]],
    ["run first", ["run", "--config=c.yaml", "--root", "--iterations=1"]],
    ["short options", ["-0", "-c", "c.yaml", "-n", "1"]],
    ["short options together", ["-0c", "c.yaml", "-n1"]],
  ];
  for (const [what, args] of good) {
    test(
      `runs with ${what}: log to standard output, metrics to standard error`,
      async () => {
        using tree = withConfig(GOOD);
        const { exitCode, stdout, stderr } = await wca(args, { cwd: tree.root });
        expect(exitCode).toBe(0);
        expect(logOf({ stdout })).toEqual([
          expect.stringMatching(
            new RegExp(`^INFO \\[wca\\] WCA ${VERSION} starts on .+ with c\\.yaml, process \\d+$`),
          ),
          LOGSTORAGE_SUM,
          "INFO [wca] WCA stopped",
        ]);
        expect(stderr).toStartWith("# HELP platform_cpu_usage ");
        expect(stderr).toContain("\nwca_tasks{host=");
        expect(stderr.split("\n").filter((line) => !/^($|# |[a-z_]+(\{.*\})? \S+ \d+$)/.test(line))).toEqual(
          [],
        );
      },
      TIMEOUT_MS,
    );
  }

  test(
    "runs an absolute configuration from anywhere",
    async () => {
      using tree = withConfig(GOOD);
      const { exitCode } = await wca(["-0n1", "-c", path.join(tree.root, "c.yaml")], { cwd: "/" });
      expect(exitCode).toBe(0);
    },
    TIMEOUT_MS,
  );

  test(
    "makes as many rounds as --iterations says",
    async () => {
      using tree = withConfig(GOOD);
      const { stderr } = await wca(["-0c", "c.yaml", "-n", "3"], { cwd: tree.root });
      expect(stderr.match(/^wca_up\{/gm)?.length).toBe(3);
    },
    TIMEOUT_MS,
  );

  test.skipIf(!isRoot)(
    "refuses to run as root without --root, before it reads the configuration",
    async () => {
      expect(await wca(["-c", "/does-not-exist.yaml"])).toEqual({
        exitCode: 2,
        stdout: "",
        stderr:
          "wca: running as root is not permitted without --root: use a user that can read the kernel files wanted (see wca doctor), or give --root; see wca --help\n",
      });
    },
    TIMEOUT_MS,
  );

  test(
    "takes log levels of -l, --log-level and --log together, over those of the configuration",
    async () => {
      using tree = withConfig(`loggers: {wca: critical, wca.LogStorage: error}\n${GOOD}`);
      const options = ["-l", "error", "--log", "wca.StaticNode:debug", "--log-level=wca:INFO"];
      const { exitCode, stdout } = await wca(["-0c", "c.yaml", "-n1", ...options], { cwd: tree.root });
      expect({ exitCode, lines: logOf({ stdout }).length }).toEqual({ exitCode: 0, lines: 2 });
      const quiet = await wca(["-0c", "c.yaml", "-n1", "-l", "warning"], { cwd: tree.root });
      expect({ exitCode: quiet.exitCode, stdout: quiet.stdout }).toEqual({ exitCode: 0, stdout: "" });
    },
    TIMEOUT_MS,
  );

  for (const option of ["-v", "--version"]) {
    test(
      `tells its version with ${option}`,
      async () => {
        expect(await wca([option])).toEqual({ exitCode: 0, stdout: `${VERSION}\n`, stderr: "" });
      },
      TIMEOUT_MS,
    );
  }

  const usages: readonly (readonly [args: readonly string[], contains: readonly string[]])[] = [
    [["-h"], ["run", "check", "describe", "doctor", "--config", "--root", "--iterations"]],
    [["--help"], ["Measures", "-c, --config"].slice(1)],
    [
      ["run", "--help"],
      ["wca run", "--iterations"],
    ],
    [
      ["check", "-h"],
      ["wca check", "--config"],
    ],
    [
      ["describe", "-h"],
      ["wca describe", "--format", "NAME"],
    ],
    [
      ["doctor", "-h"],
      ["wca doctor", "--config"],
    ],
    [["-c", "x.yaml", "-h"], ["COMMANDS"]],
  ];
  for (const [args, contains] of usages) {
    test(
      `prints its usage with ${args.join(" ")}`,
      async () => {
        const { exitCode, stdout, stderr } = await wca(args);
        expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
        for (const each of contains) expect(stdout).toContain(each);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: no colours into pipes
        expect(stdout).not.toMatch(/\u001b/);
      },
      TIMEOUT_MS,
    );
  }

  const wrong: readonly (readonly [args: readonly string[], message: string])[] = [
    [[], "nothing to do: give a configuration with --config FILE, or a command"],
    [
      ["chek"],
      'unknown command "chek", did you mean "check"?; commands are run, check, describe, doctor, bundle, plugin',
    ],
    [
      ["frobnicate"],
      'unknown command "frobnicate"; commands are run, check, describe, doctor, bundle, plugin',
    ],
    [
      ["constructor"],
      'unknown command "constructor"; commands are run, check, describe, doctor, bundle, plugin',
    ],
    [[""], 'unknown command ""; commands are run, check, describe, doctor, bundle, plugin'],
    [["--confg", "c.yaml"], "unknown option --confg, did you mean --config?"],
    [["check", "--root", "-c", "c.yaml"], "unknown option --root"],
    [["-0c", "c.yaml", "-x"], "unknown option -x"],
    [["-0"], "missing option --config FILE"],
    [["-0", "-c", ""], "missing option --config FILE"],
    [["-0c", "c.yaml", "-n", "0"], 'option --iterations: saw "0", wanted a whole number from 1'],
    [["-0c", "c.yaml", "-n", "1.5"], 'option --iterations: saw "1.5", wanted a whole number from 1'],
    [["-0c", "c.yaml", "-n", "many"], 'option --iterations: saw "many", wanted a whole number from 1'],
    [
      ["-0c", "c.yaml", "-l", "loud"],
      'option --log-level: saw "loud", wanted [NAME:]LEVEL with a level of critical, error, warning, info, debug, trace',
    ],
    [
      ["-0c", "c.yaml", "extra"],
      'unexpected argument "extra"; a command stands before the options: wca COMMAND --option …',
    ],
    [
      ["describe", "a", "b"],
      'unexpected argument "b"; a command stands before the options: wca COMMAND --option …',
    ],
    [["describe", "--format", "pdf"], 'option --format: saw "pdf", wanted one of md, json-schema'],
    [
      ["describe", "LogStorag"],
      'nothing is called "LogStorag", did you mean "LogStorage"?; wca describe lists all',
    ],
    [
      ["describe", "task_upp"],
      'nothing is called "task_upp", did you mean "task_up"?; wca describe lists all',
    ],
    [["describe", "zzzzzzzzzzzz"], 'nothing is called "zzzzzzzzzzzz"; wca describe lists all'],
    [
      ["describe", "task_up", "--format", "json-schema"],
      'nothing is called "task_up"; wca describe lists all',
    ],
  ];
  for (const [args, message] of wrong) {
    test(
      `says what is wrong with: wca ${args.join(" ")}`,
      async () => {
        using tree = withConfig(GOOD);
        expect(await wca(args, { cwd: tree.root })).toEqual({
          exitCode: 2,
          stdout: "",
          stderr: `wca: ${message}; see wca --help\n`,
        });
      },
      TIMEOUT_MS,
    );
  }
});

describe("wca check", () => {
  test(
    "says that a configuration is fine, and opens nothing",
    async () => {
      using tree = withConfig(`${GOOD}  metrics_storage: !LogStorage {output_filename: out.prom}\n`);
      expect(await wca(["check", "-c", "c.yaml"], { cwd: tree.root })).toEqual({
        exitCode: 0,
        stdout: "c.yaml: fine, 3 components: StaticNode, LogStorage, MeasurementRunner\n",
        stderr: "",
      });
      expect(fs.readdirSync(tree.root)).toEqual(["c.yaml"]);
    },
    TIMEOUT_MS,
  );

  const HEAD = "runner: !MeasurementRunner\n";
  const wrong: readonly (readonly [what: string, text: string, ...problems: string[]])[] = [
    ["nothing", "", "c.yaml:1:1: "],
    ["text", "hello\n", "c.yaml:1:1: "],
    ["a list", "- 1\n", "c.yaml:1:1: "],
    ["no runner", "loggers: {}\n", 'c.yaml:1:1: missing key "runner"'],
    [
      "an unknown key",
      `${GOOD}logers: {}\n`,
      'c.yaml:8:1 logers: unknown key "logers", did you mean "loggers"?',
    ],
    ["broken YAML", "runner: [\n", "c.yaml:2:1: "],
    ["a tab", "runner:\n\t- 1\n", "c.yaml:2:1: "],
    ["a key twice", `${GOOD}  interval: 2\n`, "c.yaml:8:3"],
    [
      "an unknown tag",
      "runner: !MesurementRunner {}\n",
      'c.yaml:1:9 runner: unknown tag "!MesurementRunner"',
    ],
    [
      "a node for a runner",
      "runner: !StaticNode {tasks: []}\n",
      "c.yaml:1:9 runner: saw !StaticNode (a node)",
    ],
    [
      "no node",
      `${HEAD}  interval: 1\n`,
      'c.yaml:1:1 runner.node: missing option "node" of MeasurementRunner',
    ],
    ["an unknown option", `${GOOD}  intervall: 1\n`, "c.yaml:8:3 runner.intervall: unknown option"],
    [
      "a text for a number",
      GOOD.replace("interval: 0", "interval: soon"),
      "c.yaml:5:13 runner.interval: saw text",
    ],
    [
      "a number out of range",
      GOOD.replace("interval: 0", "interval: 61"),
      "c.yaml:5:13 runner.interval: saw number 61",
    ],
    ["not a number", GOOD.replace("interval: 0", "interval: .nan"), "c.yaml:5:13 runner.interval: saw "],
    [
      "an illegal label",
      `${GOOD}  extra_labels: {a-b: x}\n`,
      'c.yaml:8:18 runner.extra_labels.a-b: saw key "a-b"',
    ],
    [
      "a number as label",
      `${GOOD}  extra_labels: {a: 1}\n`,
      "c.yaml:8:21 runner.extra_labels.a: saw number 1",
    ],
    ["a bad level", `loggers: {wca: loud}\n${GOOD}`, 'c.yaml:1:16 loggers.wca: saw text "loud"'],
    ["a bad pattern", GOOD.replace("vmstat: false", "vmstat: '('"), "c.yaml:3:11 runner.vmstat: saw "],
    [
      "a missing variable",
      `${GOOD}  extra_labels: {a: !Env WCA_TEST_NOT_SET}\n`,
      'c.yaml:8:21 runner.extra_labels.a: environment variable "WCA_TEST_NOT_SET" is not set',
    ],
    [
      "overwriting standard error",
      `${GOOD}  metrics_storage: !LogStorage {overwrite: true}\n`,
      "c.yaml:8:20 runner.metrics_storage: Cannot build LogStorage: ",
    ],
    [
      "a way up",
      `${GOOD}  metrics_storage: !LogStorage {output_filename: ../x}\n`,
      "c.yaml:8:50 runner.metrics_storage.output_filename: saw ",
    ],
    [
      "three faults",
      `${HEAD}  node: !StaticNode {tasks: 7}\n  interval: -1\n  zoneinfos: 1\n`,
      "c.yaml:2:29 runner.node.tasks: ",
      "c.yaml:3:13 runner.interval: ",
      "c.yaml:4:3 runner.zoneinfos: ",
    ],
  ];
  for (const [what, text, ...problems] of wrong) {
    test(
      `tells the place of each fault: ${what}`,
      async () => {
        using tree = withConfig(text);
        const checked = await wca(["check", "-c", "c.yaml"], { cwd: tree.root });
        const lines = checked.stderr.split("\n").filter((line) => line !== "");
        const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
        expect({ ...checked, stderr: lines }).toEqual({
          exitCode: 2,
          stdout: "",
          stderr: [
            ...problems.map((problem) => expect.stringContaining(problem)),
            `wca: the configuration has ${count}, nothing was started`,
          ],
        });
        expect(checked.stderr).not.toMatch(/^ {4}at /m);
        for (const [index, problem] of problems.entries()) expect(lines[index]).toStartWith(problem);
      },
      TIMEOUT_MS,
    );
  }

  test(
    "refuses a file that is not there, and one that others can write",
    async () => {
      using tree = withConfig(GOOD);
      fs.chmodSync(path.join(tree.root, "c.yaml"), 0o666);
      for (const file of ["c.yaml", "none.yaml", "."]) {
        const { exitCode, stdout, stderr } = await wca(["check", "-c", file], { cwd: tree.root });
        expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
        expect(stderr).toStartWith(`${file}: `);
        expect(stderr).toEndWith("\nwca: the configuration has 1 problem, nothing was started\n");
      }
    },
    TIMEOUT_MS,
  );

  test(
    "is what run does before it starts",
    async () => {
      using tree = withConfig(GOOD.replace("interval: 0", "interval: soon"));
      const [checked, run] = await Promise.all([
        wca(["check", "-c", "c.yaml"], { cwd: tree.root }),
        wca(["run", "-0c", "c.yaml"], { cwd: tree.root }),
      ]);
      expect(run).toEqual(checked);
    },
    TIMEOUT_MS,
  );
});

describe("wca describe", () => {
  const markdown: readonly (readonly [name: string, contains: readonly string[]])[] = [
    ["LogStorage", ["LogStorage", "output_filename", "overwrite", "filter_labels"]],
    ["!StaticNode", ["StaticNode", "default_labels"]],
    ["task_cpu_usage_seconds", ["task_cpu_usage_seconds", "counter", "cpuacct.usage", "cpu_usage_per_task"]],
  ];
  for (const [name, contains] of markdown) {
    test(
      `writes ${name} as Markdown`,
      async () => {
        const { exitCode, stdout, stderr } = await wca(["describe", name]);
        expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
        for (const each of contains) expect(stdout).toContain(each);
      },
      TIMEOUT_MS,
    );
  }

  test(
    "writes everything to a reader that is slow, to the last byte",
    async () => {
      using tree = tempTree({});
      const file = path.join(tree.root, "out.md");
      const main = path.join(import.meta.dirname, "../src/main.ts");
      const command = `{ ${process.execPath} ${main} describe; echo "exit $?"; } | { sleep 0.5; cat >${file}; }`;
      await Bun.spawn(["sh", "-c", command]).exited;
      const { stdout } = await wca(["describe"]);
      expect(fs.readFileSync(file, "utf8")).toBe(`${stdout}exit 0\n`);
      for (const each of ["MeasurementRunner", "CgroupNode", "wca_error_count"])
        expect(stdout).toContain(each);
    },
    TIMEOUT_MS,
  );

  test(
    "writes a JSON Schema of a configuration and of one component",
    async () => {
      const [whole, one] = await Promise.all([
        wca(["describe", "--format", "json-schema"]),
        wca(["describe", "LogStorage", "--format=json-schema"]),
      ]);
      const [schema, ofOne] = [JSON.parse(whole.stdout), JSON.parse(one.stdout)];
      expect(ofOne).toEqual({
        $schema: schema.$schema,
        $ref: "#/definitions/LogStorage",
        definitions: schema.definitions,
      });
      expect(Object.keys(schema.definitions)).toContain("MeasurementRunner");
    },
    TIMEOUT_MS,
  );
});

describe("wca doctor", () => {
  test(
    "prints a table of what this host supports",
    async () => {
      const { exitCode, stdout, stderr } = await wca(["doctor"]);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      const [head = "", ...rows] = stdout.split("\n\n")[0]?.split("\n") ?? [];
      expect(head.trim().split(/ {2,}/)).toEqual(["COMPONENT", "FEATURE", "WHERE, OR WHAT IS MISSING"]);
      expect(rows.filter((row) => !/^(yes|NO|\?) +(host|[A-Z]\w+) {2,}\S.* {2,}\S/.test(row))).toEqual([]);
      expect(rows.filter((row) => row.includes("/proc/stat")).length).toBe(1);
      expect(stdout.trimEnd().split("\n").at(-1)).toMatch(/(feature|Nothing)/);
    },
    TIMEOUT_MS,
  );

  test(
    "looks at what a configuration needs only",
    async () => {
      using tree = withConfig(GOOD);
      const { exitCode, stdout } = await wca(["doctor", "-c", "c.yaml"], { cwd: tree.root });
      expect(exitCode).toBe(0);
      expect(stdout).toContain("StaticNode");
      expect(stdout).not.toMatch(/CgroupNode|ZoneinfoCollector/);
    },
    TIMEOUT_MS,
  );

  test(
    "tells the faults of a configuration",
    async () => {
      using tree = withConfig("runner: !None {}\n");
      const { exitCode, stdout, stderr } = await wca(["doctor", "-c", "c.yaml"], { cwd: tree.root });
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
      expect(stderr).toStartWith("c.yaml:1:9 runner: unknown tag");
    },
    TIMEOUT_MS,
  );
});

describe("wca run", () => {
  const storage = "  metrics_storage: !LogStorage {output_filename: out.prom, overwrite: true}\n";
  const endless = `${GOOD.replace("interval: 0", "interval: 0.02")}${storage}`;

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(
      `stops in order at ${signal}`,
      async () => {
        using tree = withConfig(endless);
        using agent = startWca(["-0c", "c.yaml"], { cwd: tree.root });
        await until(() => fs.existsSync(path.join(tree.root, "out.prom")));
        agent.signal(signal);
        const { exitCode, signal: killedBy, stdout, stderr } = await agent.finished;
        expect({ exitCode, killedBy, stderr }).toEqual({ exitCode: 0, killedBy: undefined, stderr: "" });
        expect(logOf({ stdout }).slice(1)).toEqual([
          `INFO [wca] ${signal}: stops after the current step`,
          LOGSTORAGE_SUM,
          "INFO [wca] WCA stopped",
        ]);
        expect(fs.readdirSync(tree.root).sort()).toEqual(["c.yaml", "out.prom"]);
      },
      TIMEOUT_MS,
    );
  }

  test(
    "ends a long sleep at once at SIGTERM",
    async () => {
      using tree = withConfig(endless.replace("interval: 0.02", "interval: 60"));
      using agent = startWca(["-0c", "c.yaml"], { cwd: tree.root });
      await until(() => fs.existsSync(path.join(tree.root, "out.prom")));
      const started = performance.now();
      agent.signal("SIGTERM");
      expect((await agent.finished).exitCode).toBe(0);
      expect(performance.now() - started).toBeLessThan(30_000);
    },
    TIMEOUT_MS,
  );

  test(
    "fails with 1 when a storage cannot be opened, and says so without a stack trace",
    async () => {
      using tree = withConfig(`${GOOD}  metrics_storage: !LogStorage {output_filename: none/out.prom}\n`);
      const { exitCode, stdout, stderr } = await wca(["-0c", "c.yaml"], { cwd: tree.root });
      expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: "" });
      expect(logOf({ stdout }).slice(1)).toEqual([
        expect.stringMatching(/^CRITICAL \[wca\] Cannot open runner\.metrics_storage: .*none/),
        "INFO [wca] WCA stopped",
      ]);
      expect(stdout).not.toContain("    at ");
    },
    TIMEOUT_MS,
  );

  test(
    "takes up the file that has the name after SIGHUP",
    async () => {
      using tree = withConfig(endless.replace(", overwrite: true", ""));
      const [file, old] = ["out.prom", "old.prom"].map((name) => path.join(tree.root, name));
      if (file === undefined || old === undefined) return;
      using agent = startWca(["-0c", "c.yaml"], { cwd: tree.root });
      await until(() => fs.existsSync(file) && fs.statSync(file).size > 0);
      fs.renameSync(file, old);
      agent.signal("SIGHUP");
      await until(() => agent.stdout().includes("SIGHUP"));
      await until(() => fs.existsSync(file) && fs.statSync(file).size > 0);
      const { size } = fs.statSync(old);
      agent.signal("SIGTERM");
      const finished = await agent.finished;
      expect({ exitCode: finished.exitCode, log: logOf(finished)[1] }).toEqual({
        exitCode: 0,
        log: "INFO [wca] SIGHUP: reopens files",
      });
      expect(fs.statSync(old).size).toBe(size);
      for (const each of [old, file])
        expect(fs.readFileSync(each, "utf8")).toStartWith("# HELP platform_cpu_usage ");
    },
    TIMEOUT_MS,
  );

  test(
    "goes on when nobody reads its log",
    async () => {
      using tree = withConfig(endless);
      const main = path.join(import.meta.dirname, "../src/main.ts");
      const command = `${process.execPath} ${main} -0c c.yaml -l trace -n 50 | head -n 1; echo "\${PIPESTATUS[0]}"`;
      const child = Bun.spawn(["bash", "-c", command], { cwd: tree.root, stdout: "pipe", stderr: "ignore" });
      expect((await child.stdout.text()).split("\n").slice(1)).toEqual(["0", ""]);
      expect(fs.readFileSync(path.join(tree.root, "out.prom"), "utf8")).toMatch(
        /^wca_component_success\{.*LogStorage.*\} 1$/m,
      );
    },
    TIMEOUT_MS,
  );

  test(
    "goes on when nobody reads its metrics, and says so once",
    async () => {
      using tree = withConfig(GOOD.replace("interval: 0", "interval: 0.02"));
      using agent = startWca(["-0c", "c.yaml"], { cwd: tree.root });
      await until(() => agent.stderr() !== "");
      await agent.stopReadingStderr();
      await until(() => agent.stdout().includes("LogStorage failed"));
      agent.signal("SIGTERM");
      const { exitCode, stdout } = await agent.finished;
      expect({ exitCode, log: logOf({ stdout }).slice(1) }).toEqual({
        exitCode: 0,
        log: [
          expect.stringMatching(
            /^ERROR \[wca\.LogStorage\] LogStorage failed: Cannot write metrics to standard error: EPIPE/,
          ),
          "INFO [wca] SIGTERM: stops after the current step",
          expect.stringMatching(
            /^WARNING \[wca\.LogStorage\] LogStorage: \d+ metrics taken, \d+ delivered, [1-9]\d* dropped$/,
          ),
          "INFO [wca] WCA stopped",
        ],
      });
    },
    TIMEOUT_MS,
  );

  test(
    "goes on after errors that nobody caught, and says them",
    async () => {
      using tree = withConfig(endless);
      const preload = path.join(import.meta.dirname, "support/stray-errors.ts");
      using agent = startWca(["-0c", "c.yaml"], { cwd: tree.root, preload });
      await until(() => agent.stdout().includes("exception") && agent.stdout().includes("rejection"));
      agent.signal("SIGTERM");
      const { exitCode, stdout } = await agent.finished;
      expect(exitCode).toBe(0);
      expect(logOf({ stdout }).filter((line) => line.startsWith("ERROR"))).toEqual([
        "ERROR [wca] An error that nobody caught: Error: a stray rejection",
        "ERROR [wca] An error that nobody caught: Error: a stray exception",
      ]);
    },
    TIMEOUT_MS,
  );

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(
      `exits at once when a step hangs and ${signal} comes again`,
      async () => {
        using tree = withConfig(GOOD);
        const preload = path.join(import.meta.dirname, "support/hanging-storage.ts");
        using agent = startWca(["-0c", "c.yaml"], { cwd: tree.root, preload });
        await until(() => agent.stderr().includes("storing"));
        agent.signal(signal);
        await until(() => agent.stdout().includes("stops after"));
        agent.signal(signal);
        const { signal: killedBy, stdout, stderr } = await agent.finished;
        expect({ killedBy, stderr }).toEqual({ killedBy: signal, stderr: "storing\n" });
        expect(logOf({ stdout }).slice(1)).toEqual([
          `INFO [wca] ${signal}: stops after the current step`,
          `WARNING [wca] ${signal} again: exits at once`,
        ]);
      },
      TIMEOUT_MS,
    );
  }
});
