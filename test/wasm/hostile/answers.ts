import type { HostileModule, HostileModules } from "./hostile-module.ts";
import { answering, repeating } from "./plugin-text.ts";

const wrong = { fails: ["output"], says: /./ } as const;

function refused(content: string | Uint8Array): HostileModule {
  return { module: () => answering(content), ...wrong };
}

const ANOMALY = '"resource":"cache","contendedTaskId":"a","contendingTaskIds":[]';

/** Plugins whose answer is not what was asked for. */
export const ANSWERS: HostileModules = {
  "invalid JSON": refused('{"anomalies": [1,2'),
  "JSON and something after it": refused("{}{}"),
  "invalid UTF-8": refused(Uint8Array.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])),
  "bytes of chance": refused(Uint8Array.from({ length: 4096 }, (_, at) => (at * 7919 + 13) % 256)),
  "an array": refused("[]"),
  null: refused("null"),
  "a text": refused('"anomalies"'),
  "anomalies that are an object": refused('{"anomalies":{"length":1000000000}}'),
  "an anomaly that is null": refused('{"anomalies":[null]}'),
  "an anomaly without a resource": refused('{"anomalies":[{"contendedTaskId":"a","contendingTaskIds":[]}]}'),
  "an unknown resource": refused(
    '{"anomalies":[{"resource":"luck","contendedTaskId":"a","contendingTaskIds":[]}]}',
  ),
  "a task id that is a number": refused(
    '{"anomalies":[{"resource":"cache","contendedTaskId":7,"contendingTaskIds":[]}]}',
  ),
  "a number too large to be one": refused('{"metrics":[{"name":"m","value":1e999}]}'),
  "a severity of 1e308": refused(`{"anomalies":[{${ANOMALY},"severity":1e308}]}`),
  "a metric with an illegal name": refused('{"metrics":[{"name":"a b\\n# HELP","value":1}]}'),
  "keys given twice": { module: () => answering(`{"anomalies":[1],"anomalies":[]}`), fails: [] },
  "keys named __proto__ and constructor": {
    module: () =>
      answering('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"anomalies":[]}'),
    fails: [],
  },
  "labels named __proto__": {
    module: () => answering('{"metrics":[{"name":"m","value":1,"labels":{"__proto__":"x","a":"b"}}]}'),
    fails: [],
  },
  "JSON a million levels deep": {
    module: () => repeating({ head: "", unit: "[[[[[[[[", count: 125_000, tail: "" }),
    ...wrong,
  },
  "JSON 50,000 levels deep, closed again": {
    module: () => answering(`{"anomalies":${"[".repeat(50_000)}${"]".repeat(50_000)}}`),
    ...wrong,
  },
  "a million wrong anomalies": {
    module: () =>
      repeating({ head: '{"anomalies":[', unit: "{},{},{},{},{},{},{},{},", count: 125_000, tail: "{}]}" }),
    ...wrong,
  },
  "300,000 wrong anomalies in 600 KB": {
    module: () => repeating({ head: '{"anomalies":[', unit: "1,1,1,1,1,1,1,1,", count: 37_500, tail: "1]}" }),
    ...wrong,
  },
  "a million good anomalies": {
    module: () =>
      repeating({ head: '{"anomalies":[', unit: `{${ANOMALY}},`, count: 1_000_000, tail: `{${ANOMALY}}]}` }),
    fails: ["output", "trap", "error", "timeout", "memory"],
    says: /./,
  },
  "10,000 good anomalies": {
    module: () =>
      repeating({ head: '{"anomalies":[', unit: `{${ANOMALY}},`, count: 9_999, tail: `{${ANOMALY}}]}` }),
    ...wrong,
  },
  "1000 times the same anomaly": {
    module: () =>
      repeating({ head: '{"anomalies":[', unit: `{${ANOMALY}},`, count: 999, tail: `{${ANOMALY}}]}` }),
    fails: [],
    says: /saw it twice/,
  },
  "1000 anomalies of tasks that do not exist": {
    module: () =>
      repeating({
        head: '{"anomalies":[',
        unit: '{"resource":"cache","contendedTaskId":"########","contendingTaskIds":[]},',
        count: 999,
        tail: `{${ANOMALY}}]}`,
        isVaried: true,
      }),
    fails: [],
    says: /is none of the round/,
  },
  "the same series 2000 times": {
    module: () =>
      repeating({
        head: '{"metrics":[',
        unit: '{"name":"m","value":1},',
        count: 1_999,
        tail: '{"name":"m","value":1}]}',
      }),
    fails: [],
  },
  "2000 other series in each call": {
    module: () =>
      repeating({
        head: '{"metrics":[',
        unit: '{"name":"m","value":1,"labels":{"a":"########"}},',
        count: 1_999,
        tail: '{"name":"m","value":1}]}',
        isVaried: true,
      }),
    fails: [],
  },
  "a metric of the agent's own": {
    module: () => answering('{"metrics":[{"name":"wca_up","value":0}]}'),
    fails: [],
  },
  "180,000 wrong metrics in 40 anomalies": {
    module: () => {
      const metrics = Array.from({ length: 4500 }, () => "{}").join();
      return repeating({
        head: '{"anomalies":[',
        unit: `{${ANOMALY},"metrics":[${metrics}]},`,
        count: 40,
        tail: `{${ANOMALY}}]}`,
      });
    },
    ...wrong,
  },
  "60,000 labels that are wrong": {
    module: () =>
      repeating({
        head: '{"metrics":[{"name":"m","value":1,"labels":{',
        unit: '"########":0,  ',
        count: 60_000,
        tail: '"a":"b"}}]}',
        isVaried: true,
      }),
    ...wrong,
  },
  "60,000 keys that nobody knows": {
    module: () =>
      repeating({
        head: "{",
        unit: '"########":0,  ',
        count: 60_000,
        tail: '"anomalies":[]}',
        isVaried: true,
      }),
    ...wrong,
  },
  "900 KB of spaces": {
    module: () => repeating({ head: "{", unit: "        ", count: 112_500, tail: "}" }),
    fails: [],
  },
  "a task id of 500 KB": {
    module: () =>
      repeating({
        head: '{"anomalies":[{"resource":"cache","contendingTaskIds":[],"contendedTaskId":"',
        unit: "aaaaaaaa",
        count: 62_500,
        tail: '"}]}',
      }),
    fails: ["output"],
    says: /./,
  },
};
