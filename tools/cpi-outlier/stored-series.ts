import * as fs from "node:fs";
import * as path from "node:path";
import { z } from "zod";
import { CpiOutlierDetector } from "../../src/detectors/cpi-outlier.ts";
import type { ContentionAnomaly, Decision } from "../../src/model/anomaly.ts";
import type { Snapshot } from "../../src/model/snapshot.ts";
import type { SnapshotMessage } from "../../src/protocol/messages.ts";

export const SERIES_DIRECTORY = path.resolve(import.meta.dir, "../../wasm-plugins/cpi-outlier/series");

/** A trace in `wasm-plugins/cpi-outlier/series`, and what it is played with. */
export interface StoredSeries {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly snapshots: readonly SnapshotMessage[];
}

/** What a round gives: the counts are those of `cpi_outlier_tasks`, learning, watched and contended. */
export interface RoundResult {
  readonly anomalies: readonly ContentionAnomaly[];
  readonly tasks: readonly number[];
}

export function listSeries(): readonly StoredSeries[] {
  const files = fs.readdirSync(SERIES_DIRECTORY).filter((file) => file.endsWith(".jsonl"));
  return files.sort().map((file) => readSeries(file.slice(0, -".jsonl".length)));
}

export function readSeries(name: string): StoredSeries {
  const optionsFile = path.join(SERIES_DIRECTORY, `${name}.options.json`);
  const options = fs.existsSync(optionsFile) ? JSON.parse(fs.readFileSync(optionsFile, "utf8")) : {};
  const lines = fs.readFileSync(path.join(SERIES_DIRECTORY, `${name}.jsonl`), "utf8").split("\n");
  return { name, options, snapshots: lines.filter(Boolean).map((line) => JSON.parse(line)) };
}

export function readExpected(name: string): readonly RoundResult[] {
  return JSON.parse(fs.readFileSync(path.join(SERIES_DIRECTORY, `${name}.expected.json`), "utf8"));
}

/** The JSON Schema of the options, which every plugin gives in `describe`. */
export function optionsSchema(): string {
  const { $schema: _, ...schema } = z.toJSONSchema(z.object(CpiOutlierDetector.component.options), {
    target: "draft-7",
    io: "input",
  });
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

export const OPTIONS_FILE = path.resolve(SERIES_DIRECTORY, "../options.schema.json");

/** All options, defaults filled in, as the agent gives them to a plugin. */
export function fullOptions(options: Readonly<Record<string, unknown>>) {
  return z.object(CpiOutlierDetector.component.options).parse(options);
}

/** What the TypeScript class says. */
export function expectedResults({ options, snapshots }: StoredSeries): readonly RoundResult[] {
  const detector = new CpiOutlierDetector(fullOptions(options));
  return snapshots.map((message) => resultOf(detector.detect(toSnapshot(message))));
}

export function resultOf({ anomalies, metrics = [] }: Decision): RoundResult {
  const tasks = metrics.filter(({ name }) => name === "cpi_outlier_tasks").map(({ value }) => value);
  return { anomalies, tasks };
}

export function toSnapshot({ tasks, platform: _, ...round }: SnapshotMessage): Snapshot {
  return {
    ...round,
    platform: undefined,
    tasks: tasks.map(({ measurements, ...task }) => ({ task, measurements })),
  };
}
