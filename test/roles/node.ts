import { expect, test } from "bun:test";
import type { Node } from "../../src/model/roles.ts";
import type { Task } from "../../src/model/task.ts";

/** A node on a machine with at least one task. */
export interface NodeCase extends Disposable {
  readonly node: Node & { close?(): void | Promise<void> };
  /** Removes the cgroup of this task. */
  readonly vanish: (task: Task) => void;
}

/** The contract of every node; `start` makes a fresh machine for each test. */
export function nodeConformance(name: string, start: () => NodeCase): void {
  test(`${name} discover() gives the same tasks twice when nothing happened`, async () => {
    using given = start();
    const first = await given.node.discover();
    const second = await given.node.discover();
    expect(first.length).toBeGreaterThan(0);
    expect(second).toEqual(first);
    expect(second.map((task, index) => task === first[index])).toEqual(first.map(() => true));
    await given.node.close?.();
  });

  test(`${name} discover() gives unique ids and cgroup paths with a leading slash`, async () => {
    using given = start();
    const tasks = await given.node.discover();
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(tasks.length);
    expect(tasks.filter(({ cgroupPath }) => !/^\/.*[^/]$/.test(cgroupPath))).toEqual([]);
    await given.node.close?.();
  });

  test(`${name} discover() gives labels with legal names and text as values`, async () => {
    using given = start();
    const labels = (await given.node.discover()).flatMap((task) => Object.entries(task.labels));
    expect(labels.filter(([key]) => !/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(key))).toEqual([]);
    expect(labels.filter(([, value]) => typeof value !== "string")).toEqual([]);
    await given.node.close?.();
  });

  test(`${name} discover() leaves out a task that vanished and keeps the others`, async () => {
    using given = start();
    const [first, ...others] = await given.node.discover();
    if (first === undefined) throw new Error("the machine has no task");
    given.vanish(first);
    expect(await given.node.discover()).toEqual(others);
    await given.node.close?.();
  });

  test(`${name} close() can be called unopened, twice, and before another discover()`, async () => {
    using given = start();
    await given.node.close?.();
    const before = await given.node.discover();
    await given.node.close?.();
    await given.node.close?.();
    expect(await given.node.discover()).toEqual(before);
    await given.node.close?.();
  });
}
