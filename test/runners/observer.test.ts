import { describe, expect, test } from "bun:test";
import { TaskGone, Unsupported } from "../../src/model/errors.ts";
import type { Platform } from "../../src/model/platform.ts";
import { Collector } from "../../src/model/roles.ts";
import type { Round } from "../../src/model/round.ts";
import { Observer } from "../../src/runners/observer.ts";
import { Watch } from "../../src/runners/watch.ts";
import { taskWith } from "../roles/labeler.ts";
import { testContext } from "../support/context.ts";
import { tempTree } from "../support/tree.ts";

const PLATFORM: Platform = {
  cpuModel: "",
  sockets: 1,
  cores: 1,
  cpus: 1,
  onlineCpus: [0],
  topology: new Map(),
  nodeCpus: new Map(),
  nodeDistances: new Map(),
};
const TASKS = ["a", "b", "c"].map((id) => taskWith({ id }));

function observerOf(...collectors: readonly Collector[]) {
  using tree = tempTree({});
  const { log, logged } = testContext(tree.host);
  const watch = new Watch(log);
  const observer = new Observer(collectors, watch, log);
  return {
    observer,
    watch,
    observe: () => {
      const { tasks, platformMeasurements } = observer.observe(1, PLATFORM, TASKS);
      return {
        platform: platformMeasurements,
        tasks: Object.fromEntries(tasks.map(({ task, measurements }) => [task.id, measurements])),
      };
    },
    logged: (level?: string) =>
      logged.filter((entry) => (level === undefined ? entry[0] !== "debug" : entry[0] === level)),
  };
}

/** Measures each task that is in the round, and the platform. */
class Counting extends Collector {
  rounds = 0;
  measure({ tasks, platformMeasurements }: Round): void {
    this.rounds++;
    platformMeasurements["rounds"] = this.rounds;
    for (const { measurements } of tasks) measurements["counted"] = this.rounds;
  }
}

class Failing extends Collector {
  calls = 0;
  measure({ platformMeasurements }: Round): void {
    platformMeasurements["before"] = ++this.calls;
    throw new Error("cannot measure");
  }
}

class Impossible extends Collector {
  calls = 0;
  missingFiles(): ReadonlyMap<string, number> {
    return new Map([["/proc/pmu", 1]]);
  }
  measure(): void {
    this.calls++;
    throw new Unsupported("no PMU");
  }
}

/** Takes tasks out of the round while it goes over them. */
class Dropping extends Collector {
  readonly #ids: readonly string[];
  readonly seen: string[] = [];
  constructor(...ids: readonly string[]) {
    super();
    this.#ids = ids;
  }
  measure(round: Round): void {
    for (const { task } of round.tasks) {
      this.seen.push(task.id);
      for (const id of this.#ids) if (task.id === id) round.drop(task, new TaskGone(`no ${id}`));
    }
  }
}

describe("Observer observe()", () => {
  test("lets every collector measure, in order, each round anew", () => {
    const { observe } = observerOf(new Counting());
    const tasks = (counted: number) => ({ a: { counted }, b: { counted }, c: { counted } });
    expect(observe()).toEqual({ platform: { rounds: 1 }, tasks: tasks(1) });
    expect(observe()).toEqual({ platform: { rounds: 2 }, tasks: tasks(2) });
  });

  test("goes on with the next collector when one throws, and keeps what it had measured", () => {
    const { observe, watch, logged } = observerOf(new Failing(), new Counting());
    observe();
    expect(observe().platform).toEqual({ before: 2, rounds: 2 });
    expect(watch.measurements()).toMatchObject({
      wca_component_success: { Failing: 0, Counting: 1 },
      wca_component_failures_total: { Failing: 2, Counting: 0 },
    });
    expect(logged()).toEqual([
      ["error", "Failing failed: cannot measure; the others go on, repetitions are counted"],
    ]);
  });

  test("switches off a collector that is not supported, and says so once", () => {
    const impossible = new Impossible();
    const { observe, observer, watch, logged } = observerOf(impossible, new Counting());
    expect(observer.missingFiles()).toEqual({ Impossible: { "/proc/pmu": 1 } });
    for (let round = 1; round <= 3; round++) expect(observe().platform).toEqual({ rounds: round });
    expect(impossible.calls).toBe(1);
    expect(watch.measurements()).toMatchObject({
      wca_component_success: { Impossible: 0, Counting: 1 },
      wca_component_failures_total: { Impossible: 1, Counting: 0 },
    });
    expect(logged()).toEqual([
      ["warning", "Impossible failed: no PMU; the others go on, repetitions are counted"],
    ]);
    expect(observer.missingFiles()).toEqual({});
  });

  test("goes over all tasks while some are dropped, and hides those from later collectors", () => {
    const dropping = new Dropping("a", "b");
    const { observe, observer, logged } = observerOf(dropping, new Counting());
    expect(observe().tasks).toEqual({ c: { counted: 1 } });
    expect(dropping.seen).toEqual(["a", "b", "c"]);
    expect(observe().tasks).toEqual({ c: { counted: 2 } });
    expect(observer.droppedTasks).toBe(4);
    expect(logged()).toEqual([]);
    expect(logged("debug").length).toBe(4);
  });

  test("counts a task once that is dropped twice in a round", () => {
    const { observe, observer } = observerOf(new Dropping("a", "a"));
    expect(Object.keys(observe().tasks)).toEqual(["b", "c"]);
    expect(observer.droppedTasks).toBe(1);
  });
});
