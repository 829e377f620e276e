import { describe, expect, test } from "bun:test";
import { spellingsOf } from "../../src/config/aliases.ts";
import { load, loadRunner, ManyStorage, problemsOf } from "./sample.ts";

describe("optionEntries()", () => {
  test("takes metric_storage for metrics_storage", () => {
    const { metrics_storage } = loadRunner(
      "runner: !MeasurementRunner\n  node: !PlainNode\n  metric_storage: !ManyStorage {storages: []}\n",
    ).options;
    expect(metrics_storage).toBeInstanceOf(ManyStorage);
  });

  test("lifts the options of config: !MeasurementRunnerConfig", () => {
    const text = `runner: !MeasurementRunner
  config: !MeasurementRunnerConfig
    node: !PlainNode
    interval: 7
    metric_storage: !ManyStorage {storages: []}
  rdt: true
`;
    const { interval, rdt, metrics_storage } = loadRunner(text).options;
    expect({ interval, rdt }).toEqual({ interval: 7, rdt: true });
    expect(metrics_storage).toBeInstanceOf(ManyStorage);
    expect(load(text).components.map(({ path }) => path)).toEqual([
      "runner.config.node",
      "runner.config.metric_storage",
      "runner.extra_storage",
      "runner",
    ]);
  });

  const WRONG: readonly (readonly [string, string, ...string[]])[] = [
    [
      "a nested fault where it is written",
      "  node: !PlainNode\n  config: !MeasurementRunnerConfig\n    interval: 99\n",
      "c.yaml:4:15 runner.config.interval: saw number 99, wanted a number from 0 to 60",
    ],
    [
      "an option in both places",
      "  node: !PlainNode\n  interval: 1\n  config: !MeasurementRunnerConfig {interval: 1}\n",
      'c.yaml:4:37 runner.config.interval: option "interval" of MeasurementRunner stands twice: here and at c.yaml:3:3',
    ],
    [
      "an option under both names",
      "  node: !PlainNode\n  metric_storage: !LogStorage\n  metrics_storage: !LogStorage\n",
      'c.yaml:4:3 runner.metrics_storage: option "metrics_storage" of MeasurementRunner stands twice: here and at c.yaml:3:3',
    ],
    [
      "a config without its tag",
      "  node: !PlainNode\n  config:\n    interval: 1\n",
      "c.yaml:3:3 runner.config: wanted !MeasurementRunnerConfig with options of MeasurementRunner as a mapping",
    ],
    [
      "a missing option at the runner",
      "  config: !MeasurementRunnerConfig\n",
      'c.yaml:1:1 runner.node: missing option "node" of MeasurementRunner: Finds the tasks.',
    ],
  ];
  for (const [name, body, ...problems] of WRONG) {
    test(`reports ${name}`, () =>
      expect(problemsOf(`runner: !MeasurementRunner\n${body}`)).toEqual(problems));
  }
});

test("spellingsOf() lists the other names of an option", () => {
  expect(spellingsOf("metrics_storage", { role: "runner", tag: "MeasurementRunner" })).toEqual([
    "metric_storage",
    "config.metrics_storage",
  ]);
  expect(spellingsOf("tasks", { role: "node", tag: "StaticNode" })).toEqual([]);
});

test("spellingsOf() gives a name to the component that had it only", () => {
  const of = (option: string, tag: string) => spellingsOf(option, { role: "storage", tag });
  expect({
    kafka: of("brokers_ips", "KafkaStorage"),
    http: of("url", "HTTPStorage"),
    otlp: of("url", "OtlpStorage"),
  }).toEqual({ kafka: ["broker_ips"], http: ["http_endpoint"], otlp: [] });
});

test("optionEntries() takes the alias of another component for an unknown option", () => {
  expect(
    problemsOf(
      "runner: !MeasurementRunner\n  node: !PlainNode\n  metrics_storage: !ManyStorage {http_endpoint: x}\n",
    ).map((problem) => problem.replace(/: options of.*/, "")),
  ).toContain(
    'c.yaml:3:34 runner.metrics_storage.http_endpoint: unknown option "http_endpoint" of ManyStorage',
  );
});
