import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { requirement } from "../support/requirement.ts";
import { needResctrl, type ResctrlSim, startResctrl } from "../support/resctrl-sim.ts";
import { until } from "../support/wca.ts";
import { answerTo, mkdir, read, rmdir, write } from "./refusal.ts";

const here = await requirement("a simulated resctrl", needResctrl);
/** No process has it: the kernel's highest is lower. */
const NOBODY = 2 ** 31 - 1;
const MANY_THREADS =
  "new Worker('data:text/javascript,setInterval(() => {}, 1e6)'); setInterval(() => {}, 1e6);";

interface Running extends Disposable {
  readonly pid: number;
  threads(): number[];
  /** Gives it a line on its standard input. */
  tell(): void;
  end(): Promise<void>;
}

function run(...command: string[]): Running {
  const child = Bun.spawn(command, { stdin: "pipe", stdout: "ignore", stderr: "ignore" });
  return {
    pid: child.pid,
    threads: () => fs.readdirSync(`/proc/${child.pid}/task`).map(Number),
    tell() {
      child.stdin.write("\n");
      child.stdin.flush();
    },
    async end() {
      child.kill("SIGKILL");
      await child.exited;
    },
    [Symbol.dispose]: () => child.kill("SIGKILL"),
  };
}

/** Threads come and go, so this is to be waited for. */
function isIn(all: readonly number[], some: readonly number[]): boolean {
  return some.every((one) => all.includes(one));
}

function tasks(sim: ResctrlSim, group: string): number[] {
  return read(sim, `${group}/tasks`).split("\n").filter(Boolean).map(Number);
}

describe.skipIf(!here)("tasks of the simulated resctrl", () => {
  test("all threads of the machine are in the root group at first", async () => {
    using sim = await startResctrl();
    using many = run(process.execPath, "-e", MANY_THREADS);
    await until(() => many.threads().length > 1);
    mkdir(sim, "a", "mon_groups/m");
    expect(tasks(sim, ".")).toContain(process.pid);
    await until(() => isIn(tasks(sim, "."), many.threads()));
    expect([tasks(sim, "a"), tasks(sim, "mon_groups/m")]).toEqual([[], []]);
  });

  test("a write moves that thread alone, not its process", async () => {
    using sim = await startResctrl();
    using many = run(process.execPath, "-e", MANY_THREADS);
    await until(() => many.threads().length > 1);
    const [main = 0, other = 0] = many.threads();
    mkdir(sim, "a");
    write(sim, "a/tasks", String(other));
    expect(tasks(sim, "a")).toEqual([other]);
    expect(tasks(sim, ".")).toContain(main);
    expect(tasks(sim, ".")).not.toContain(other);
  });

  test("a write can carry a list, and what precedes a bad one in it is moved", async () => {
    using sim = await startResctrl();
    using one = run("sleep", "1000");
    using two = run("sleep", "1000");
    using three = run("sleep", "1000");
    mkdir(sim, "a");
    write(sim, "a/tasks", `${one.pid}, ${two.pid}\n`);
    expect(tasks(sim, "a").sort()).toEqual([one.pid, two.pid].sort());
    write(sim, "tasks", `${one.pid}`);
    expect(answerTo(sim, () => write(sim, "a/tasks", `${one.pid},${NOBODY},${three.pid}`))).toEqual({
      code: "ESRCH",
      status: `No task ${NOBODY}\nError while processing task ${NOBODY}`,
    });
    expect(tasks(sim, "a").sort()).toEqual([one.pid, two.pid].sort());
  });

  test.each<[string, string, string]>([
    [`${NOBODY}`, "ESRCH", `No task ${NOBODY}\nError while processing task ${NOBODY}`],
    ["-1", "EINVAL", "Invalid pid -1"],
    ["x", "EINVAL", "Task list parsing error pid x"],
    ["1 2", "EINVAL", "Task list parsing error pid 1 2"],
    ["2147483648", "EINVAL", "Task list parsing error pid 2147483648"],
  ])("a write of %j answers %s", async (text, code, status) => {
    using sim = await startResctrl();
    mkdir(sim, "a");
    expect(answerTo(sim, () => write(sim, "a/tasks", text))).toEqual({ code, status });
  });

  test("a write of 0 moves the writer", async () => {
    using sim = await startResctrl();
    mkdir(sim, "a");
    using shell = run("sh", "-c", `echo 0 > ${sim.root}/a/tasks; read line`);
    await until(() => tasks(sim, "a").length > 0);
    expect(tasks(sim, "a")).toEqual([shell.pid]);
  });

  test("a control group has the threads of its mon groups too, and a mon group takes of its own alone", async () => {
    using sim = await startResctrl();
    using one = run("sleep", "1000");
    using two = run("sleep", "1000");
    mkdir(sim, "a", "b", "a/mon_groups/m", "b/mon_groups/m");
    write(sim, "a/tasks", `${one.pid},${two.pid}`);
    write(sim, "a/mon_groups/m/tasks", String(one.pid));
    expect(tasks(sim, "a").sort()).toEqual([one.pid, two.pid].sort());
    expect(tasks(sim, "a/mon_groups/m")).toEqual([one.pid]);
    expect(answerTo(sim, () => write(sim, "b/mon_groups/m/tasks", String(one.pid)))).toEqual({
      code: "EINVAL",
      status: `Can't move task to different control group\nError while processing task ${one.pid}`,
    });
    // A write to the control group takes it out of its mon group.
    write(sim, "a/tasks", String(one.pid));
    expect(tasks(sim, "a/mon_groups/m")).toEqual([]);
  });

  test("rmdir gives threads of a mon group to its control group, and of that to the root", async () => {
    using sim = await startResctrl();
    using one = run("sleep", "1000");
    mkdir(sim, "a", "a/mon_groups/m");
    write(sim, "a/tasks", String(one.pid));
    write(sim, "a/mon_groups/m/tasks", String(one.pid));
    rmdir(sim, "a/mon_groups/m");
    expect(tasks(sim, "a")).toEqual([one.pid]);
    mkdir(sim, "a/mon_groups/m");
    write(sim, "a/mon_groups/m/tasks", String(one.pid));
    rmdir(sim, "a");
    expect(tasks(sim, ".")).toContain(one.pid);
  });

  test("a renamed mon group takes its threads along", async () => {
    using sim = await startResctrl();
    using one = run("sleep", "1000");
    mkdir(sim, "a", "mon_groups/m");
    write(sim, "mon_groups/m/tasks", String(one.pid));
    fs.renameSync(`${sim.root}/mon_groups/m`, `${sim.root}/a/mon_groups/m`);
    expect(tasks(sim, "a")).toEqual([one.pid]);
    expect(tasks(sim, "a/mon_groups/m")).toEqual([one.pid]);
  });

  test("children are where their parent was when they were made", async () => {
    using sim = await startResctrl();
    using shell = run("sh", "-c", "read line; sleep 1000 & read line; sleep 1000 & wait");
    mkdir(sim, "a", "b");
    write(sim, "a/tasks", String(shell.pid));
    shell.tell();
    await until(() => tasks(sim, "a").length === 2);
    const [first] = tasks(sim, "a").filter((tid) => tid !== shell.pid);
    write(sim, "b/tasks", String(shell.pid));
    shell.tell();
    await until(() => tasks(sim, "b").length === 2);
    expect(tasks(sim, "a")).toEqual([first ?? 0]);
    for (const tid of [...tasks(sim, "a"), ...tasks(sim, "b")]) process.kill(tid, "SIGKILL");
  });

  test("new threads are where the main thread of their process is", async () => {
    using sim = await startResctrl();
    using many = run(process.execPath, "-e", `process.stdin.once("data", () => { ${MANY_THREADS} });`);
    mkdir(sim, "a");
    const before = many.threads();
    write(sim, "a/tasks", before.join());
    many.tell();
    const fresh = (): number[] => many.threads().filter((tid) => !before.includes(tid));
    await until(() => fresh().length > 0 && isIn(tasks(sim, "a"), fresh()));
    expect(tasks(sim, ".").filter((tid) => fresh().includes(tid))).toEqual([]);
  });

  test("dead threads vanish", async () => {
    using sim = await startResctrl();
    using one = run("sleep", "1000");
    mkdir(sim, "a");
    write(sim, "a/tasks", String(one.pid));
    await one.end();
    expect(tasks(sim, "a")).toEqual([]);
  });

  test("the root group shows no thread where nothing can be allotted", async () => {
    using sim = await startResctrl({ layout: "monitor-only" });
    using one = run("sleep", "1000");
    mkdir(sim, "mon_groups/m");
    write(sim, "mon_groups/m/tasks", String(one.pid));
    expect(tasks(sim, ".")).toEqual([]);
    expect(tasks(sim, "mon_groups/m")).toEqual([one.pid]);
  });
});

