/*
 * The agent on a host that lacks something, for real: descriptors, capabilities and executable memory are
 * taken from its process. It goes on with everything else, says once what is missing, and `wca doctor`
 * has a row for it.
 */
import { beforeAll, describe, expect, test } from "bun:test";
import { needRealCgroups, type RealCgroup, realCgroup } from "./support/cgroups.ts";
import { batchesIn, taskValues } from "./support/exposition-text.ts";
import { requirement } from "./support/requirement.ts";
import { tempTree } from "./support/tree.ts";
import { configFiles, type Finished, type WcaOptions, wca } from "./support/wca.ts";

const TIMEOUT_MS = 60_000;
const ROUNDS = 3;

const met =
  (await requirement("real cgroups", needRealCgroups)) &&
  (await requirement("prlimit and setpriv", () => {
    for (const program of ["prlimit", "setpriv"]) {
      if (Bun.which(program) === null) throw new Error(`no ${program} on PATH`);
    }
  }));

function configOf(cgroup: RealCgroup, options: string): string {
  return `
runner: !MeasurementRunner
  node: !StaticNode {tasks: [${cgroup.path}]}
  interval: 0.1
  vmstat: false
  zoneinfo: false
${options}`;
}

const PERF = "  event_names: [task_cpu_clock_seconds, task_instructions]\n";

interface Case {
  readonly what: string;
  readonly options: string;
  readonly how: WcaOptions;
  /** The lines of the log beside those at start and end. */
  readonly said: readonly RegExp[];
  /** A row of doctor. */
  readonly row: RegExp;
  /** Metrics of the task that are there all the same, and that are not. */
  readonly has: readonly string[];
  readonly hasNot: readonly string[];
}

const NO_RESCTRL = /level=info .*resctrl: \/proc\/filesystems does not list it/;
const NO_MODULES = /level=info .*Cannot tell the memory modules/;
const QUIET = "  rdt_enabled: false\n  gather_hw_mm_topology: false\n";

const CASES: readonly Case[] = [
  {
    what: "64 descriptors",
    options: QUIET + PERF,
    how: { under: ["prlimit", "--nofile=64:64"] },
    said: [
      /level=warning .*Limited by this host: open files: RLIMIT_NOFILE is not above the reserve of 512/,
      /level=warning .*Cannot count perf events of 1 of 1 tasks: .* 0 are left of the limit less a reserve of 512/,
    ],
    row: /^NO +host +open files /m,
    has: ["task_up", "task_cpu_usage_seconds", "task_mem_usage_bytes"],
    hasNot: ["task_cpu_clock_seconds"],
  },
  {
    what: "no capabilities",
    options: QUIET + PERF,
    how: { under: ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] },
    said: [/level=warning .*EACCES.*CAP_PERFMON/],
    row: /^NO +PerfCollector +software events .*CAP_PERFMON/m,
    has: ["task_up", "task_cpu_usage_seconds"],
    hasNot: ["task_cpu_clock_seconds"],
  },
  {
    what: "no memory that may become executable",
    options: QUIET + PERF,
    how: { env: { BUN_JSC_useJIT: "0" } },
    said: [
      /level=warning .*Limited by this host: calls of libc: bun:ffi cannot bind libc/,
      /level=warning .*PerfCollector failed: .*bun:ffi needs memory that is writable and then executable/,
    ],
    row: /^NO +host +calls of libc /m,
    has: ["task_up", "task_cpu_usage_seconds"],
    hasNot: ["task_cpu_clock_seconds"],
  },
  {
    what: "no hardware counters",
    options: QUIET + PERF,
    how: {},
    said: [/level=warning .*Cannot count event \\"task_instructions\\" .*this host has no PMU/],
    row: /^NO +PerfCollector +.*task_instructions/m,
    has: ["task_up", "task_cpu_usage_seconds", "task_cpu_clock_seconds"],
    hasNot: ["task_instructions"],
  },
  {
    what: "no uncore counters",
    options: `${QUIET}  uncore_event_names: [platform_cas_count_reads]\n`,
    how: {},
    said: [/level=warning .*UncoreCollector/],
    row: /^NO +UncoreCollector /m,
    has: ["task_up"],
    hasNot: [],
  },
  {
    what: "no resctrl, no SMBIOS tables",
    options: "",
    how: {},
    said: [NO_RESCTRL, NO_MODULES],
    row: /^NO +ResctrlCollector +resctrl /m,
    has: ["task_up"],
    hasNot: ["task_llc_occupancy_bytes"],
  },
  {
    what: "no rights on other processes",
    options: `${QUIET}  wss_reset_cycles: 1\n`,
    how: { under: ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--reuid=65534", "--clear-groups"] },
    said: [/level=warning .*(CAP_SYS_PTRACE|ptrace)/],
    row: /^NO +WssCollector /m,
    has: ["task_up"],
    hasNot: ["task_wss_referenced_bytes"],
  },
];

