import { expect, test } from "bun:test";
import * as os from "node:os";
import { readLayout } from "../../../src/kernel/cgroup/layout.ts";
import {
  explainFailure,
  explainRefusal,
  explainUncountable,
  isForAll,
} from "../../../src/kernel/perf/explain.ts";
import { PerfHierarchy } from "../../../src/kernel/perf/hierarchy.ts";
import { KernelError } from "../../../src/model/errors.ts";
import { tempTree } from "../../support/tree.ts";
import { CYCLES, eventWith, PAGE_FAULTS, RAW } from "./events.ts";

function failure(code: string): KernelError {
  return new KernelError("open", "perf event", code);
}

const PMU = eventWith({ metric: "x", written: "x/msr/tsc/", kind: "pmu", type: 9, config: 0x2an });
const NO_PMU =
  "this host has no PMU that counts it, as virtual machines have only when the hypervisor gives them one";

const REFUSALS = [
  [CYCLES, "ENOENT", `"task_cycles" (type 0, config 0x0): ENOENT, ${NO_PMU}`],
  [RAW, "ENOENT", `"my__r03c0" (type 4, config 0x3c0): ENOENT, ${NO_PMU}`],
  [
    PAGE_FAULTS,
    "ENOENT",
    '"task_page_faults" (type 1, config 0x2): ENOENT, this kernel has no such software event',
  ],
  [PMU, "ENOENT", '"x/msr/tsc/" (type 9, config 0x2a): ENOENT, the PMU of type 9 has no such event'],
  [
    CYCLES,
    "EOPNOTSUPP",
    '"task_cycles" (type 0, config 0x0): EOPNOTSUPP, the PMU cannot count this event in this way',
  ],
  [
    PMU,
    "EINVAL",
    '"x/msr/tsc/" (type 9, config 0x2a): EINVAL, the kernel refuses its settings, or its PMU does not count by cgroup, which those of a whole package do not',
  ],
  [CYCLES, "ENOSPC", '"task_cycles" (type 0, config 0x0): ENOSPC, the PMU has no counter that can count it'],
  [
    CYCLES,
    "EBUSY",
    '"task_cycles" (type 0, config 0x0): EBUSY, somebody else holds the PMU for himself alone',
  ],
  [CYCLES, "EXDEV", '"task_cycles" (type 0, config 0x0): EXDEV'],
] as const;

for (const [event, code, text] of REFUSALS) {
  test(`explainRefusal() of ${code} for ${event.written}`, () => {
    expect(explainRefusal({ event, error: failure(code) })).toBe(`Cannot count event ${text}`);
  });
}

test.each([
  [
    "EACCES",
    true,
    "EACCES, kernel.perf_event_paranoid is 2, and above 0 counting by cgroup or CPU takes CAP_PERFMON (CAP_SYS_ADMIN before Linux 5.8); grant that, or set it to 0",
  ],
  [
    "EPERM",
    true,
    "EPERM, something other than capabilities forbids perf events, such as a seccomp filter (containers have one), a security module or kernel lockdown",
  ],
  [
    "ENOSYS",
    true,
    "ENOSYS, this kernel was built without CONFIG_PERF_EVENTS, or a seccomp filter hides perf_event_open(2)",
  ],
  ["E2BIG", true, "E2BIG, this kernel is older than Linux 2.6.33 and does not know the events' description"],
  [
    "EMFILE",
    false,
    "EMFILE, the agent has as many open files as it may have; raise LimitNOFILE, name fewer events or choose fewer tasks",
  ],
  ["ENFILE", false, "ENFILE, this host has as many open files as fs.file-max allows"],
  ["ENOMEM", false, "ENOMEM, the kernel has no memory left for events"],
  ["ENODEV", false, "ENODEV, the CPU is offline"],
  ["EBADF", false, "EBADF, what was opened as a cgroup's directory is none"],
  ["EIO", false, "EIO, the event does not count any more"],
  ["EXDEV", false, "EXDEV"],
])("explainFailure() of %s", (code, forAll, text) => {
  using tree = tempTree({ "proc/sys/kernel/perf_event_paranoid": "2\n" });
  expect(explainFailure(failure(code), 'perf events of task "a"', tree.host)).toBe(
    `Cannot open perf events of task "a": ${text}`,
  );
  expect(isForAll(failure(code))).toBe(forAll);
  // Each of them is an errno of this kernel.
  expect(os.constants.errno).toHaveProperty(code);
});

test("explainFailure() does without perf_event_paranoid", () => {
  using tree = tempTree({});
  expect(explainFailure(failure("EACCES"), "all", tree.host)).toStartWith(
    "Cannot open all: EACCES, kernel.perf_event_paranoid is unknown, and",
  );
});

test("explainFailure() leaves an error of a directory as it is", () => {
  using tree = tempTree({});
  const error = new KernelError("open", "/sys/fs/cgroup/a", "EACCES");
  expect([explainFailure(error, "all", tree.host), isForAll(error)]).toEqual([error.message, false]);
  expect(isForAll(new Error("EACCES"))).toBe(false);
});

test.each([
  [
    "\n",
    "which v2 trees say in which no controller was ever switched on: echo +pids > /sys/fs/cgroup/cgroup.subtree_control",
  ],
  ["pids\n", "it was removed, or perf_event is in another hierarchy than /sys/fs/cgroup by now"],
])("explainUncountable() with subtree_control %j", (control, text) => {
  using tree = tempTree({
    "proc/self/mounts": "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
    "proc/cgroups": "perf_event\t0\t1\t1\n",
    "sys/fs/cgroup/cgroup.subtree_control": control,
  });
  const hierarchy = new PerfHierarchy(tree.host, readLayout(tree.host));
  expect(explainUncountable("/sys/fs/cgroup/a", hierarchy)).toBe(
    `Cannot open perf events of cgroup "/sys/fs/cgroup/a": ENOENT, ${text}`,
  );
});
