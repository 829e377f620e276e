/*
 * bun tools/cpi-outlier/make-series.ts: writes the synthetic series and the expected results of all series in
 * wasm-plugins/cpi-outlier/series, and the schema of the options beside it. The results are those of the TypeScript class: read the difference before
 * you commit it.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { SERIES, toTrace } from "./series.ts";
import {
  ASSEMBLYSCRIPT_OPTIONS_FILE,
  assemblyscriptOptionsSchema,
  expectedResults,
  listSeries,
  OPTIONS_FILE,
  optionsSchema,
  SERIES_DIRECTORY,
} from "./stored-series.ts";
import { synthesize } from "./synthesis.ts";

fs.writeFileSync(OPTIONS_FILE, optionsSchema());
fs.writeFileSync(ASSEMBLYSCRIPT_OPTIONS_FILE, assemblyscriptOptionsSchema());
for (const [name, { options, isLarge, ...plan }] of Object.entries(SERIES)) {
  if (isLarge) continue;
  fs.writeFileSync(path.join(SERIES_DIRECTORY, `${name}.jsonl`), toTrace(synthesize(plan)));
  const optionsFile = path.join(SERIES_DIRECTORY, `${name}.options.json`);
  if (options !== undefined) fs.writeFileSync(optionsFile, `${JSON.stringify(options, undefined, 2)}\n`);
}
for (const series of listSeries()) {
  const results = expectedResults(series);
  const states = results.flatMap(({ anomalies }) => anomalies.map(({ state }) => state));
  const count = (wanted: string) => states.filter((state) => state === wanted).length;
  console.log(
    `${series.name}: ${count("onset")} onset, ${count("ongoing")} ongoing, ${count("clear")} clear`,
  );
  const lines = results.map((result) => JSON.stringify(result)).join(",\n");
  fs.writeFileSync(path.join(SERIES_DIRECTORY, `${series.name}.expected.json`), `[\n${lines}\n]\n`);
}
