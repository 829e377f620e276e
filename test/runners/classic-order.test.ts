import { expect, test } from "bun:test";
import { inClassicOrder } from "../../src/runners/classic-order.ts";

test("inClassicOrder() puts the metrics of the tutorial first, each once, and leaves out what is absent", () => {
  const told = {
    commonLabels: { host: "h" },
    internal: { wca_up: 1, wca_tasks: 0, wca_information: 1, wca_mem_usage_bytes: 3 },
    platform: { platform_last_seen: 4, platform_cpu_usage: { "0": 5 } },
    tasks: [],
    agent: {
      wca_duration_seconds_avg: { sleep: 7 },
      wca_missing_files: 0,
      wca_duration_seconds: { sleep: 6 },
    },
  };
  const { internal, platform, agent, ...rest } = inClassicOrder(told);
  expect(Object.entries(internal)).toEqual([
    ["wca_up", 1],
    ["wca_tasks", 0],
    ["wca_mem_usage_bytes", 3],
    ["platform_cpu_usage", { "0": 5 }],
    ["wca_duration_seconds", { sleep: 6 }],
    ["wca_duration_seconds_avg", { sleep: 7 }],
    ["wca_information", 1],
  ]);
  expect({ platform, agent, rest }).toEqual({
    platform: { platform_last_seen: 4 },
    agent: { wca_missing_files: 0 },
    rest: { commonLabels: { host: "h" }, tasks: [] },
  });
});
