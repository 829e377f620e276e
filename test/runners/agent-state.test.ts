import { expect, test } from "bun:test";
import type { LogLevel } from "../../src/model/log.ts";
import type { Platform } from "../../src/model/platform.ts";
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

function agentState() {
  using tree = tempTree({}, { now: () => 1500 });
  const context = { ...testContext(tree.host), logCounts: (level: LogLevel) => COUNTS[level] ?? new Map() };
  const watch = new Watch(context.log);
  return { state: new AgentState(context, watch), observer: new Observer([], watch, context.log) };
}

test("AgentState internal() tells the time, the tasks, its memory and what it runs on", () => {
  expect(agentState().state.internal({ tasks: 7, platform: PLATFORM })).toEqual({
    wca_up: 1.5,
    wca_tasks: 7,
    wca_mem_usage_bytes: expect.any(Number),
    wca_information: { 2: { 20: { 40: { Model: { 85: { "0.0.0-test": 1 } } } } } },
  });
});

test("AgentState agent() tells overruns, what was logged, and what storages dropped that count it", () => {
  const { state, observer } = agentState();
  state.overrun();
  state.overrun();
  const storages = { LogStorage: { droppedMetrics: 4 }, Other: {} };
  expect(state.agent({ observer, storages })).toMatchObject({
    wca_tasks_dropped_total: 0,
    wca_missing_files: {},
    wca_metrics_dropped_total: { LogStorage: 4 },
    wca_round_overruns_total: 2,
    wca_warning_count: { "wca.LogStorage": 3 },
    wca_error_count: { "wca.LogStorage": 1 },
  });
});
