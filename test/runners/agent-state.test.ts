import { expect, spyOn, test } from "bun:test";
import type { LogLevel } from "../../src/model/log.ts";
import type { Platform } from "../../src/model/platform.ts";
import { Storage } from "../../src/model/roles.ts";
import { AgentState } from "../../src/runners/agent-state.ts";
import { Observer } from "../../src/runners/observer.ts";
import { Watch } from "../../src/runners/watch.ts";
import { testContext } from "../support/context.ts";
import { tempTree } from "../support/tree.ts";

const PLATFORM: Platform = {
  cpuModel: "Model",
  cpuModelNumber: 85,
  sockets: 2,
  cores: 20,
  cpus: 40,
  onlineCpus: [0],
  topology: new Map(),
  nodeCpus: new Map(),
  nodeDistances: new Map(),
};
const COUNTS: Partial<Record<LogLevel, ReadonlyMap<string, number>>> = {
  warning: new Map([["wca.LogStorage", 3]]),
  error: new Map([["wca.LogStorage", 1]]),
};

class Storing extends Storage {
  store(): void {}
}

function agentState() {
  using tree = tempTree({}, { now: () => 1500 });
  const context = { ...testContext(tree.host), logCounts: (level: LogLevel) => COUNTS[level] ?? new Map() };
  const watch = new Watch(context.log);
  const outlet = context.deliveries.to(new Storing());
  const observer = new Observer([], watch, context.log);
  return { state: new AgentState(context, watch), observer, watch, outlet };
}

test("AgentState internal() tells the time, the tasks, its memory and what it runs on", () => {
  expect(agentState().state.internal({ tasks: 7, platform: PLATFORM })).toEqual({
    wca_up: 1.5,
    wca_tasks: 7,
    wca_mem_usage_bytes: expect.any(Number),
    wca_information: { 2: { 20: { 40: { Model: { 85: { "0.0.0-test": 1 } } } } } },
  });
});

test("AgentState agent() tells overruns, what was logged, and how components and storages fare", () => {
  const { state, observer, watch, outlet } = agentState();
  state.overrun();
  state.overrun();
  watch.succeeded("Node", 0.25);
  outlet.offer([{ name: "a", value: 1, labels: {} }], 0);
  expect(state.agent(observer)).toMatchObject({
    wca_component_success: { Node: 1, Storing: 1 },
    wca_component_duration_seconds: { Node: 0.25, Storing: expect.any(Number) },
    wca_component_failures_total: { Node: 0, Storing: 0 },
    wca_metrics_offered_total: { Storing: 1 },
    wca_metrics_delivered_total: { Storing: 1 },
    wca_metrics_dropped_total: { Storing: 0 },
    wca_metrics_queued: { Storing: 0 },
    wca_tasks_dropped_total: 0,
    wca_missing_files: {},
    wca_round_overruns_total: 2,
    wca_warning_count: { "wca.LogStorage": 3 },
    wca_error_count: { "wca.LogStorage": 1 },
  });
});

test("AgentState internal() leaves its memory out where /proc is not mounted", () => {
  using _rss = spyOn(process.memoryUsage, "rss").mockImplementation(() => {
    throw new Error("Failed to get memory usage");
  });
  const { state } = agentState();
  expect(state.internal({ tasks: 3, platform: undefined })).toEqual({ wca_up: 1.5, wca_tasks: 3 });
});
