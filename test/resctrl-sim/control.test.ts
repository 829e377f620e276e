import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { requirement } from "../support/requirement.ts";
import { needResctrl, resctrlMachine, resctrlNamespace, startResctrl } from "../support/resctrl-sim.ts";
import { tempTree } from "../support/tree.ts";
import { until } from "../support/wca.ts";
import { buildResctrlSim } from "./build.ts";
import { answerTo, mkdir, read, rmdir, write } from "./refusal.ts";

const here = await requirement("a simulated resctrl", needResctrl);
const SUPPORT = path.join(import.meta.dirname, "../support/resctrl-sim.ts");
const NONE = {
  mkdir: 0,
  rmdir: 0,
  rename: 0,
  tasks: 0,
  schemata: 0,
  mode: 0,
  cpus: 0,
  other: 0,
  refused: 0,
  monReads: 0,
  reads: 0,
};

describe.skipIf(!here)("control of the simulated resctrl", () => {
  test("operations() counts what was done, and nothing that tests do by command", async () => {
    using sim = await startResctrl();
    expect(sim.operations()).toEqual(NONE);
    mkdir(sim, "a", "a/mon_groups/m");
    write(sim, "a/tasks", "0");
    write(sim, "a/schemata", "L3:0=f\n");
    answerTo(sim, () => write(sim, "a/schemata", "L3:0=0\n"));
    write(sim, "a/mode", "shareable\n");
    write(sim, "a/cpus", "1\n");
    write(sim, "info/L3_MON/max_threshold_occupancy", "1\n");
    read(sim, "a/mon_data/mon_L3_00/llc_occupancy");
    fs.renameSync(`${sim.root}/a/mon_groups/m`, `${sim.root}/mon_groups/m`);
    rmdir(sim, "a");
    answerTo(sim, () => rmdir(sim, "info"));
    expect(sim.operations()).toEqual({
      mkdir: 2,
      rmdir: 2,
      rename: 1,
      tasks: 1,
      schemata: 2,
      mode: 1,
      cpus: 1,
      other: 1,
      refused: 2,
      monReads: 1,
      reads: 2,
    });
    sim.command("forget");
    expect(sim.operations()).toEqual(NONE);
  });

  test("the file of commands is not listed", async () => {
    using sim = await startResctrl();
    expect(fs.readdirSync(sim.root).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("fail orders refusals, one by one or for a group, and heal takes them back", async () => {
    using sim = await startResctrl();
    sim.command("fail mkdir EBUSY 2");
    const codes = ["a", "a", "a"].map((name) => answerTo(sim, () => mkdir(sim, name)));
    const busy = { code: "EBUSY", status: "Out of RMIDs" };
    expect(codes).toEqual([busy, busy, { status: "ok" }]);
    mkdir(sim, "b");
    sim.command("fail schemata EIO always b\nfail tasks ESRCH\nfail rmdir EPERM always a");
    const set = (group: string) => answerTo(sim, () => write(sim, `${group}/schemata`, "L3:0=f\n")).code;
    expect([set("a"), set("b"), set("b")]).toEqual([undefined, "EIO", "EIO"]);
    const move = () => answerTo(sim, () => write(sim, "a/tasks", "0")).code;
    expect([move(), move()]).toEqual(["ESRCH", undefined]);
    expect(answerTo(sim, () => rmdir(sim, "a")).code).toBe("EPERM");
    sim.command("fail reads ENODEV 1 b\nfail monReads EIO 1 a");
    const look = (file: string) => answerTo(sim, () => read(sim, file)).code;
    const files = ["a/tasks", "b/tasks", "b/tasks", "b/mon_data/mon_L3_00/llc_occupancy"];
    expect(files.map(look)).toEqual([undefined, "ENODEV", undefined, undefined]);
    expect(look("a/mon_data/mon_L3_00/llc_occupancy")).toBe("EIO");
    sim.command("heal");
    expect([set("b"), answerTo(sim, () => rmdir(sim, "a")).code]).toEqual([undefined, undefined]);
  });

  test("limbo and clean rule RMIDs of removed groups", async () => {
    using sim = await startResctrl({ rmids: 2 });
    sim.command("limbo 3600000");
    mkdir(sim, "a");
    rmdir(sim, "a");
    expect(answerTo(sim, () => mkdir(sim, "a")).code).toBe("EBUSY");
    sim.command("clean");
    mkdir(sim, "a");
    sim.command("limbo 0 1");
    rmdir(sim, "a");
    const codes = [1, 2].map(() => answerTo(sim, () => mkdir(sim, "a")).code);
    expect(codes).toEqual(["EBUSY", undefined]);
  });

  test.each([
    ["jump", 'no command "jump"'],
    ["fail open EIO", 'no operation "open"'],
    ["fail mkdir EWHAT", 'no errno "EWHAT"'],
    ["fail mkdir EIO some", 'no count "some"'],
    ["set x 0 llc_occupancy 1", 'no group "x"'],
    ["set / 9 llc_occupancy 1", 'no domain "9"'],
    ["set / 0 occupancy 1", 'no event "occupancy"'],
    ["set / 0 llc_occupancy -1", 'no number "-1"'],
    ["answer / 0 * Perhaps", 'no answer "Perhaps"'],
    ["advance soon", 'no number of milliseconds "soon"'],
    ["bits 0", 'no number of bits "0"'],
  ])("command %j is refused", async (line, reason) => {
    using sim = await startResctrl();
    expect(() => sim.command(line)).toThrow(`Cannot do "${line}" with the simulated resctrl: ${reason}`);
  });
});

describe.skipIf(!here)("support for the simulated resctrl", () => {
  test("startResctrl() tells why it cannot", async () => {
    const started = startResctrl({ layout: "vax" as never });
    await expect(started).rejects.toThrow('Cannot use option "--layout=vax"');
    await expect(startResctrl({ closids: 0 })).rejects.toThrow('Cannot use option "--closids=0"');
  });

  test("the mount is gone at the end of the scope, though a file of it be open", async () => {
    using tree = tempTree({ "sys/fs/resctrl/": "" });
    const at = `${tree.root}/sys/fs/resctrl`;
    let descriptor: number;
    {
      using sim = await startResctrl({ at });
      descriptor = fs.openSync(`${sim.root}/tasks`, "r");
    }
    expect(fs.readdirSync(at)).toEqual([]);
    expect(() => fs.readSync(descriptor, Buffer.alloc(1), 0, 1, 0)).toThrow();
    fs.closeSync(descriptor);
  });

  test("the mount is gone when the test process is killed", async () => {
    using tree = tempTree({ "r/": "" });
    const script = `const { startResctrl } = await import(${JSON.stringify(SUPPORT)});
      await startResctrl({ at: ${JSON.stringify(`${tree.root}/r`)} });
      console.log("up");
      setInterval(() => {}, 1e6);`;
    const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
    await child.stdout.getReader().read();
    expect(fs.readdirSync(`${tree.root}/r`)).toContain("schemata");
    child.kill("SIGKILL");
    await child.exited;
    await until(() => !mounts().some((line) => line.includes(tree.root)));
    expect(fs.readdirSync(`${tree.root}/r`)).toEqual([]);
  });

  test("the mount of a simulator that was killed goes when the next one starts", async () => {
    using tree = tempTree({ "r/": "" });
    const dead = await startResctrl({ at: `${tree.root}/r` });
    process.kill(dead.pid, "SIGKILL");
    await until(() => !fs.existsSync(`/proc/${dead.pid}`));
    expect(mounts().filter((line) => line.includes(tree.root))).toHaveLength(1);
    using _next = await startResctrl();
    expect(mounts().filter((line) => line.includes(tree.root))).toEqual([]);
  });

  test("two builds at the same time do not disturb each other, and the next one is none", async () => {
    using tree = tempTree({});
    const options = { cache: `${tree.root}/cache` };
    const [one, two] = await Promise.all([buildResctrlSim(options), buildResctrlSim(options)]);
    expect(two).toBe(one);
    expect(fs.readdirSync(options.cache)).toEqual([path.basename(one)]);
    const { mtimeMs } = fs.statSync(one);
    expect(await buildResctrlSim(options)).toBe(one);
    expect(fs.statSync(one).mtimeMs).toBe(mtimeMs);
    // Without a mount point it has nothing to do.
    expect(Bun.spawnSync([one]).exitCode).toBe(2);
  }, 60_000);

  test("resctrlMachine() has the real processes and cgroups", async () => {
    using machine = await resctrlMachine({ layout: "no-mb", domains: [0] });
    expect(machine.host.read("/sys/fs/resctrl/schemata")).toBe("    L3:0=fffff\n");
    expect(machine.host.read(`/proc/${process.pid}/cgroup`)).toBe(
      fs.readFileSync("/proc/self/cgroup", "latin1"),
    );
    expect(machine.host.list("/sys/fs/cgroup")).toEqual(fs.readdirSync("/sys/fs/cgroup").sort());
  });

  test("resctrlNamespace() shows programs the simulator beside the rest of /sys/fs", async () => {
    using namespace = await resctrlNamespace({ layout: "no-mb", domains: [0] });
    const script = `cat /sys/fs/resctrl/schemata; grep resctrl /proc/filesystems; ls /sys/fs /sys/fs/cgroup
      mkdir /sys/fs/resctrl/made`;
    const child = namespace.spawn(["sh", "-euc", script]);
    const listed = (directory: string): string => fs.readdirSync(directory).sort().join("\n");
    const there = [...new Set([...fs.readdirSync("/sys/fs"), "resctrl"])].sort().join("\n");
    expect(await child.stdout.text()).toBe(
      `    L3:0=fffff\nnodev\tresctrl\n/sys/fs:\n${there}\n\n/sys/fs/cgroup:\n${listed("/sys/fs/cgroup")}\n`,
    );
    expect(await child.exited).toBe(0);
    expect(namespace.sim.operations().mkdir).toBe(1);
    expect(mounts().some((line) => line.includes(" /sys/fs/resctrl "))).toBe(false);
  });
});

function mounts(): string[] {
  return fs.readFileSync("/proc/self/mounts", "utf8").split("\n");
}
