import { beforeAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { samplesIn, taskValues } from "../support/exposition-text.ts";
import { requirement } from "../support/requirement.ts";
import { buildForGuest } from "./guest-program.ts";
import { prepareVm, runInVm, type VmResult } from "./run-in-vm.ts";

const SECONDS = 1000;
const MAIN = path.join(import.meta.dir, "../../src/main.ts");
const TOUCH = path.join(import.meta.dir, "touch-memory.c");
const MB = 1 << 20;
const WORKING_SET = "task_working_set_size_bytes";

const met =
  (await requirement("a virtual machine with Linux 6.12", () => prepareVm("6.12"))) &&
  (await requirement("a C compiler", () => {
    if (Bun.which("cc") === null) throw new Error("no cc on PATH");
  }));

const CONFIG = `
runner: !MeasurementRunner
  node: !StaticNode {tasks: [one, two], require_pids: false}
  interval: 0.5
  vmstat: false
  zoneinfo: false
  wss_source: damon
  wss_interval: 4
  metrics_storage: !LogStorage {output_filename: /result/wca.prom}
`;

/** One boot: an agent that is killed, one that finds what it left, processes that come and go, another user of DAMON. */
const SCRIPT = `
damon=/sys/kernel/mm/damon/admin/kdamonds
cd /sys/fs/cgroup
mkdir one two
touch_in() { # cgroup all hot period
  (echo 0 >$1/cgroup.procs; exec /agent/touch-memory $2 $3 $4) &
}
note() { # what is left behind, under a name
  echo "$(cat $damon/nr_kdamonds) $(cat $damon/0/state 2>/dev/null)" >/result/$1
}
values() { # waits until working sets were measured so often anew
  want=$(($(changes) + $1))
  until [ $(changes) -ge $want ]; do sleep 0.2; done
}
changes() {
  grep '^task_working_set_size_bytes.*"one"' /result/wca.prom 2>/dev/null | cut -d' ' -f2 | uniq | wc -l
}
touch_in one 256 64 1000
touch_in two 128 16 1000
touch_in two 64 32 300
for megabytes in '6[5-9]' '13[1-9]' '26[2-9]'; do # each has touched all that it has: the largest comes through the sizes of the others
  until cat /proc/[0-9]*/smaps_rollup 2>/dev/null | grep -q "Rss: *$megabytes[0-9]\\{3\\} kB"; do sleep 0.2; done
done
sleep 1
for pid in $(cat one/cgroup.procs two/cgroup.procs); do echo 1 >/proc/$pid/clear_refs; done
sleep 2.5
for task in one two; do
  for pid in $(cat $task/cgroup.procs); do grep Referenced /proc/$pid/smaps_rollup; done >/result/$task.referenced
done
/agent/wca doctor -c /agent/c.yaml >/result/doctor-free 2>&1
note before
/agent/wca -0c /agent/c.yaml >/result/first.log 2>&1 & agent=$!
values 4
cp /result/wca.prom /result/first.prom
note running
/agent/wca doctor -c /agent/c.yaml >/result/doctor-running 2>&1
/agent/wca -0c /agent/other.yaml -n 2 >/result/second.log 2>&1
note after-second
kill -9 $agent; wait $agent
note killed
/agent/wca doctor -c /agent/c.yaml >/result/doctor-orphaned 2>&1
rm /result/wca.prom
/agent/wca -0c /agent/c.yaml >/result/third.log 2>&1 & agent=$!
values 2
kill $(cat two/cgroup.procs)
touch_in two 96 48 300
values 3
cp /result/wca.prom /result/third.prom
kill $(cat one/cgroup.procs two/cgroup.procs)
sleep 9
note without-processes
kill -TERM $agent; wait $agent; echo $? >/result/code
note after
echo 1 >$damon/nr_kdamonds
/agent/wca -0c /agent/other.yaml -n 2 >/result/fourth.log 2>&1
note not-ours
echo 0 >$damon/nr_kdamonds
echo Y >/sys/module/damon_reclaim/parameters/enabled
/agent/wca -0c /agent/other.yaml -n 2 >/result/fifth.log 2>&1
note module
`;

describe.skipIf(!met)("wss_source damon on Linux 6.12", () => {
  let result: VmResult;

  beforeAll(async () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "wca-vmtest-"));
    using cleanup = new DisposableStack();
    cleanup.defer(() => fs.rmSync(directory, { recursive: true }));
    const at = (name: string) => path.join(directory, name);
    fs.writeFileSync(at("c.yaml"), CONFIG, { mode: 0o600 });
    fs.writeFileSync(at("other.yaml"), CONFIG.replace("wca.prom", "other.prom"), { mode: 0o600 });
    buildForGuest(MAIN, at("wca"));
    const compiled = Bun.spawnSync(["cc", "-O2", "-static", "-o", at("touch-memory"), TOUCH]);
    expect({ exitCode: compiled.exitCode, stderr: compiled.stderr.toString() }).toEqual({
      exitCode: 0,
      stderr: "",
    });
    result = await runInVm({
      kernel: "6.12",
      files: Object.fromEntries(
        ["wca", "touch-memory", "c.yaml", "other.yaml"].map((name) => [`/agent/${name}`, at(name)]),
      ),
      script: SCRIPT,
      memoryMb: 1536,
      timeoutSecs: 240,
    });
    console.log(result.seconds);
  }, 300 * SECONDS);

  /** Distinct values of a task in a file, in order. */
  function valuesOf(file: string, task: string): readonly number[] {
    const batches = (result.files[file] ?? "").split(/^(?=# HELP wca_up )/m).map(samplesIn);
    const values = batches.map((batch) => taskValues(batch, task)[WORKING_SET]);
    return values.filter((value, index) => value !== undefined && value !== values[index - 1]) as number[];
  }

  function mean(values: readonly number[]): number {
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  }

  const left = (name: string) => result.files[name]?.trim();
  const problemsIn = (log: string) => result.files[log]?.match(/level=(warning|error|critical).*/g) ?? [];

  for (const [task, referencedMb] of [
    ["one", 64],
    ["two", 48],
  ] as const) {
    test(`measures what smaps says that ${task} references`, () => {
      const lines = result.files[`${task}.referenced`]?.match(/\d+/g) ?? [];
      const referenced = lines.reduce((sum, kilobytes) => sum + Number(kilobytes) * 1024, 0);
      expect(Math.abs(referenced / MB - referencedMb)).toBeLessThan(2);
      // It starts with large regions, which it makes smaller from window to window.
      const later = valuesOf("first.prom", task).slice(1);
      expect(later.length).toBeGreaterThanOrEqual(2);
      expect(mean(later) / referenced).toBeGreaterThan(0.8);
      expect(mean(later) / referenced).toBeLessThan(1.25);
    });
  }

  test("follows processes that come and go", () => {
    const last = valuesOf("third.prom", "two").at(-1) ?? Number.NaN;
    expect(last / MB).toBeGreaterThan(0.7 * 48);
    expect(last / MB).toBeLessThan(1.4 * 48);
  });

  test("takes DAMON, keeps it from another agent, finds it again after kill -9, and gives it back", () => {
    expect({
      before: left("before"),
      running: left("running"),
      afterSecond: left("after-second"),
      killed: left("killed"),
      withoutProcesses: left("without-processes"),
      after: left("after"),
      code: left("code"),
    }).toEqual({
      before: "0",
      running: "1 on",
      afterSecond: "1 on",
      killed: "1 on",
      withoutProcesses: "1 off",
      after: "0",
      code: "0",
    });
    expect([problemsIn("first.log"), problemsIn("third.log")]).toEqual([[], []]);
  });

  test.each([
    ["second.log", "another agent, process"],
    ["fourth.log", "something else has set it up: nr_kdamonds is 1, kdamond 0 is off"],
    ["fifth.log", "the module damon_reclaim has it"],
  ])("stays away with one warning while somebody else has it, %s", (log, reason) => {
    expect(problemsIn(log)).toEqual([expect.stringContaining(`Cannot use DAMON: ${reason}`)]);
    expect([left("not-ours"), left("module")]).toEqual(["1 off", "0"]);
  });

  test.each([
    ["doctor-free", /^\? +WssCollector +working sets by DAMON +not in use;/m],
    ["doctor-running", /^NO +WssCollector +working sets by DAMON +another agent, process \d+, uses it/m],
    [
      "doctor-orphaned",
      /^\? +WssCollector +working sets by DAMON +not in use, left behind by an agent that is gone/m,
    ],
  ])("tells it in %s", (file, row) => {
    expect(result.files[file]).toMatch(row);
  });
});
