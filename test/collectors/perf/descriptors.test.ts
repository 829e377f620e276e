import { expect, test } from "bun:test";
import fc from "fast-check";
import { Unsupported } from "../../../src/model/errors.ts";
import type { Task } from "../../../src/model/task.ts";
import { MOUNT, type PerfMachine, perfMachine, platformWith, task } from "./perf-machine.ts";

const NAMES = ["a", "b", "c", "a/x", "c/y"];
const EVENTS = ["task_cycles", "task_instructions", "task_cache_misses", "task_page_faults"];
const CPUS = [0, 1, 2, 3];

/** Nothing in most of the rounds. */
function seldom<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
}

const someOf = <T>(values: readonly T[]) => fc.subarray([...values]);

/** A task of a cgroup that may have been made again, of containers that may be elsewhere or nowhere. */
const someTask = fc.record({
  id: fc.constantFrom("a", "b", "c", "none"),
  identity: fc.integer({ min: 1, max: 2 }),
  subcgroupPaths: someOf(["/a/x", "/c/y", "/b"]),
});

/** What happens before a round, and what the round finds. */
const someRound = fc.record({
  tasks: fc.uniqueArray(someTask, { selector: ({ id }) => id, maxLength: 4 }),
  cgroups: seldom(someOf(NAMES)),
  /** Online when events are opened; the round may have an older list. */
  online: someOf(CPUS),
  listed: fc.oneof(someOf(CPUS), fc.constant("unknown" as const)),
  descriptors: seldom(fc.integer({ min: 0, max: 30 })),
  refusal: seldom(fc.constantFrom("EACCES", "ENOMEM", "EBADF", "EIO")),
  /** Which system call of the round meets another state than the first one did. */
  cut: seldom(fc.integer({ min: 0, max: 20 })),
  /** Readings fail from this one on. */
  brokenRead: seldom(fc.integer({ min: 0, max: 10 })),
});

type History = typeof someRound extends fc.Arbitrary<infer Each> ? Partial<Each> : never;

/** Puts the faults of the round between the collector and the fake. */
function injectFaults({ perf }: PerfMachine): (history: History) => void {
  let now: History | undefined;
  let opens = 0;
  let reads = 0;
  const [open, read] = [perf.open.bind(perf), perf.read.bind(perf)];
  perf.open = (attr, target) => {
    if (opens++ === now?.cut) {
      perf.cgroups.clear();
      perf.refusal = now.refusal;
    }
    return open(attr, target);
  };
  perf.read = (descriptor, into) =>
    now?.brokenRead !== undefined && reads++ >= now.brokenRead ? 0 : read(descriptor, into);
  return (history) => {
    now = history;
    opens = 0;
    reads = 0;
    perf.refusal = history.cut === undefined ? history.refusal : undefined;
    perf.descriptors = history.descriptors ?? 1000;
    perf.cgroups.clear();
    for (const name of history.cgroups ?? NAMES) perf.cgroups.add(`${MOUNT}/${name}`);
    for (const cpu of CPUS) {
      if ((history.online ?? CPUS).includes(cpu)) perf.online(cpu);
      else perf.offline(cpu);
    }
  };
}

function roundOf(
  machine: PerfMachine,
  tasks: readonly Task[],
  listed: readonly number[] | "unknown" = [],
): void {
  try {
    machine.round(tasks, listed === "unknown" ? listed : platformWith(...listed));
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
  }
}

test("PerfCollector has claimed exactly what it has open, whatever happened (fake system calls)", () => {
  let watched = 0;
  fc.assert(
    fc.property(
      fc.array(someRound, { minLength: 1, maxLength: 12 }),
      fc.constantFrom(10_000, 20, 9),
      (histories, keptFilesLimit) => {
        using machine = perfMachine({
          options: { event_names: EVENTS },
          cgroups: NAMES,
          keptFilesLimit,
          perf: { onlineCpus: CPUS, counters: 2 },
        });
        const { perf, tree } = machine;
        const begin = injectFaults(machine);
        const claimed = () => keptFilesLimit - tree.host.freeDescriptors;
        for (const history of histories) {
          begin(history);
          const tasks = (history.tasks ?? []).map(({ id, ...parts }) => task(id, parts));
          roundOf(machine, tasks, history.listed);
          expect(perf.openDescriptors).toBe(claimed());
          if (perf.openDescriptors > 0) watched++;
        }
        if (histories.length % 2 === 0) machine.collector.close();
        else {
          begin({});
          machine.round([], platformWith(0));
        }
        expect([perf.openDescriptors, claimed()]).toEqual([0, 0]);
      },
    ),
    { numRuns: 100 },
  );
  expect(watched).toBeGreaterThan(30);
});
