import { describe, expect, test } from "bun:test";
import { TaskLabelResourceGenerator } from "../../src/labelers/resource.ts";
import { labelerConformance, taskWith } from "../roles/labeler.ts";

labelerConformance("TaskLabelResourceGenerator", () => ({
  labeler: new TaskLabelResourceGenerator({ resource_name: "cpus" }),
  known: taskWith({ resources: { cpus: 0.5 } }),
}));

describe("TaskLabelResourceGenerator", () => {
  test.each([
    [{ cpus: 8 }, "8"],
    [{ cpus: 0.25 }, "0.25"],
    [{ cpus: "two" }, "two"],
    [{ mem: 1 }, "unknown"],
  ])("label() of resources %p is %p", (resources, expected) => {
    const labeler = new TaskLabelResourceGenerator({ resource_name: "cpus" });
    expect(labeler.label(taskWith({ resources }))).toBe(expected);
  });
});
