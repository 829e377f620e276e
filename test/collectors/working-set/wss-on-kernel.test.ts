import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { z } from "zod";
import { WSS_OPTIONS, WssCollector } from "../../../src/collectors/working-set/wss.ts";
import type { OptionsOf } from "../../../src/config/component.ts";
import { KernelHost } from "../../../src/kernel/host.ts";
import { taskWith } from "../../roles/labeler.ts";
import { needRealCgroups, type RealCgroup, realCgroup } from "../../support/cgroups.ts";
import { testContext } from "../../support/context.ts";
import { samplesIn, taskValues } from "../../support/exposition-text.ts";
import { logLines } from "../../support/logfmt.ts";
import { requirement } from "../../support/requirement.ts";
import { tempTree } from "../../support/tree.ts";
import { configFiles, until, type WcaOptions, wca } from "../../support/wca.ts";
import { taskRounds } from "../task-rounds.ts";

const TIMEOUT_MS = 60_000;
const MB = 1 << 20;
const TOUCH = path.join(import.meta.dirname, "../../support/touch-memory.ts");
const REFERENCED = "task_wss_referenced_bytes";
/** What the engine of the program touches beside the memory it is told to. */
const ENGINE_MB = 48;

const met = await requirement("real cgroups", needRealCgroups);
const metSetpriv = await requirement("setpriv", () => {
  if (Bun.which("setpriv") === null) throw new Error("no setpriv on PATH");
});

/** A process in a cgroup; `using` kills it before the cgroup is removed. */
interface Started extends Disposable {
  readonly pid: number;
}

function startIn(group: RealCgroup, command: readonly string[]) {
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "pipe", stderr: "ignore" });
  for (const mount of group.mounts) fs.writeFileSync(`${mount}${group.path}/cgroup.procs`, String(child.pid));
  return child;
}

/** Works on `hot` of its `all` megabytes. */
async function toucher(group: RealCgroup, all: number, hot: number): Promise<Started> {
  const child = startIn(group, [process.execPath, TOUCH, `${all}`, `${hot}`, "20"]);
  const { value } = await child.stdout.getReader().read();
  expect(new TextDecoder().decode(value)).toBe("ready\n");
  return { pid: child.pid, [Symbol.dispose]: () => child.kill("SIGKILL") };
}

function collectorWith(options: Partial<OptionsOf<typeof WssCollector>>) {
  const context = testContext(new KernelHost());
  const defaults = z.object(WSS_OPTIONS).parse({ wss_interval: 0 }) as OptionsOf<typeof WssCollector>;
  const collector = new WssCollector({ ...defaults, ...options }, context);
  const rounds = taskRounds();
  return {
    logged: context.logged,
    measure(groups: readonly RealCgroup[]) {
      const tasks = groups.map(({ path: group }) => taskWith({ id: group, cgroupPath: group }));
      const { round, measured, dropped } = rounds.next(tasks);
      collector.measure(round);
      return { of: (group: RealCgroup) => measured()[group.path] ?? {}, dropped: [...dropped.keys()] };
    },
  };
}

