import { expect, test } from "bun:test";
import type { Labeler } from "../../src/model/roles.ts";
import type { Task } from "../../src/model/task.ts";

/** A task with the given parts and nothing else. */
export function taskWith(parts: Partial<Task> = {}): Task {
  return {
    id: "t1",
    name: "t1",
    cgroupPath: "/t1",
    subcgroupPaths: [],
    labels: {},
    resources: {},
    identity: 1,
    ...parts,
  };
}

/** The contract of every labeler; `known` is a task that it makes a label for. */
export function labelerConformance(name: string, start: () => { labeler: Labeler; known: Task }): void {
  test(`${name} label() gives the same text each time`, () => {
    const { labeler, known } = start();
    const first = labeler.label(known);
    expect(typeof first).toBe("string");
    expect(labeler.label(known)).toBe(first as string);
  });

  test(`${name} label() does not change the task`, () => {
    const { labeler, known } = start();
    const before = structuredClone(known);
    labeler.label(known);
    expect(known).toEqual(before);
  });

  test(`${name} label() gives text or nothing for a task without labels and resources`, () => {
    const { labeler } = start();
    expect(["string", "undefined"]).toContain(typeof labeler.label(taskWith()));
  });
}
