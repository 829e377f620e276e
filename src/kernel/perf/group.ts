import { KernelError } from "../../model/errors.ts";
import type { PerfSyscalls, PerfTarget } from "../../model/host.ts";
import { PERF_EVENT_PATH, perfEventAttr } from "./attr.ts";
import { PERF_TYPE, type PerfEvent } from "./event.ts";

/** Flags of perf_event_open(2). */
const PERF_FLAG_PID_CGROUP = 4;
const PERF_FLAG_FD_CLOEXEC = 8;
const NO_GROUP = -1;

/** A group's reading: u64 `nr`, `time_enabled`, `time_running`, then a value of each event. */
const HEADER_WORDS = 3;
const [ENABLED, RUNNING] = [1, 2];
const WORD_BYTES = 8;
const TWO_TO_32 = 2 ** 32;

/** The group may be too large or of another PMU: the event starts a group of its own. */
const DOES_NOT_FIT: ReadonlySet<string> = new Set(["EINVAL", "ENOSPC"]);
/** The errnos that are about the event, not about the target or the agent. */
const ABOUT_EVENT: ReadonlySet<string> = new Set(["ENOENT", "EINVAL", "ENOSPC", "EOPNOTSUPP", "EBUSY"]);

/** Counts on every host; tells an unknown event from a target on which nothing can be counted. */
const TASK_CLOCK = { type: PERF_TYPE.software, config: 1n, config1: 0n, config2: 0n } as const;

/** What a group counts. */
export interface GroupTarget {
  readonly cpu: number;
  /**
   * Descriptor of a cgroup's directory, which can be closed after opening; what is below counts too.
   * Absent: all that happens on the CPU, or in the unit that the CPU stands for (uncore).
   */
  readonly cgroup?: number;
}

export interface RefusedEvent {
  readonly event: PerfEvent;
  readonly error: KernelError;
}

export interface OpenedGroups {
  /** One, or more when the events do not fit into one. */
  readonly groups: readonly PerfGroup[];
  /** Events that this host does not count; the others do. */
  readonly refused: readonly RefusedEvent[];
}

/** Opens groups of events. All that it opened share one buffer for reading. */
export class PerfGroupOpener {
  readonly #perf: PerfSyscalls;
  readonly #record = new RecordBuffer();

  constructor(perf: PerfSyscalls) {
    this.#perf = perf;
  }

