import * as fs from "node:fs";
import type { ResctrlSim } from "../support/resctrl-sim.ts";

export interface Answer {
  /** errno of the call. Absent when it was not refused. */
  readonly code?: string;
  /** `info/last_cmd_status` after it, without the newline at its end. */
  readonly status: string;
}

/** Does it, and tells what the kernel interface answered. */
export function answerTo(sim: ResctrlSim, act: () => void): Answer {
  let code: string | undefined;
  try {
    act();
  } catch (error) {
    code = (error as NodeJS.ErrnoException).code;
  }
  const status = read(sim, "info/last_cmd_status").replace(/\n$/, "");
  return code === undefined ? { status } : { code, status };
}

export function read(sim: ResctrlSim, file: string): string {
  return fs.readFileSync(`${sim.root}/${file}`, "utf8");
}

export function write(sim: ResctrlSim, file: string, text: string): void {
  fs.writeFileSync(`${sim.root}/${file}`, text);
}

export function mkdir(sim: ResctrlSim, ...groups: readonly string[]): void {
  for (const group of groups) fs.mkdirSync(`${sim.root}/${group}`);
}

export function rmdir(sim: ResctrlSim, group: string): void {
  fs.rmdirSync(`${sim.root}/${group}`);
}