describe.skipIf(!here)("cpus of the simulated resctrl", () => {
  test.each<[number, string, string]>([
    [2, "3", "0-1"],
    [34, "3,ffffffff", "0-33"],
    [64, "ffffffff,ffffffff", "0-63"],
  ])("with %d CPUs the root group has %s", async (cpus, mask, list) => {
    using sim = await startResctrl({ cpus });
    expect(read(sim, "cpus")).toBe(`${mask}\n`);
    expect(read(sim, "cpus_list")).toBe(`${list}\n`);
  });

  test("a CPU is in one control group, and in one of its mon groups", async () => {
    using sim = await startResctrl({ cpus: 8 });
    mkdir(sim, "a", "b", "a/mon_groups/m", "a/mon_groups/n");
    write(sim, "a/cpus", "0,0000000f,\n");
    write(sim, "a/mon_groups/m/cpus_list", "1-3");
    write(sim, "a/mon_groups/n/cpus_list", "3\n");
    write(sim, "b/cpus_list", "0,2\n");
    const groups = [".", "a", "a/mon_groups/m", "a/mon_groups/n", "b"];
    expect(groups.map((group) => read(sim, `${group}/cpus_list`))).toEqual([
      "4-7\n",
      "1,3\n",
      "1\n",
      "3\n",
      "0,2\n",
    ]);
    rmdir(sim, "a");
    expect(read(sim, "cpus")).toBe("fa\n");
  });

  test.each<[string, string, string]>([
    ["a/cpus_list", "x", "Bad CPU list/mask"],
    ["a/cpus", "g", "Bad CPU list/mask"],
    ["a/cpus_list", "8", "Can only assign online CPUs"],
    ["cpus", "1", "Can't drop CPUs from default group"],
    ["a/mon_groups/m/cpus", "1", "Can only add CPUs to mongroup that belong to parent"],
  ])("%s refuses %j", async (file, text, status) => {
    using sim = await startResctrl({ cpus: 8 });
    mkdir(sim, "a", "a/mon_groups/m");
    expect(answerTo(sim, () => write(sim, file, text))).toEqual({ code: "EINVAL", status });
  });
});