  /**
   * Opens the events on the target, as few groups as possible in the given order. An error that is not
   * about one event is thrown (ENOENT then means that the cgroup is in another hierarchy) and leaves
   * nothing open; so does Unsupported where system calls cannot be made.
   */
  open(events: readonly PerfEvent[], target: GroupTarget): OpenedGroups {
    const opening = new Opening(this.#perf, target);
    try {
      for (const event of events) opening.add(event);
    } catch (error) {
      opening.close();
      throw error;
    }
    const groups = opening.groups.map(
      (members) => new PerfGroup(this.#perf, { cpu: target.cpu, members, record: this.#record }),
    );
    return { groups, refused: opening.refused };
  }
}

interface Member {
  readonly event: PerfEvent;
  readonly descriptor: number;
}

class Opening {
  readonly groups: Member[][] = [];
  readonly refused: RefusedEvent[] = [];
  readonly #perf: PerfSyscalls;
  readonly #target: GroupTarget;

  constructor(perf: PerfSyscalls, target: GroupTarget) {
    this.#perf = perf;
    this.#target = target;
  }

  add(event: PerfEvent): void {
    const attr = perfEventAttr(event);
    try {
      if (!this.#joinLast(event, attr)) {
        this.groups.push([{ event, descriptor: this.#open(attr, NO_GROUP) }]);
      }
    } catch (error) {
      if (!(error instanceof KernelError && ABOUT_EVENT.has(error.code))) throw error;
      // A cgroup that is removed meanwhile says ENOENT too, which must not be held against the event.
      if (this.groups.length === 0 || error.code === "ENOENT") this.#checkTarget();
      this.refused.push({ event, error });
    }
  }

  close(): void {
    for (const members of this.groups) closeAll(this.#perf, members);
  }

  /** False when the event has to start another group. */
  #joinLast(event: PerfEvent, attr: Uint8Array): boolean {
    const group = this.groups.at(-1);
    const leader = group?.[0];
    if (group === undefined || leader === undefined) return false;
    try {
      group.push({ event, descriptor: this.#open(attr, leader.descriptor) });
      return true;
    } catch (error) {
      if (error instanceof KernelError && DOES_NOT_FIT.has(error.code)) return false;
      throw error;
    }
  }

  #checkTarget(): void {
    this.#perf.close(this.#open(perfEventAttr(TASK_CLOCK), NO_GROUP));
  }

  #open(attr: Uint8Array, group: number): number {
    const { cpu, cgroup } = this.#target;
    // Siblings are given the cgroup too: nothing says that they inherit it from the leader.
    const place: Pick<PerfTarget, "pid" | "flags"> =
      cgroup === undefined
        ? { pid: -1, flags: PERF_FLAG_FD_CLOEXEC }
        : { pid: cgroup, flags: PERF_FLAG_PID_CGROUP | PERF_FLAG_FD_CLOEXEC };
    return this.#perf.open(attr, { ...place, cpu, group });
  }
}

/** Where the kernel writes a group's reading; grows with the largest group. */
class RecordBuffer {
  bytes = new Uint8Array(0);
  /** Low and high halves of the words in turn. */
  halves = new Uint32Array(0);

  reserve(words: number): void {
    if (this.bytes.length >= words * WORD_BYTES) return;
    this.bytes = new Uint8Array(new ArrayBuffer(words * WORD_BYTES));
    this.halves = new Uint32Array(this.bytes.buffer);
  }
}

/**
 * Events that count together, and how much they have counted from reading to reading. The kernel's words
 * are compared in halves, so that no bit of a counter above 2^53 is lost, and modulo 2^64.
 */
export class PerfGroup {
  readonly cpu: number;
  readonly events: readonly PerfEvent[];
  /**
   * Increase of each event since the reading before, or since the opening: scaled up by the share of
   * time that it was counting, 0 when it was not counting at all.
   */
  readonly increases: Float64Array;
  /** Nanoseconds since the reading before that the group was wanted, and that it was counting. */
  enabledNs = 0;
  runningNs = 0;
  /** Whether that was ever more than 0. */
  everEnabled = false;
  everRunning = false;
  /** The kernel took the group apart, because its CPU went offline: it never counts again, also when the CPU is back. */
  dissolved = false;
  readonly #perf: PerfSyscalls;
  readonly #record: RecordBuffer;
  readonly #last: Uint32Array;
  /** Software events count whenever their cgroup runs: what is wanted and not counting is none of theirs. */
  readonly #isSoftware: boolean;
  #descriptors: readonly number[];

  constructor(
    perf: PerfSyscalls,
    {
      cpu,
      members,
      record,
    }: { readonly cpu: number; readonly members: readonly Member[]; readonly record: RecordBuffer },
  ) {
    this.#perf = perf;
    this.cpu = cpu;
    this.events = members.map(({ event }) => event);
    this.#descriptors = members.map(({ descriptor }) => descriptor);
    this.#isSoftware = this.events.every(({ type }) => type === PERF_TYPE.software);
    this.increases = new Float64Array(members.length);
    this.#record = record;
    const words = HEADER_WORDS + members.length;
    this.#last = new Uint32Array(2 * words);
    record.reserve(words);
  }

  /** How many times larger the increases were made: 1 when it was always counting, 0 when it was not counting. */
  get factor(): number {
    return this.runningNs === 0 ? 0 : this.enabledNs / this.runningNs;
  }

  get descriptors(): number {
    return this.#descriptors.length;
  }

  /** Reads the group with one system call. Throws {@link KernelError}. */
  read(): void {
    const leader = this.#descriptors[0];
    if (leader === undefined) throw new KernelError("read", `closed ${PERF_EVENT_PATH}`, "EBADF");
    const { bytes, halves } = this.#record;
    const length = this.#perf.read(leader, bytes);
    const count = this.increases.length;
    if (count > 1 && isRecordOf(1, halves, length)) {
      this.#dissolve();
      return;
    }
    // An event that broke reads as nothing: perf_event_open(2).
    if (!isRecordOf(count, halves, length)) throw new KernelError("read", PERF_EVENT_PATH, "EIO");
    this.#takeTimes(halves);
    for (let index = 0; index < count; index++) {
      this.increases[index] = this.#scaled(this.#increase(halves, HEADER_WORDS + index, index));
    }
  }

  /** Leaves out what the group has so far: counting starts from here. Throws {@link KernelError}. */
  skip(): void {
    this.read();
    this.increases.fill(0);
    this.enabledNs = 0;
    this.runningNs = 0;
    this.everEnabled = false;
    this.everRunning = false;
  }

  close(): void {
    closeDescriptors(this.#perf, this.#descriptors);
    this.#descriptors = [];
  }

  /** The last reading: each member alone has what it counted until the CPU went. */
  #dissolve(): void {
    this.dissolved = true;
    const { bytes, halves } = this.#record;
    for (const [index, descriptor] of this.#descriptors.entries()) {
      const length = this.#perf.read(descriptor, bytes);
      const isWhole = isRecordOf(1, halves, length);
      if (index === 0) this.#takeTimes(halves);
      this.increases[index] = isWhole ? this.#scaled(this.#increase(halves, HEADER_WORDS, index)) : 0;
    }
  }

  #takeTimes(halves: Uint32Array): void {
    const enabledNs = this.#increase(halves, ENABLED, ENABLED - HEADER_WORDS);
    this.runningNs = this.#increase(halves, RUNNING, RUNNING - HEADER_WORDS);
    // After events of a cgroup were closed while it was running, Linux (seen with 6.18) may take it for
    // running on that CPU although it is not: events that are opened then seem to be wanted all the time.
    this.enabledNs = this.#isSoftware ? this.runningNs : enabledNs;
    if (this.enabledNs > 0) this.everEnabled = true;
    if (this.runningNs > 0) this.everRunning = true;
  }

  #scaled(counted: number): number {
    const { enabledNs, runningNs } = this;
    if (runningNs === enabledNs) return counted;
    return runningNs === 0 ? 0 : (counted * enabledNs) / runningNs;
  }

  /**
   * How much a word of the record grew. `member`: index of the event it belongs to; negative for the words
   * of the header, counted from its end. A word that fell, which no kernel should show, counts nothing.
   */
  #increase(halves: Uint32Array, word: number, member: number): number {
    const last = this.#last;
    const known = 2 * (HEADER_WORDS + member);
    const low = halves[2 * word] as number;
    const high = halves[2 * word + 1] as number;
    // Differences first: they are exact below 2^53, where sums of halves need not be.
    const lowDifference = low - (last[known] as number);
    const highDifference = (high - (last[known + 1] as number)) | 0;
    const difference = highDifference * TWO_TO_32 + lowDifference;
    last[known] = low;
    last[known + 1] = high;
    return Math.max(0, difference);
  }
}

function isRecordOf(count: number, halves: Uint32Array, length: number): boolean {
  return length === (HEADER_WORDS + count) * WORD_BYTES && halves[0] === count;
}

function closeAll(perf: PerfSyscalls, members: readonly Member[]): void {
  closeDescriptors(
    perf,
    members.map(({ descriptor }) => descriptor),
  );
}

/** Siblings before their leader. */
function closeDescriptors(perf: PerfSyscalls, descriptors: readonly number[]): void {
  for (const descriptor of descriptors.toReversed()) perf.close(descriptor);
}
