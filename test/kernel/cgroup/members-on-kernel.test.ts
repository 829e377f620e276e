/* CgroupMembers on the cgroups of this host. */
import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { readLayout, taskHierarchies } from "../../../src/kernel/cgroup/layout.ts";
import { CgroupMembers } from "../../../src/kernel/cgroup/members.ts";
import { KernelHost } from "../../../src/kernel/host.ts";
import { TaskGone } from "../../../src/model/errors.ts";
import { needRealCgroups, realCgroup } from "../../support/cgroups.ts";
import { requirement } from "../../support/requirement.ts";
import { eventually, threadedProcess } from "../../support/threads.ts";

const THREADS = 5;
const real = await requirement("real cgroups", needRealCgroups);
const host = new KernelHost();
const layout = real
  ? readLayout(host)
  : { version: "v2" as const, v1: new Map<string, string>(), v2: undefined };
const cpu = layout.v1.get("cpu");
const controllers = [cpu && "cpu", layout.v2 && "v2"].filter((name) => name !== undefined);

function numbersIn(file: string): readonly number[] {
  return fs.readFileSync(file, "utf8").split("\n").filter(Boolean).map(Number);
}

function ascending(ids: readonly number[]): readonly number[] {
  return ids.toSorted((a, b) => a - b);
}

describe.skipIf(!real)("CgroupMembers on this host", () => {
  test.each(controllers)("lists all threads of a process, in the hierarchy of %s", async (controller) => {
    using group = realCgroup("members", { controllers: [controller] });
    const members = new CgroupMembers(host, layout);
    expect([members.threads(group.path), members.processes(group.path)]).toEqual([[], []]);
    await using threaded = await threadedProcess(group, THREADS);
    const other = group.sleep();
    // Its run-time system may start or end a thread at any moment.
    const listed = () => ascending(members.threads(group.path)).join();
    expect(await eventually(() => listed() === ascending([...threaded.threads(), other]).join())).toBe(true);
    expect(members.threads(group.path).length).toBeGreaterThan(THREADS);
    expect(ascending(members.processes(group.path))).toEqual(ascending([threaded.pid, other]));
    process.kill(threaded.pid, "SIGKILL");
    group.kill();
    expect(await eventually(() => members.threads(group.path).length === 0)).toBe(true);
    group.remove();
    expect(() => members.threads(group.path)).toThrow(TaskGone);
    group.create();
    const again = group.sleep();
    expect(members.threads(group.path)).toEqual([again]);
    expect(host.keptFiles).toBe(0);
  });

  test("lists the processes of sub-cgroups, and leaves out those of others", () => {
    using group = realCgroup("nested");
    using inner = group.child("inner");
    using deep = inner.child("deep");
    const members = new CgroupMembers(host, layout);
    const [own, below, deepest] = [group.sleep(), inner.sleep(), deep.sleep()];
    expect(ascending(members.threads(group.path))).toEqual(ascending([own, below, deepest]));
    expect(ascending(members.processes(inner.path))).toEqual(ascending([below, deepest]));
    expect(members.processes(group.path, (path) => path === inner.path)).toEqual([own]);
    expect(ascending(members.threads(group.path, (path) => path === deep.path))).toEqual(
      ascending([own, below]),
    );
    deep.remove();
    expect(ascending(members.threads(group.path))).toEqual(ascending([own, below]));
  });

  test.skipIf(cpu === undefined)(
    "counts a thread that was moved into a v1 sub-cgroup there (needs a v1 hierarchy of cpu)",
    async () => {
      using group = realCgroup("moved", { controllers: ["cpu"] });
      using inner = group.child("inner");
      await using threaded = await threadedProcess(group, THREADS);
      const moved = threaded.pid;
      fs.writeFileSync(`${cpu}${inner.path}/tasks`, String(moved));
      const members = new CgroupMembers(host, layout);
      // A thread that the moved one starts is there with it.
      expect(members.threads(inner.path)).toContain(moved);
      expect(members.threads(inner.path).length).toBeLessThan(THREADS);
      expect(members.threads(group.path, (path) => path === inner.path)).not.toContain(moved);
      expect(members.threads(group.path).filter((id) => id === moved)).toEqual([moved]);
      // Each of the two cgroups has the process in its list.
      expect(numbersIn(`${cpu}${group.path}/cgroup.procs`)).toEqual([threaded.pid]);
      expect(members.processes(group.path)).toEqual([threaded.pid]);
    },
  );

  test.skipIf(layout.v2 === undefined)(
    "lists the threads of a threaded v2 cgroup, which has no processes (needs a v2 tree)",
    async () => {
      using group = realCgroup("domain", { controllers: ["v2"] });
      using inner = group.child("threaded");
      await using threaded = await threadedProcess(group, THREADS);
      const directory = `${layout.v2}${inner.path}`;
      fs.writeFileSync(`${directory}/cgroup.type`, "threaded");
      fs.writeFileSync(`${directory}/cgroup.threads`, String(threaded.pid));
      const members = new CgroupMembers(host, layout);
      expect(members.threads(inner.path)).toContain(threaded.pid);
      expect(members.threads(inner.path).length).toBeLessThan(THREADS);
      expect(members.processes(inner.path)).toEqual([]);
      expect(members.processes(group.path)).toEqual([threaded.pid]);
      expect(members.threads(group.path)).toContain(threaded.pid);
      expect(members.threads(group.path, (path) => path === inner.path)).not.toContain(threaded.pid);
    },
  );

  test("lists the whole of a hierarchy with each id once", () => {
    const members = new CgroupMembers(host, layout);
    const all = members.processes("/");
    expect(all).toContain(process.pid);
    expect(new Set(all).size).toBe(all.length);
    expect(taskHierarchies(layout).length).toBeGreaterThan(0);
  });
});
