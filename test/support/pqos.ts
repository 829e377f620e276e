/* Intel's own client of resctrl, out of a Debian package, on a simulated resctrl. */
import * as fs from "node:fs";
import { debianProgram } from "../../tools/debian.ts";
import { needResctrl, type ResctrlNamespace, type ResctrlOptions } from "./resctrl-sim.ts";

/** For `requirement()`: throws where pqos cannot run. */
export async function needPqos(): Promise<void> {
  await needResctrl();
  await pqosProgram();
}

/** pqos knows by the CPUID instruction which caches there are, so the domains have to be those. */
export const REAL_CACHES: ResctrlOptions = { domains: cacheIds(3), l2Domains: cacheIds(2), tabular: false };

/** It measures with hardware counters too if it is let, which virtual machines do not have. */
const NO_PERF = ["--disable-mon-ipc", "--disable-mon-llc_miss"];

export interface Printed {
  readonly lines: readonly string[];
  readonly exitCode: number;
}

/** Runs `pqos -I` to its end. */
export async function pqos(namespace: ResctrlNamespace, ...words: readonly string[]): Promise<Printed> {
  const child = namespace.spawn([...(await pqosProgram()), "-I", ...words]);
  const [output, exitCode] = await Promise.all([child.stdout.text(), child.exited]);
  return { lines: output.split("\n").map((line) => line.trim()), exitCode };
}

/** What pqos has found out about a process. */
export interface MeasuredByPqos {
  /** In caches, when it looked last: KiB. */
  readonly occupancy: number;
  /** Moved while it was watched: MiB. */
  readonly total: number;
  readonly local: number;
  readonly remote: number;
}

/** Tenths of a second. */
const INTERVAL = 2;
/** Rows after which one is about nothing but what came later. */
const ROWS_TO_WAIT = 2;

/**
 * Watches a process with all that resctrl tells. `onceWatching` is called when pqos has looked for the first time:
 * what it prints after that are differences. It ends when it has told what happened meanwhile.
 */
export async function watchWithPqos(
  namespace: ResctrlNamespace,
  pid: number,
  onceWatching: () => void | Promise<void>,
): Promise<MeasuredByPqos> {
  const events = ["llc", "mbl", "mbr", "mbt"].map((event) => `${event}:${pid}`).join(";");
  const words = ["-I", "-p", events, "-t", "inf", "-i", `${INTERVAL}`, "-u", "csv", ...NO_PERF];
  const child = namespace.spawn([...(await pqosProgram()), ...words]);
  using _child = { [Symbol.dispose]: () => child.kill("SIGKILL") };
  let printed = "";
  let meanwhile: Promise<void> | undefined;
  let lastRow: number | undefined;
  for await (const chunk of child.stdout) {
    printed += Buffer.from(chunk).toString();
    const rows = rowsOf(printed).length;
    if (rows > 0 && meanwhile === undefined) {
      // Its rows are read on until that is done.
      meanwhile = (async () => onceWatching())().finally(() => {
        lastRow = rowsOf(printed).length + ROWS_TO_WAIT;
      });
      meanwhile.catch(() => child.kill("SIGINT"));
    }
    if (lastRow !== undefined && rows >= lastRow) child.kill("SIGINT");
  }
  await Promise.all([meanwhile, child.exited]);
  return measured(printed);
}

function rowsOf(printed: string): readonly string[] {
  return printed.match(/^\d{4}-.*(?=\n)/gm) ?? [];
}

/** Of `Time,PID,Core,LLC[KB],MBL[MB/s],MBR[MB/s],MBT[MB/s]` and rows. */
function measured(printed: string): MeasuredByPqos {
  const names = /^Time,.*/m.exec(printed)?.[0].split(",") ?? [];
  const column = (name: string): readonly number[] =>
    rowsOf(printed).map((row) => Number(row.split(",")[names.indexOf(name)]));
  const moved = (name: string): number =>
    Math.round((column(name).reduce((sum, rate) => sum + rate, 0) * INTERVAL) / 10);
  return {
    occupancy: column("LLC[KB]").at(-1) ?? Number.NaN,
    total: moved("MBT[MB/s]"),
    local: moved("MBL[MB/s]"),
    remote: moved("MBR[MB/s]"),
  };
}

function pqosProgram(): Promise<readonly string[]> {
  return debianProgram({ package: "intel-cmt-cat", path: "usr/sbin/pqos", dependencies: "all" });
}

/** Ids of this machine's caches of the level. */
function cacheIds(level: number): readonly number[] {
  const directory = "/sys/devices/system/cpu";
  const ids = fs
    .readdirSync(directory)
    .filter((name) => /^cpu\d+$/.test(name))
    .map((name) => `${directory}/${name}/cache/index${level}/id`)
    .filter((file) => fs.existsSync(file))
    .map((file) => Number(fs.readFileSync(file, "utf8")));
  return ids.length === 0 ? [0] : [...new Set(ids)].sort((one, other) => one - other);
}
