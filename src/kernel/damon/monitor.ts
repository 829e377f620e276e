import { KernelError, Unsupported } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import { type DamonMark, markOfProcess, readDamonMark, writeDamonMark } from "./mark.ts";
import { readDamonOccupancy } from "./occupancy.ts";
import { CONTEXT, KDAMOND, NR_KDAMONDS, schemePath } from "./paths.ts";
import { CLOCK, ofTarget, settingsOf } from "./schemes.ts";

/** Each of the kernel's looks at one page of every region. */
const SAMPLE_US = 200_000;
/**
 * Window in which one access is enough. With less than ten samples in it DAMON merges only regions that
 * were seen accessed equally often; with more, those that are used now and then get lost among idle ones.
 */
const WINDOW_US = 1_800_000;
/** How often mappings that came or went are looked at. */
const UPDATE_US = 10_000_000;
/** Regions that a process starts with at most, and how many there may be of all processes together. */
const FIRST_REGIONS = 100;
const REGIONS = 1000;
const REGIONS_BY_PROCESS = 50;

const STATE = `${KDAMOND}/state`;

interface Reading {
  /** How often the clock has ticked. */
  readonly windows: number;
  /** What the scheme of each process has tried so far. */
  readonly triedBytes: readonly number[];
}

/** One kdamond that watches the virtual memory of processes and changes nothing of it. */
export class DamonMonitor {
  /** The kernel tries every scheme on every region, and there are more of both with every process. */
  static readonly MOST_PROCESSES = 100;

  readonly #host: Host;
  /** Present from the first start until {@link close}. */
  #mark: DamonMark | undefined;
  /** In the order of targets. */
  #pids: readonly number[] = [];
  /** The last reading; nothing after a start. */
  #last: Reading | undefined;
  #settled = false;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Processes that are watched now. */
  get pids(): readonly number[] {
    return this.#pids;
  }

  /** False after a start until something was read: starting anew would lose that. */
  get settled(): boolean {
    return this.#pids.length === 0 || this.#settled;
  }

  /** Takes DAMON, once. Throws {@link Unsupported} when it cannot be had. */
  open(): void {
    this.#mark ??= this.#claim();
  }

