import { expect, test } from "bun:test";
import { describeComponent, describeComponents } from "../../src/config/describe.ts";
import { createRegistry } from "../../src/config/registry.ts";
import { LogStorage, MeasurementRunner, PlainNode, REGISTRY } from "./sample.ts";

test("describeComponents() orders by role and leaves out roles without components", () => {
  expect(describeComponents(createRegistry([LogStorage, PlainNode]))).toBe(`# Components

What a configuration file can name with a tag. Options without a default and without the word *required* may be left out.

## Nodes

### !PlainNode

A node.

It has no options.

## Storages

### !LogStorage

Writes metrics to a file.

| Option | Type | Unit | Default | Description |
|---|---|---|---|---|
| \`output_filename\` | an absolute path |  |  | File to write. |
| \`level\` | one of "low", "high" |  | \`low\` | How much. |
`);
});

test("describeComponent() tells units, defaults, what is required and other spellings", () => {
  const registration = createRegistry([MeasurementRunner]).get("MeasurementRunner");
  expect(
    registration === undefined ? "" : describeComponent(registration, REGISTRY),
  ).toBe(`### !MeasurementRunner

Measures and reports.

| Option | Type | Unit | Default | Description |
|---|---|---|---|---|
| \`node\` | a node |  | *required* | Finds the tasks. |
| \`interval\` | a number from 0 to 60 | seconds | \`1\` | Time between rounds. |
| \`metrics_storage\` | a storage |  | \`!LogStorage\` | Takes the metrics. Also accepted as \`metric_storage\`. |
| \`extra_storage\` | a storage |  | \`!LogStorage\` | Takes other metrics. |
| \`extra_labels\` | a mapping of texts to texts |  | \`{}\` | Labels of every metric. |
| \`labelers\` | a mapping of texts to labelers |  |  | Makes labels. |
| \`cycles\` | an integer of at least 1 or "auto" |  | \`auto\` | Rounds until a reset. |
| \`rdt\` | true, false or null |  |  | Use resctrl; absent means when there. |
| \`watched\` | a mapping of label names to regular expressions or a list of mappings of label names to regular expressions |  |  | Which tasks. |

All options are also accepted one level deeper, under \`config: !MeasurementRunnerConfig\`.`);
});

test("describeComponents() has a section for every tag", () => {
  const sections: string[] = [...(describeComponents(REGISTRY).match(/^### !\w+$/gm) ?? [])];
  expect(sections.sort()).toEqual([...REGISTRY.keys()].map((tag) => `### !${tag}`).sort());
});
