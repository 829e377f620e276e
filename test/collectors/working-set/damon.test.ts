import { describe, expect, test } from "bun:test";
import { DamonWorkingSets } from "../../../src/collectors/working-set/damon.ts";
import { Unsupported } from "../../../src/model/errors.ts";
import { controlPath, mountsOf } from "../../kernel/cgroup/literal.ts";
import { FakeDamon } from "../../kernel/damon/fake-damon.ts";
import { taskWith } from "../../roles/labeler.ts";
import { testContext } from "../../support/context.ts";
import { taskRounds } from "../task-rounds.ts";

const TARGETS = "0/contexts/0/targets";

/** Processes by cgroup. */
function machine(cgroups: Readonly<Record<string, readonly number[]>>): FakeDamon {
  const files = Object.entries(cgroups).map(
    ([path, pids]) => [controlPath(path, "cgroup.procs"), pids.join("\n")] as const,
  );
  return new FakeDamon(Object.values(cgroups).flat(), { ...mountsOf("v2"), ...Object.fromEntries(files) });
}

function sourceOn(damon: FakeDamon) {
  const context = testContext(damon);
  const source = new DamonWorkingSets(context);
  const rounds = taskRounds();
  return {
    source,
    logged: context.logged,
    /** Working sets by task after one more window. */
    measure(...ids: readonly string[]) {
      const { round, dropped } = rounds.next(ids.map((id) => taskWith({ id, cgroupPath: `/${id}` })));
      const figures = source.measure(round, round.tasks);
      damon.pass(3);
      const values = [...figures].map(([id, { workingSetBytes }]) => [id, workingSetBytes] as const);
      return { values: Object.fromEntries(values), dropped: [...dropped.keys()] };
    },
  };
}

function targetsOf(damon: FakeDamon): readonly number[] {
  const count = Number(damon.get(`${TARGETS}/nr_targets`));
  return Array.from({ length: count }, (_, index) => Number(damon.get(`${TARGETS}/${index}/pid_target`)));
}

describe("DamonWorkingSets", () => {
  test("adds up the processes of each task", () => {
    using damon = machine({ "/a": [11, 12], "/b": [13], "/c": [] });
    damon.accessed = [1, 2, 4];
    const { measure, source } = sourceOn(damon);
    expect([measure("a", "b", "c").values, measure("a", "b", "c").values]).toEqual([{}, {}]);
    expect(measure("a", "b", "c").values).toEqual({ a: 3, b: 4 });
    source.close();
    expect(damon.get("nr_kdamonds")).toBe("0");
  });

  test("takes DAMON before there is a process to watch", () => {
    using damon = machine({ "/a": [] });
    const { measure } = sourceOn(damon);
    measure("a");
    expect([damon.get("nr_kdamonds"), damon.get("0/state")]).toEqual(["1", "off"]);
  });

  test("gives values also while processes come and go all the time", () => {
    using damon = machine({ "/a": [11] });
    damon.accessed = [5];
    const { measure } = sourceOn(damon);
    const seen = Array.from({ length: 7 }, (_, index) => {
      damon.lay(`proc/${100 + index}/stat`, "");
      damon.lay(controlPath("/a", "cgroup.procs"), `11\n${100 + index}\n`);
      return measure("a").values["a"];
    });
    expect(seen.filter((value) => value === 5).length).toBeGreaterThanOrEqual(2);
  });

  test("ends the kdamond when the last process has left", () => {
    using damon = machine({ "/a": [11] });
    const { measure } = sourceOn(damon);
    for (let round = 0; round < 3; round++) measure("a");
    expect(damon.get("0/state")).toBe("on");
    damon.lay(controlPath("/a", "cgroup.procs"), "");
    measure("a");
    expect(damon.get("0/state")).toBe("off");
  });

  test("drops a task whose cgroup is gone and watches the others", () => {
    using damon = machine({ "/a": [11] });
    const { measure } = sourceOn(damon);
    expect(measure("gone", "a").dropped).toEqual(["gone"]);
    expect(targetsOf(damon)).toEqual([11]);
  });

  test("watches as many tasks as DAMON can and says once that there are more", () => {
    const many = Array.from({ length: 70 }, (_, index) => 1000 + index);
    const more = Array.from({ length: 40 }, (_, index) => 2000 + index);
    using damon = machine({ "/a": many, "/b": more, "/c": [11] });
    const { measure, logged } = sourceOn(damon);
    measure("a", "b", "c");
    measure("a", "b", "c");
    expect(targetsOf(damon)).toEqual([...many, 11]);
    expect(logged).toEqual([
      [
        "warning",
        "Cannot watch all tasks with DAMON: they have more than 100 processes, some tasks have no working set; choose tasks with wss_tasks",
      ],
    ]);
  });

  test("says Unsupported when somebody else has DAMON", () => {
    using damon = machine({ "/a": [11] });
    damon.write("/sys/kernel/mm/damon/admin/kdamonds/nr_kdamonds", "1");
    const { measure, source } = sourceOn(damon);
    expect(() => measure("a")).toThrow(Unsupported);
    source.close();
    expect(damon.get("nr_kdamonds")).toBe("1");
  });
});