describe.skipIf(!met)("WssCollector on this host", () => {
  test(
    "measures what a process has touched since its bits were cleared",
    async () => {
      using group = realCgroup("wss");
      using _ = await toucher(group, 256, 64);
      const { measure, logged } = collectorWith({ wss_reset_cycles: 1 });
      const referencedMb = () => (measure([group]).of(group)[REFERENCED] as number) / MB;
      expect(referencedMb()).toBeGreaterThanOrEqual(256);
      // The bits are clear now and it works on: soon all that it works on is referenced, and nothing else.
      let most = 0;
      await until(() => {
        most = Math.max(most, referencedMb());
        return most >= 64;
      });
      expect(most).toBeLessThan(64 + ENGINE_MB);
      expect(logged).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "counts a process with threads once, and each of two processes",
    async () => {
      using group = realCgroup("wss");
      using first = await toucher(group, 64, 64);
      using second = await toucher(group, 64, 64);
      const { measure } = collectorWith({ wss_reset_cycles: 0 });
      const threads = [first, second].map(({ pid }) => fs.readdirSync(`/proc/${pid}/task`).length);
      expect(Math.min(...threads)).toBeGreaterThan(1);
      const referenced = measure([group]).of(group)[REFERENCED] as number;
      expect(referenced / MB).toBeGreaterThanOrEqual(2 * 64);
      expect(referenced / MB).toBeLessThan(2 * (64 + 2 * ENGINE_MB));
    },
    TIMEOUT_MS,
  );

  test("a task that vanishes costs only itself", () => {
    using stays = realCgroup("stays");
    using gone = realCgroup("gone");
    stays.sleep();
    gone.sleep();
    const { measure, logged } = collectorWith({ wss_reset_cycles: 1 });
    expect(measure([gone, stays]).dropped).toEqual([]);
    gone.remove();
    const { of, dropped } = measure([gone, stays]);
    expect(dropped).toEqual([gone.path]);
    // It sleeps: since the clearing it has touched nothing.
    expect(of(stays)[REFERENCED]).toBeNumber();
    expect(logged).toEqual([]);
  });

  test("a zombie has no memory: its task has no value, and nothing is said", async () => {
    using group = realCgroup("zombie");
    // The shell becomes a program that does not wait for its child.
    await using parent = Bun.spawn(["sh", "-c", "sh -c 'sleep 0.05' & echo $!; exec sleep 1000"], {
      stdin: "ignore",
      stdout: "pipe",
    });
    const { value } = await parent.stdout.getReader().read();
    const pid = Number(new TextDecoder().decode(value));
    for (const mount of group.mounts) fs.writeFileSync(`${mount}${group.path}/cgroup.procs`, String(pid));
    await until(() => fs.readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z "));
    const { measure, logged } = collectorWith({ wss_reset_cycles: 1 });
    expect(measure([group]).of(group)[REFERENCED]).toBeUndefined();
    expect(logged).toEqual([]);
  });
});

describe.skipIf(!met || !metSetpriv)("the agent with wss_reset_cycles 1", () => {
  const USER = 12_345;

  /** Two rounds of the agent, with a task of its own user and one of another. */
  async function run(under: NonNullable<WcaOptions["under"]>) {
    using parent = realCgroup("rights");
    using own = parent.child("own");
    using other = parent.child("other");
    own.sleep();
    await using child = startIn(other, ["setpriv", `--reuid=${USER}`, "--clear-groups", "sleep", "1000"]);
    await until(() => fs.readFileSync(`/proc/${child.pid}/cmdline`, "utf8").startsWith("sleep"));
    using tree = tempTree({});
    configFiles(tree.root, {
      "c.yaml": `
runner: !MeasurementRunner
  node: !CgroupNode {root: ${parent.path}}
  interval: 0.1
  vmstat: false
  zoneinfo: false
  wss_reset_cycles: 1
  wss_interval: 0
  metrics_storage: !LogStorage {output_filename: out.prom, overwrite: true}
`,
    });
    const { exitCode, stdout } = await wca(["-0c", "c.yaml", "-n2"], { cwd: tree.root, under });
    const doctor = await wca(["doctor", "-c", "c.yaml"], { cwd: tree.root, under });
    const samples = samplesIn(fs.readFileSync(path.join(tree.root, "out.prom"), "utf8"));
    return {
      exitCode,
      referenced: [own, other].map(({ path: group }) => taskValues(samples, group)[REFERENCED]),
      said: logLines(stdout).filter((line) => /smaps|clear_refs/.test(line)),
      rows: doctor.stdout.split("\n").filter((line) => line.includes("/proc/PID/")),
    };
  }

  test(
    "measures tasks of all users as root",
    async () => {
      const { exitCode, referenced, said, rows } = await run([]);
      expect({ exitCode, referenced, said }).toEqual({
        exitCode: 0,
        referenced: [expect.any(Number), expect.any(Number)],
        said: [],
      });
      expect(rows.map((row) => row.split(/ +/)[0])).toEqual(["yes", "yes"]);
    },
    TIMEOUT_MS,
  );

  test(
    "says once which capability is missing, and goes on with all it can do",
    async () => {
      const { exitCode, referenced, said, rows } = await run([
        ...["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"],
      ]);
      expect({ exitCode, referenced }).toEqual({
        exitCode: 0,
        referenced: [expect.any(Number), expect.any(Number)],
      });
      expect(said).toEqual([
        expect.stringContaining(
          'Cannot write "/proc/PID/clear_refs": EACCES, process of another user; needs CAP_DAC_OVERRIDE; tasks with such processes have no working set',
        ),
      ]);
      expect(rows.map((row) => row.split(/ +/)[0])).toEqual(["yes", "NO"]);
    },
    TIMEOUT_MS,
  );

  test(
    "says so without any capability",
    async () => {
      const { exitCode, referenced, said } = await run([
        ...["setpriv", "--bounding-set=-all", "--inh-caps=-all"],
      ]);
      expect({ exitCode, referenced }).toEqual({ exitCode: 0, referenced: [undefined, undefined] });
      expect(said).toEqual([
        expect.stringContaining(
          'Cannot read "/proc/PID/smaps_rollup": EACCES, process of another user or with more capabilities; needs CAP_SYS_PTRACE',
        ),
      ]);
    },
    TIMEOUT_MS,
  );
});
