/*
 * bun bench/hostile.ts [words]: what becomes of an agent with each plugin that means harm, and with each process
 * in place of a sandbox's, as a table in Markdown. With words: only the rows that have one of them.
 *
 * Each row has a process of its own, in which the same runner has had a plugin that means no harm before.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { HOSTILE_MODULES } from "../test/wasm/hostile/all.ts";
import { bystander, FINDING } from "../test/wasm/hostile/bystander.ts";
import { childTrial } from "../test/wasm/hostile/child-trial.ts";
import { HOSTILE_CHILDREN } from "../test/wasm/hostile/children.ts";
import { answering } from "../test/wasm/hostile/plugin-text.ts";
import { moduleFile, trial } from "../test/wasm/hostile/trial.ts";

const AIMS = { delayMs: 10, growthKb: 5120 } as const;
const WARM_UPS = 1;

/** One line of the table. */
interface Row {
  readonly failures: readonly string[];
  readonly delayMs: number;
  readonly stallMs: number;
  readonly growth: number;
  readonly peak: number;
  readonly moduleBytes: number;
  readonly lines: readonly string[];
  readonly othersWrong: number;
  readonly left: number;
}

async function moduleRow(file: string): Promise<Row> {
  const other = await bystander();
  const benign = moduleFile({ module: () => answering("{}"), fails: [] });
  for (let warmUp = 0; warmUp < WARM_UPS; warmUp++) await trial(benign, other);
  const verdict = await trial(file, other);
  await other.stop();
  fs.rmSync(path.dirname(benign), { recursive: true });
  return {
    ...verdict,
    othersWrong: verdict.others.filter((anomalies) => anomalies.some((resource) => resource !== FINDING))
      .length,
    left: verdict.childrenLeft + verdict.descriptorsLeft.length,
  };
}

async function childRow(behaviour: string): Promise<Row> {
  for (let warmUp = 0; warmUp < WARM_UPS; warmUp++) await childTrial("");
  const verdict = await childTrial(behaviour);
  return {
    ...verdict,
    moduleBytes: 0,
    lines: [...new Set([...verdict.messages, ...verdict.lines])],
    othersWrong: 0,
    left: verdict.childrenLeft + verdict.descriptorsLeft.length,
  };
}

/** In a process of its own, which says what became of it. */
function inOwnProcess(...args: readonly string[]): Row {
  const { stdout, stderr, exitCode } = Bun.spawnSync([process.execPath, import.meta.path, ...args]);
  if (exitCode !== 0) throw new Error(`Cannot make a row of ${args.join(" ")}: ${stderr.toString()}`);
  return JSON.parse(stdout.toString().split("\n").filter(Boolean).at(-1) ?? "") as Row;
}

function tell(name: string, row: Row): boolean {
  const [growthKb, moduleKb] = [row.growth, row.moduleBytes].map((bytes) => Math.round(bytes / 1024));
  const isSmall = (growthKb ?? 0) - (moduleKb ?? 0) <= AIMS.growthKb;
  const isMet = row.delayMs <= AIMS.delayMs && isSmall && row.othersWrong + row.left === 0;
  const [line = "–"] = row.lines;
  const cells = [
    name,
    [...new Set(row.failures)].join(", "),
    row.delayMs.toFixed(1),
    row.stallMs.toFixed(1),
    growthKb,
    moduleKb,
    Math.round(row.peak / 1024),
    row.lines.length,
    line.replaceAll("|", "\\|").slice(0, 160),
    isMet ? "met" : "**not met**",
  ];
  console.log(`| ${cells.join(" | ")} |`);
  return isMet;
}

function main(words: readonly string[]): number {
  const isWanted = (name: string) => words.length === 0 || words.some((word) => name.includes(word));
  console.log(
    "| plugin | failed as | delay beyond deadline ms | longest stall ms | memory kB | of which module at most kB | memory at its peak kB | lines | the first of them | aims |",
  );
  console.log("|---|---|--:|--:|--:|--:|--:|--:|---|---|");
  let missed = 0;
  for (const [name, module] of Object.entries(HOSTILE_MODULES)) {
    if (!isWanted(name)) continue;
    const file = moduleFile(module);
    if (!tell(name, inOwnProcess("--module", file))) missed++;
    fs.rmSync(path.dirname(file), { recursive: true });
  }
  for (const behaviour of Object.keys(HOSTILE_CHILDREN)) {
    const name = `process that ${behaviour}`;
    if (isWanted(name) && !tell(name, inOwnProcess("--process", behaviour))) missed++;
  }
  return missed === 0 ? 0 : 1;
}

const [kind, what = ""] = process.argv.slice(2);
if (kind === "--module") console.log(JSON.stringify(await moduleRow(what)));
else if (kind === "--process") console.log(JSON.stringify(await childRow(what)));
else process.exitCode = main(process.argv.slice(2));
process.exit();
