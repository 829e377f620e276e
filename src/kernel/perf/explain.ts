import { KernelError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import { PERF_EVENT_PATH } from "./attr.ts";
import type { PerfEvent } from "./event.ts";
import type { RefusedEvent } from "./group.ts";
import type { PerfHierarchy } from "./hierarchy.ts";

/** What errnos of perf_event_open(2) say about one event, when the target counts others. */
const ABOUT_EVENT: Readonly<Record<string, (event: PerfEvent) => string>> = {
  ENOENT: ({ kind, type }) => NO_SUCH_EVENT[kind](type),
  EOPNOTSUPP: () => "the PMU cannot count this event in this way",
  EINVAL: () =>
    "the kernel refuses its settings, or its PMU does not count by cgroup, which those of a whole package do not",
  ENOSPC: () => "the PMU has no counter that can count it",
  EBUSY: () => "somebody else holds the PMU for himself alone",
};

const NO_PMU =
  "this host has no PMU that counts it, as virtual machines have only when the hypervisor gives them one";

const NO_SUCH_EVENT: Readonly<Record<PerfEvent["kind"], (type: number) => string>> = {
  hardware: () => NO_PMU,
  raw: () => NO_PMU,
  software: () => "this kernel has no such software event",
  pmu: (type) => `the PMU of type ${type} has no such event`,
};

/** What errnos say about the agent or the host: no event can be opened until somebody acts. */
const ABOUT_AGENT: Readonly<Record<string, (host: Host) => string>> = {
  EACCES: (host) =>
    `kernel.perf_event_paranoid is ${paranoidOf(host)}, and above 0 counting by cgroup or CPU takes CAP_PERFMON (CAP_SYS_ADMIN before Linux 5.8); grant that, or set it to 0`,
  EPERM: () =>
    "something other than capabilities forbids perf events, such as a seccomp filter (containers have one), a security module or kernel lockdown",
  ENOSYS: () =>
    "this kernel was built without CONFIG_PERF_EVENTS, or a seccomp filter hides perf_event_open(2)",
  E2BIG: () => "this kernel is older than Linux 2.6.33 and does not know the events' description",
};

/** What errnos say about the moment: it may be different in a later round. */
const ABOUT_MOMENT: Readonly<Record<string, string>> = {
  EMFILE:
    "the agent has as many open files as it may have; raise LimitNOFILE, name fewer events or choose fewer tasks",
  ENFILE: "this host has as many open files as fs.file-max allows",
  ENOMEM: "the kernel has no memory left for events",
  ENODEV: "the CPU is offline",
  EBADF: "what was opened as a cgroup's directory is none",
  EIO: "the event does not count any more",
};

/** Why the event cannot be counted here, in plain words. */
export function explainRefusal({ event, error }: RefusedEvent): string {
  return `Cannot count event "${event.written}" (type ${event.type}, config 0x${event.config.toString(16)}): ${withErrno(error.code, ABOUT_EVENT[error.code]?.(event))}`;
}

/** True when no event can be opened until somebody changes the agent's rights or the kernel. */
export function isForAll(error: unknown): boolean {
  return (
    error instanceof KernelError && error.path === PERF_EVENT_PATH && Object.hasOwn(ABOUT_AGENT, error.code)
  );
}

/** Why nothing could be opened or read, in plain words. `what`: `perf events of cgroup "/a"`. */
export function explainFailure(error: KernelError, what: string, host: Host): string {
  const { code, path } = error;
  if (path !== PERF_EVENT_PATH) return error.message;
  return `Cannot open ${what}: ${withErrno(code, ABOUT_AGENT[code]?.(host) ?? ABOUT_MOMENT[code])}`;
}

/** Why not even the software event task-clock is to be had in a cgroup that is there. */
export function explainUncountable(directory: string, hierarchy: PerfHierarchy): string {
  const { mount, toSwitchOn } = hierarchy;
  const why =
    toSwitchOn === undefined
      ? `it was removed, or perf_event is in another hierarchy than ${mount} by now`
      : `which v2 trees say in which no controller was ever switched on: echo +${toSwitchOn} > ${mount}/cgroup.subtree_control`;
  return `Cannot open perf events of cgroup "${directory}": ENOENT, ${why}`;
}

function withErrno(code: string, meaning: string | undefined): string {
  return meaning === undefined ? code : `${code}, ${meaning}`;
}

function paranoidOf(host: Host): string {
  try {
    return host.read("/proc/sys/kernel/perf_event_paranoid").trim();
  } catch (error) {
    if (error instanceof KernelError) return "unknown";
    throw error;
  }
}