const EVERY_RUN =
  / level=info logger=(wca msg="WCA (\S+ starts|stopped)|wca\.LogStorage msg="LogStorage: (\d+) metrics taken, \3 delivered, 0 dropped")/;

/** Lines of the log but those that every run has. */
function notesIn({ stdout }: Finished): readonly string[] {
  return stdout.split("\n").filter((line) => line !== "" && !EVERY_RUN.test(line));
}

describe.skipIf(!met)("on a host that lacks something, the agent", () => {
  for (const { what, options, how, said, row, has, hasNot } of CASES) {
    describe(what, () => {
      let run: Finished;
      let doctor: Finished;
      let values: Readonly<Record<string, number>>;

      beforeAll(async () => {
        using cgroup = realCgroup("lacking");
        cgroup.busy();
        using tree = tempTree({});
        configFiles(tree.root, { "c.yaml": configOf(cgroup, options) });
        // Another user is to be able to read its own configuration.
        if (how.under?.some((word) => word.startsWith("--reuid"))) await Bun.$`chown -R 65534 ${tree.root}`;
        const withConfig = { ...how, cwd: tree.root };
        run = await wca(["--root", "-c", "c.yaml", "-n", String(ROUNDS)], withConfig);
        doctor = await wca(["doctor", "-c", "c.yaml"], withConfig);
        values = taskValues(batchesIn(run.stderr).at(-1) ?? new Map(), cgroup.path.slice(1));
      }, TIMEOUT_MS);

      test("runs on with all the rest", () => {
        expect(run.exitCode).toBe(0);
        expect(batchesIn(run.stderr).length).toBe(ROUNDS);
        for (const name of has) expect([name, values[name]]).toEqual([name, expect.any(Number)]);
        for (const name of hasNot) expect([name, values[name]]).toEqual([name, undefined]);
      });

      test("says what is missing, each in one line", () => {
        const notes = notesIn(run);
        for (const pattern of said) expect(notes.filter((line) => pattern.test(line)).length).toBe(1);
        expect(notes.filter((line) => !said.some((pattern) => pattern.test(line)))).toEqual([]);
      });

      test("has a row in doctor", () => {
        expect(doctor.exitCode).toBe(0);
        expect(doctor.stdout).toMatch(row);
      });
    });
  }

  test(
    "ends with 1 and the reason when something is demanded that is not there",
    async () => {
      using cgroup = realCgroup("demanding");
      using tree = tempTree({});
      for (const [option, reason] of [
        ["rdt_enabled", /resctrl/],
        ["gather_hw_mm_topology", /DMI/],
      ] as const) {
        configFiles(tree.root, { "c.yaml": configOf(cgroup, `  ${option}: true\n`) });
        const { exitCode, stdout, stderr } = await wca(["--root", "-c", "c.yaml", "-n", "1"], {
          cwd: tree.root,
        });
        expect({ option, exitCode, stderr }).toEqual({ option, exitCode: 1, stderr: "" });
        expect(stdout).toMatch(new RegExp(`level=critical .*Cannot open runner: .*${reason.source}`));
      }
    },
    TIMEOUT_MS,
  );
});