  /**
   * Watches these processes from now on. False when one of them ended meanwhile: try again with those that
   * are left. Throws {@link Unsupported} when DAMON is not to be had, or not any more.
   */
  start(pids: readonly number[]): boolean {
    this.open();
    const mark = this.#requireOwn();
    this.stop();
    try {
      this.#configure(pids, mark);
      this.#host.write(STATE, "on");
    } catch (error) {
      if (isInvalid(error) && pids.some((pid) => this.#host.identity(`/proc/${pid}`) === undefined))
        return false;
      this.close();
      throw refused(error);
    }
    this.#pids = pids;
    this.#last = undefined;
    this.#settled = false;
    return true;
  }

  /** Watches nothing, but keeps DAMON. */
  stop(): void {
    this.#pids = [];
    if (this.#mark !== undefined) this.#turnOff();
  }

  /**
   * Bytes of each process that were accessed within a window, averaged over the windows since the last
   * reading. Nothing at the first reading after a start, from which on windows count, and when all the
   * processes have ended. The kernel answers after its next sample: takes up to 0.3 seconds.
   */
  read(): ReadonlyMap<number, number> | undefined {
    if (this.#pids.length === 0) return undefined;
    this.#requireOwn();
    const [before, now] = [this.#last, this.#readStats()];
    if (now === undefined) return undefined;
    const windows = now.windows - (before?.windows ?? now.windows);
    if (before !== undefined && windows <= 0) return undefined;
    this.#last = now;
    if (before === undefined) return undefined;
    this.#settled = true;
    return new Map(
      this.#pids.map((pid, index) => [
        pid,
        Math.round(((now.triedBytes[index] ?? 0) - (before.triedBytes[index] ?? 0)) / windows),
      ]),
    );
  }

  /** Ends the kdamond and gives DAMON back. */
  close(): void {
    const mark = this.#mark;
    this.#mark = undefined;
    this.#pids = [];
    if (mark === undefined || !this.#isOwn(mark)) return;
    this.#turnOff();
    this.#host.write(NR_KDAMONDS, "0");
  }

  #readStats(): Reading | undefined {
    try {
      this.#host.write(STATE, "update_schemes_stats");
    } catch (error) {
      if (!isInvalid(error)) throw error;
      // The kdamond ends by itself when there is no process left.
      this.#pids = [];
      return undefined;
    }
    const numberIn = (index: number, file: string) =>
      Number(this.#host.read(`${schemePath(index)}/stats/${file}`));
    return {
      windows: numberIn(0, "qt_exceeds"),
      triedBytes: this.#pids.map((_, index) => numberIn(index + 1, "sz_tried")),
    };
  }

  /** Takes DAMON if nobody has it. */
  #claim(): DamonMark {
    const mark = markOfProcess(this.#host, "self");
    if (mark === undefined) throw new Unsupported("Cannot use DAMON: /proc/self/stat is not readable");
    const occupancy = readDamonOccupancy(this.#host);
    if (occupancy.kind !== "free") throw new Unsupported(`Cannot use DAMON: ${occupancy.reason}`);
    if (occupancy.orphaned) this.#turnOff();
    try {
      this.#host.write(NR_KDAMONDS, "1");
    } catch (error) {
      throw refused(error);
    }
    try {
      this.#host.write(`${KDAMOND}/contexts/nr_contexts`, "1");
      this.#makeSchemes(1, mark);
    } catch (error) {
      this.#host.write(NR_KDAMONDS, "0");
      throw refused(error);
    }
    return mark;
  }

  #configure(pids: readonly number[], mark: DamonMark): void {
    const available = this.#host.read(`${CONTEXT}/avail_operations`).split("\n");
    if (!available.includes("vaddr"))
      throw new Unsupported(
        `Cannot use DAMON: this kernel watches ${available.filter(Boolean).join(" and ")} only, needs vaddr (CONFIG_DAMON_VADDR)`,
      );
    const most = REGIONS + REGIONS_BY_PROCESS * pids.length;
    this.#set({
      operations: "vaddr",
      "monitoring_attrs/intervals/sample_us": SAMPLE_US,
      "monitoring_attrs/intervals/aggr_us": WINDOW_US,
      "monitoring_attrs/intervals/update_us": UPDATE_US,
      "monitoring_attrs/nr_regions/max": most,
      "monitoring_attrs/nr_regions/min": Math.min(FIRST_REGIONS, Math.floor(most / (2 * pids.length))),
      "targets/nr_targets": pids.length,
    });
    for (const [index, pid] of pids.entries()) this.#set({ [`targets/${index}/pid_target`]: pid });
    this.#makeSchemes(pids.length + 1, mark);
    this.#set(settingsOf(0, CLOCK));
    for (const index of pids.keys()) this.#set(settingsOf(index + 1, ofTarget(index)));
  }

  /** All schemes are new ones then, without a mark. */
  #makeSchemes(count: number, mark: DamonMark): void {
    this.#set({ "schemes/nr_schemes": count });
    writeDamonMark(this.#host, mark);
  }

  #set(values: Readonly<Record<string, string | number>>): void {
    for (const [file, value] of Object.entries(values)) this.#host.write(`${CONTEXT}/${file}`, String(value));
  }

  #turnOff(): void {
    if (this.#host.read(STATE).trim() === "on") this.#host.write(STATE, "off");
  }

  #requireOwn(): DamonMark {
    if (this.#mark !== undefined && this.#isOwn(this.#mark)) return this.#mark;
    this.#mark = undefined;
    throw new Unsupported("Cannot use DAMON any more: something else has set it up anew meanwhile");
  }

  #isOwn(mark: DamonMark): boolean {
    const found = readDamonMark(this.#host);
    return found?.pid === mark.pid && found.started === mark.started;
  }
}

function isInvalid(error: unknown): boolean {
  return error instanceof KernelError && error.code === "EINVAL";
}

function refused(error: unknown): unknown {
  if (!(error instanceof KernelError)) return error;
  const { path, code } = error;
  const reason =
    code === "EBUSY"
      ? "something else uses it (DAMON_RECLAIM, DAMON_LRU_SORT or a kdamond that runs)"
      : code === "EACCES" || code === "EPERM"
        ? "needs root, and a kernel that is not locked down"
        : "needs Linux 6.6";
  return new Unsupported(`Cannot use DAMON: ${code} from ${path}, ${reason}`, { cause: error });
}
