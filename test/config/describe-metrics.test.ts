import { expect, test } from "bun:test";
import { describeMetric, describeMetrics } from "../../src/config/describe-metrics.ts";
import { Catalogue, type MetricRow } from "../../src/model/catalogue.ts";

const USAGE: MetricRow = {
  help: "Memory of the task | all of it.",
  type: "gauge",
  unit: "bytes",
  scope: "task",
  labels: ["numa_node"],
  merge: "sum",
  source: "memory.current",
  option: "gather_mem",
  classic: "memory_usage",
  differs: "Not reset.",
};
const ROUNDS: MetricRow = {
  help: "Rounds.",
  type: "counter",
  unit: "none",
  scope: "internal",
  labels: [],
  merge: "none",
  source: "own",
};

test("describeMetrics() groups by scope", () => {
  const text = describeMetrics(
    new Catalogue([
      ["wca_rounds_total", ROUNDS],
      ["task_mem_usage_bytes", USAGE],
    ]),
  );
  const head = `| Metric | Type | Unit | Labels | Merge | Source | Option | Classic name | Differs from the original | Help |
|---|---|---|---|---|---|---|---|---|---|`;
  expect(text.slice(text.indexOf("##"))).toBe(`## Metrics of tasks

${head}
| \`task_mem_usage_bytes\` | gauge | bytes | \`numa_node\` | sum | memory.current | \`gather_mem\` | \`memory_usage\` | Not reset. | Memory of the task \\| all of it. |

## Metrics of the agent itself

${head}
| \`wca_rounds_total\` | counter |  |  |  | own |  |  |  | Rounds. |
`);
});

test("describeMetrics() has a row for every metric of the catalogue", () => {
  const catalogue = new Catalogue();
  const rows = describeMetrics(catalogue).match(/^\| `/gm) ?? [];
  expect(rows.length).toBe([...catalogue.entries()].length);
});

test("describeMetric() gives a line for each fact", () => {
  expect(describeMetric("task_mem_usage_bytes", USAGE)).toBe(`### task_mem_usage_bytes

Memory of the task | all of it.

* Type: gauge
* Unit: bytes
* Labels: \`numa_node\`
* Merge: sum
* Source: memory.current
* Option: \`gather_mem\`
* Classic name: \`memory_usage\`
* Differs from the original: Not reset.`);
});
