import { KernelError } from "../../src/model/errors.ts";
import type { PerfSyscalls, PerfTarget } from "../../src/model/host.ts";

const CGROUP = 4;
const CLOEXEC = 8;
const TWO_TO_64 = 1n << 64n;
/** Sizes of struct perf_event_attr that kernels have had; this one knows no longer one. */
const ATTR_SIZES: ReadonlySet<number> = new Set([64, 72, 80, 96, 104, 112, 120, 128]);
/** TOTAL_TIME_ENABLED, TOTAL_TIME_RUNNING and GROUP. */
const READ_FORMAT = 11n;
const SOFTWARE = 1;
const PERF_COUNT_SW_MAX = 12n;

export interface FakePerfOptions {
  /** Default: 0 and 1. */
  readonly onlineCpus?: readonly number[];
  /** Events beside the software ones, as `type:config`; `true` for all. Default: none, no PMU. */
  readonly events?: readonly string[] | true;
  /** Events, as `type:config`, and the errno that opening them gives. */
  readonly errors?: Readonly<Record<string, string>>;
  /** How many events that are not software fit into one group. Default: 4. */
  readonly counters?: number;
  /** Descriptors that the process may have. Default: 1000. */
  readonly descriptors?: number;
  /** What every opening gives, such as EACCES. */
  readonly refusal?: string;
  /** Paths of cgroups of the hierarchy of perf_event. */
  readonly cgroups?: readonly string[];
  /** Directories that are there but in no cgroup hierarchy of perf_event. */
  readonly foreign?: readonly string[];
}

/** What happened in a cgroup, or on the CPU as a whole. */
export interface Activity {
  readonly cpu: number;
  /** Directory of the cgroup; its parents count it too. Absent: only what counts the whole CPU. */
  readonly cgroup?: string;
  readonly ns: bigint;
  /** Share of the time in which hardware groups had their counters. Default: 1. */
  readonly share?: number;
  /** By `type:config`; what is not named does not happen. */
  readonly counts?: Readonly<Record<string, bigint>>;
}

interface Group {
  readonly cpu: number;
  /** Nothing for the whole CPU. */
  readonly cgroup: string | undefined;
  enabled: bigint;
  running: bigint;
  readonly members: { readonly descriptor: number; readonly event: string; value: bigint }[];
  /** Its CPU went offline: the events of the descriptors never count again. */
  frozen: boolean;
}

/** One opening, as the kernel saw it. */
export interface Opened {
  readonly event: string;
  readonly target: PerfTarget;
  readonly flags: bigint;
}

/**
 * Perf events as the kernel has them, without a PMU: groups, errnos in the kernel's order, multiplexing,
 * counters of 64 bits, CPUs that come and go, a limit of descriptors. Nothing counts by itself, see `run`.
 */
export class FakePerf implements PerfSyscalls {
  readonly opened: Opened[] = [];
  reads = 0;
  refusal: string | undefined;
  descriptors: number;
  readonly cgroups: Set<string>;
  readonly foreign: Set<string>;
  /** What a counter has when it is opened; the kernel's start at 0. */
  startValue = 0n;
  /**
   * How long a group of a cgroup seems to have been wanted when it is opened: with Linux (seen with 6.18) it can
   * be more than 0 when other events of the cgroup were closed before.
   */
  startEnabledNs = 0n;
  readonly #options: FakePerfOptions;
  readonly #online: Set<number>;
  readonly #directories = new Map<number, string>();
  readonly #groups = new Map<number, Group>();
  #next = 100;

  constructor(options: FakePerfOptions = {}) {
    this.#options = options;
    this.#online = new Set(options.onlineCpus ?? [0, 1]);
    this.refusal = options.refusal;
    this.descriptors = options.descriptors ?? 1000;
    this.cgroups = new Set(options.cgroups);
    this.foreign = new Set(options.foreign);
  }

  /** Descriptors that are open: events and directories. */
  get openDescriptors(): number {
    return this.#directories.size + this.#groups.size;
  }

