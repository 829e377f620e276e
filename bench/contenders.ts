import * as fs from "node:fs";
import * as path from "node:path";
import { familiesHeader } from "./families.ts";

/** One of the two programs. Both replace `output` once a second by the metrics of the tasks. */
export interface Contender {
  readonly name: "agent" | "limit";
  readonly output: string;
  readonly command: readonly string[];
  /** The command that ends after so many rounds. */
  readonly rounds: (count: number) => readonly string[];
}

const ROOT = path.resolve(import.meta.dir, "..");
export const AGENT = path.join(ROOT, "dist/wca");

/** `program`: the compiled agent, or `bun src/main.ts`. */
export function agent(program: readonly string[], scratch: string, tasks: readonly string[]): Contender {
  const output = path.join(scratch, "agent.prom");
  const config = path.join(scratch, "agent.yaml");
  fs.writeFileSync(config, configuration(tasks, output));
  const command = [...program, "--config", config, "--root", "--log-level", "warning"];
  return {
    name: "agent",
    output,
    command,
    rounds: (count) => [...command, "--iterations", `${count}`],
  };
}

/** `self`: a file with the lines that stand where the agent's metrics about itself stand. */
export function limit(scratch: string, tasks: readonly string[], self: string): Contender {
  const output = path.join(scratch, "limit.prom");
  const list = path.join(scratch, "tasks");
  fs.writeFileSync(list, tasks.map((name) => `${name}\n`).join(""));
  const command = [path.join(scratch, "limit"), "-t", list, "-o", output, "-s", self];
  return { name: "limit", output, command, rounds: (count) => [...command, "-k", `${count}`] };
}

export function compileLimit(scratch: string): void {
  fs.writeFileSync(path.join(scratch, "families.h"), familiesHeader());
  const source = path.join(import.meta.dir, "limit.c");
  run(["cc", "-O2", "-Wall", "-I", scratch, "-o", path.join(scratch, "limit"), source]);
}

export function compileAgent(): void {
  run([process.execPath, path.join(ROOT, "tools/build.ts"), "--target", "native"]);
}

function run(command: readonly string[]): void {
  const { exitCode } = Bun.spawnSync([...command], { stdio: ["ignore", 2, 2] });
  if (exitCode !== 0) throw new Error(`Cannot run ${command.join(" ")}: exit code ${exitCode}`);
}

function configuration(tasks: readonly string[], output: string): string {
  return [
    "runner: !MeasurementRunner",
    "  interval: 1",
    "  node: !StaticNode",
    "    tasks:",
    ...tasks.map((name) => `      - ${name}`),
    "  metrics_storage: !LogStorage",
    `    output_filename: ${output}`,
    "    overwrite: true",
    "",
  ].join("\n");
}