  open(attr: Uint8Array, target: PerfTarget): number {
    const { event, flags } = this.#checkAttr(attr);
    if (this.refusal !== undefined) throw fail(this.refusal);
    if ((target.flags & ~(CGROUP | CLOEXEC)) !== 0) throw fail("EINVAL");
    const cgroup = this.#cgroupOf(target);
    const leader = target.group === -1 ? undefined : this.#groups.get(target.group);
    if (target.group !== -1 && leader === undefined) throw fail("EBADF");
    this.#takeDescriptor();
    if (cgroup !== undefined && !this.cgroups.has(cgroup)) throw fail("ENOENT");
    this.#checkEvent(event);
    if (!this.#online.has(target.cpu)) throw fail("ENODEV");
    if (leader !== undefined) this.#checkGroup(leader, { event, target, cgroup });
    const descriptor = this.#next++;
    const group = leader ?? newGroup(target.cpu, cgroup, cgroup === undefined ? 0n : this.startEnabledNs);
    group.members.push({ descriptor, event, value: this.startValue });
    this.#groups.set(descriptor, group);
    this.opened.push({ event, target, flags });
    return descriptor;
  }

  read(descriptor: number, into: Uint8Array): number {
    const group = this.#groups.get(descriptor);
    if (group === undefined) throw new KernelError("read", "perf event", "EBADF");
    // A CPU that goes offline takes its groups apart (perf_event_exit_cpu): each event stands alone then.
    const leads = group.members[0]?.descriptor === descriptor && !group.frozen;
    const members = leads ? group.members : group.members.filter((each) => each.descriptor === descriptor);
    const words = [
      BigInt(members.length),
      group.enabled,
      group.running,
      ...members.map(({ value }) => value),
    ];
    if (into.length < words.length * 8) throw new KernelError("read", "perf event", "ENOSPC");
    const view = new DataView(into.buffer, into.byteOffset);
    for (const [index, word] of words.entries()) view.setBigUint64(index * 8, word % TWO_TO_64, true);
    this.reads++;
    return words.length * 8;
  }

  openDirectory(path: string): number {
    if (!this.cgroups.has(path) && !this.foreign.has(path)) throw new KernelError("open", path, "ENOENT");
    this.#takeDescriptor(path);
    this.#directories.set(this.#next, path);
    return this.#next++;
  }

  close(descriptor: number): void {
    if (this.#directories.delete(descriptor)) return;
    const group = this.#groups.get(descriptor);
    if (group === undefined) throw new Error(`close(${descriptor}): EBADF`);
    this.#groups.delete(descriptor);
    group.members.splice(
      group.members.findIndex((member) => member.descriptor === descriptor),
      1,
    );
  }

  /** Lets something run. */
  run({ cpu, cgroup, ns, share = 1, counts = {} }: Activity): void {
    for (const group of new Set(this.#groups.values())) {
      if (group.frozen || group.cpu !== cpu || !counted(group, cgroup)) continue;
      const hardware = group.members.some(({ event }) => !isSoftware(event));
      const part = (whole: bigint) =>
        hardware && share !== 1 ? BigInt(Math.round(Number(whole) * share)) : whole;
      group.enabled += ns;
      group.running += part(ns);
      for (const member of group.members) {
        member.value += part(counts[member.event] ?? (member.event === "1:1" ? ns : 0n));
      }
    }
  }

  /** A CPU goes: what counts on it stands still from now on. */
  offline(cpu: number): void {
    this.#online.delete(cpu);
    for (const group of this.#groups.values()) if (group.cpu === cpu) group.frozen = true;
  }

  online(cpu: number): void {
    this.#online.add(cpu);
  }

  #checkAttr(attr: Uint8Array): { readonly event: string; readonly flags: bigint } {
    const view = new DataView(attr.buffer, attr.byteOffset);
    const size = view.getUint32(4, true);
    if (!ATTR_SIZES.has(size) || size > attr.length) throw fail("E2BIG");
    const others = [
      view.getBigUint64(16, true),
      view.getBigUint64(24, true),
      BigInt(view.getUint32(48, true)),
    ];
    if (view.getBigUint64(32, true) !== READ_FORMAT || others.some((word) => word !== 0n))
      throw fail("EINVAL");
    return {
      event: `${view.getUint32(0, true)}:${view.getBigUint64(8, true)}`,
      flags: view.getBigUint64(40, true),
    };
  }

  #cgroupOf({ pid, cpu, flags }: PerfTarget): string | undefined {
    if ((flags & CGROUP) === 0) {
      // Whole CPUs only: processes are not simulated.
      if (pid !== -1) throw fail("ESRCH");
      return undefined;
    }
    if (pid === -1 || cpu === -1) throw fail("EINVAL");
    const path = this.#directories.get(pid);
    if (path === undefined) throw fail("EBADF");
    return path;
  }

  #checkEvent(event: string): void {
    const errno = this.#options.errors?.[event];
    if (errno !== undefined) throw fail(errno);
    const { events = [] } = this.#options;
    const [type, config] = event.split(":");
    const known =
      Number(type) === SOFTWARE
        ? BigInt(config ?? 0) < PERF_COUNT_SW_MAX
        : events === true || events.includes(event);
    if (!known) throw fail("ENOENT");
  }

  #checkGroup(
    leader: Group,
    {
      event,
      target,
      cgroup,
    }: { readonly event: string; readonly target: PerfTarget; readonly cgroup: string | undefined },
  ): void {
    if (leader.members[0]?.descriptor !== target.group) throw fail("EINVAL");
    if (leader.cpu !== target.cpu || leader.cgroup !== cgroup) throw fail("EINVAL");
    const hardware = [...leader.members.map((member) => member.event), event].filter(
      (each) => !isSoftware(each),
    );
    if (hardware.length > (this.#options.counters ?? 4)) throw fail("EINVAL");
  }

  #takeDescriptor(path = "perf event"): void {
    if (this.openDescriptors >= this.descriptors) throw new KernelError("open", path, "EMFILE");
  }
}

function newGroup(cpu: number, cgroup: string | undefined, enabled: bigint): Group {
  return { cpu, cgroup, enabled, running: 0n, members: [], frozen: false };
}

function counted(group: Group, cgroup: string | undefined): boolean {
  if (group.cgroup === undefined) return true;
  return cgroup === group.cgroup || cgroup?.startsWith(`${group.cgroup}/`) === true;
}

function isSoftware(event: string): boolean {
  return event.startsWith(`${SOFTWARE}:`);
}

function fail(code: string): KernelError {
  return new KernelError("open", "perf event", code);
}
