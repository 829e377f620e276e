import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { PerfEvent } from "../../../src/kernel/perf/event.ts";
import { type GroupTarget, type PerfGroup, PerfGroupOpener } from "../../../src/kernel/perf/group.ts";
import { KernelError } from "../../../src/model/errors.ts";
import { FakePerf, type FakePerfOptions } from "../../support/fake-perf.ts";
import {
  CYCLES,
  eventWith,
  INSTRUCTIONS,
  MISSES,
  PAGE_FAULTS,
  RAW,
  REFERENCES,
  TASK_CLOCK,
} from "./events.ts";

const CGROUP = "/cg/a";
const HARDWARE = ["0:0", "0:1", "0:2", "0:3", "4:960"];

function fakeWith(options: FakePerfOptions = {}): { readonly perf: FakePerf; readonly cgroup: number } {
  const perf = new FakePerf({ events: HARDWARE, cgroups: [CGROUP], ...options });
  return { perf, cgroup: perf.openDirectory(CGROUP) };
}

function openOn(perf: FakePerf, events: readonly PerfEvent[], target: GroupTarget) {
  return new PerfGroupOpener(perf).open(events, target);
}

/** The one group that the events are in. */
function groupOf(perf: FakePerf, events: readonly PerfEvent[], target: GroupTarget): PerfGroup {
  const { groups } = openOn(perf, events, target);
  expect(groups.length).toBe(1);
  return groups[0] as PerfGroup;
}

describe("PerfGroupOpener.open() (fake system calls)", () => {
  test("gives every member of a cgroup's group the cgroup and its leader", () => {
    const { perf, cgroup } = fakeWith();
    openOn(perf, [CYCLES, INSTRUCTIONS, TASK_CLOCK], { cpu: 1, cgroup });
    const place = { pid: cgroup, cpu: 1, flags: 4 | 8 };
    const [leader, ...others] = perf.opened.map(({ event, target }) => ({ event, target }));
    expect(leader).toEqual({ event: "0:0", target: { ...place, group: -1 } });
    expect(others).toEqual([
      { event: "0:1", target: { ...place, group: cgroup + 1 } },
      { event: "1:1", target: { ...place, group: cgroup + 1 } },
    ]);
  });

  test("counts a whole CPU without a cgroup", () => {
    const perf = new FakePerf({ events: true });
    const unit = eventWith({ metric: "reads", kind: "pmu", type: 17, config: 0x304n });
    const group = groupOf(perf, [unit], { cpu: 0 });
    expect(perf.opened.map(({ target }) => target)).toEqual([{ pid: -1, cpu: 0, group: -1, flags: 8 }]);
    perf.run({ cpu: 0, ns: 1000n, counts: { "17:772": 70n } });
    perf.run({ cpu: 1, ns: 1000n, counts: { "17:772": 900n } });
    group.read();
    expect([...group.increases]).toEqual([70]);
  });

  test("starts a further group with what does not fit, and counts all of it", () => {
    const { perf, cgroup } = fakeWith({ counters: 2 });
    const { groups, refused } = openOn(perf, [CYCLES, INSTRUCTIONS, REFERENCES, MISSES, RAW], {
      cpu: 0,
      cgroup,
    });
    expect(refused).toEqual([]);
    expect(groups.map(({ events }) => events.map(({ metric }) => metric))).toEqual([
      ["task_cycles", "task_instructions"],
      ["task_cache_references", "task_cache_misses"],
      ["my__r03c0"],
    ]);
    perf.run({
      cpu: 0,
      cgroup: CGROUP,
      ns: 10n,
      counts: { "0:0": 1n, "0:1": 2n, "0:2": 3n, "0:3": 4n, "4:960": 5n },
    });
    for (const group of groups) group.read();
    expect(groups.map(({ increases }) => [...increases])).toEqual([[1, 2], [3, 4], [5]]);
  });

  test.each(["ENOENT", "EOPNOTSUPP", "EINVAL", "ENOSPC", "EBUSY"])(
    "leaves out the one event that is refused with %s, whichever place it has",
    (errno) => {
      for (const events of [
        [INSTRUCTIONS, CYCLES, TASK_CLOCK],
        [CYCLES, INSTRUCTIONS, TASK_CLOCK],
        [CYCLES, TASK_CLOCK, INSTRUCTIONS],
      ]) {
        const { perf, cgroup } = fakeWith({ errors: { "0:1": errno } });
        const { groups, refused } = openOn(perf, events, { cpu: 0, cgroup });
        expect(refused).toEqual([
          { event: INSTRUCTIONS, error: new KernelError("open", "perf event", errno) },
        ]);
        expect(groups.flatMap((group) => group.events)).toEqual(
          events.filter((event) => event !== INSTRUCTIONS),
        );
        expect(groups.length).toBe(1);
        for (const group of groups) group.close();
        perf.close(cgroup);
        expect(perf.openDescriptors).toBe(0);
      }
    },
  );

  test("refuses every event of a host without a PMU when the cgroup itself can be counted", () => {
    const { perf, cgroup } = fakeWith({ events: [] });
    const { groups, refused } = openOn(perf, [CYCLES, INSTRUCTIONS], { cpu: 0, cgroup });
    expect([groups, refused.map(({ event, error }) => [event.metric, error.code])]).toEqual([
      [],
      [
        ["task_cycles", "ENOENT"],
        ["task_instructions", "ENOENT"],
      ],
    ]);
    expect(perf.openDescriptors).toBe(1);
  });

  test("throws ENOENT when the directory is in another hierarchy", () => {
    const perf = new FakePerf({ foreign: ["/other"], events: HARDWARE });
    const cgroup = perf.openDirectory("/other");
    for (const event of [CYCLES, TASK_CLOCK]) {
      expect(() => openOn(perf, [event], { cpu: 0, cgroup })).toThrow(
        new KernelError("open", "perf event", "ENOENT"),
      );
    }
    expect(perf.openDescriptors).toBe(1);
  });

  test("throws ENOENT when the cgroup is removed in the middle, and blames no event", () => {
    for (const opened of [1, 2, 3]) {
      const { perf, cgroup } = fakeWith({ counters: 2 });
      const open = perf.open.bind(perf);
      perf.open = (attr, target) => {
        if (perf.opened.length === opened) perf.cgroups.delete(CGROUP);
        return open(attr, target);
      };
      expect(() => openOn(perf, [CYCLES, INSTRUCTIONS, REFERENCES, MISSES], { cpu: 0, cgroup })).toThrow(
        new KernelError("open", "perf event", "ENOENT"),
      );
      expect([perf.opened.length, perf.openDescriptors]).toEqual([opened, 1]);
    }
  });

  test("throws EBADF when the descriptor is no directory", () => {
    const { perf } = fakeWith();
    expect(() => openOn(perf, [TASK_CLOCK], { cpu: 0, cgroup: 9999 })).toThrow("EBADF");
  });

  test("throws ENODEV on a CPU that is offline", () => {
    const { perf, cgroup } = fakeWith({ onlineCpus: [0] });
    expect(() => openOn(perf, [TASK_CLOCK], { cpu: 1, cgroup })).toThrow("ENODEV");
  });

  test.each(["EACCES", "EPERM", "EMFILE", "ENFILE", "ENOMEM", "E2BIG", "ENOSYS", "ENODEV"])(
    "closes what it has opened when %s comes in the middle",
    (errno) => {
      for (const failing of ["0:2", "0:3"]) {
        const { perf, cgroup } = fakeWith({ errors: { [failing]: errno }, counters: 2 });
        expect(() => openOn(perf, [CYCLES, INSTRUCTIONS, REFERENCES, MISSES], { cpu: 0, cgroup })).toThrow(
          new KernelError("open", "perf event", errno),
        );
        expect([perf.opened.length > 0, perf.openDescriptors]).toEqual([true, 1]);
      }
    },
  );

  test("leaves nothing open when descriptors run out", () => {
    const { perf, cgroup } = fakeWith({ descriptors: 4 });
    expect(() => openOn(perf, [CYCLES, INSTRUCTIONS, REFERENCES, MISSES], { cpu: 0, cgroup })).toThrow(
      "EMFILE",
    );
    expect(perf.openDescriptors).toBe(1);
  });
});

describe("PerfGroup.read() (fake system calls)", () => {
  /** [raw, enabled, running] of one reading. */
  const SCALED: readonly (readonly [string, readonly [bigint, bigint, bigint], number, number])[] = [
    ["half of the time", [300n, 200n, 100n], 600, 2],
    ["all of the time", [300n, 200n, 200n], 300, 1],
    ["never", [0n, 200n, 0n], 0, 0],
    ["not at all, since nothing ran", [0n, 0n, 0n], 0, 0],
    ["two thirds of the time", [5n, 3n, 2n], 7.5, 1.5],
  ];
  test.each(SCALED)("scales what was counted %s", (_, [raw, enabled, running], increase, factor) => {
    const perf = new ScriptedPerf();
    const group = groupOf(perf, [CYCLES], { cpu: 0 });
    perf.record = [1n, enabled, running, raw];
    group.read();
    expect([[...group.increases], group.factor]).toEqual([[increase], factor]);
    expect([group.everEnabled, group.everRunning]).toEqual([enabled > 0n, running > 0n]);
  });

  test("never scales software events, whose time the kernel may tell wrongly", () => {
    const perf = new ScriptedPerf();
    const group = groupOf(perf, [TASK_CLOCK, PAGE_FAULTS], { cpu: 0 });
    // Seen with Linux 6.18: wanted all the time, although nothing of the cgroup was on the CPU.
    perf.record = [2n, 13_282_076n, 0n, 0n, 0n];
    group.read();
    expect([[...group.increases], group.factor, group.everEnabled]).toEqual([[0, 0], 0, false]);
    perf.record = [2n, 18_838_175n, 100_000n, 100_000n, 7n];
    group.read();
    expect([[...group.increases], group.factor, group.everEnabled]).toEqual([[100_000, 7], 1, true]);
  });

  test("reads three values of a real machine, with its factor", () => {
    const perf = new ScriptedPerf();
    const group = groupOf(perf, [CYCLES, INSTRUCTIONS, MISSES], { cpu: 0 });
    perf.record = [3n, 0x129ffefb2n, 0x95081307n, 0x44bf1b286n, 0x2435f74ben, 0x15a5f0n];
    group.read();
    expect([...group.increases].map(Math.round)).toEqual([36900158682, 19436397211, 2836869]);
    expect(group.factor).toBe(1.9995750600302817);
  });

  test("scales the increase of each reading by the times of that reading alone", () => {
    const { perf, cgroup } = fakeWith();
    const group = groupOf(perf, [CYCLES, INSTRUCTIONS], { cpu: 0, cgroup });
    const counts = { "0:0": 1000n, "0:1": 4000n };
    perf.run({ cpu: 0, cgroup: CGROUP, ns: 100n, counts });
    group.read();
    expect([[...group.increases], group.factor]).toEqual([[1000, 4000], 1]);
    perf.run({ cpu: 0, cgroup: CGROUP, ns: 100n, share: 0.25, counts });
    group.read();
    expect([[...group.increases], group.factor]).toEqual([[1000, 4000], 4]);
    perf.run({ cpu: 0, cgroup: CGROUP, ns: 100n, share: 0, counts });
    group.read();
    expect([[...group.increases], group.factor, group.enabledNs, group.runningNs]).toEqual([
      [0, 0],
      0,
      100,
      0,
    ]);
    group.read();
    expect([[...group.increases], group.factor, group.enabledNs, group.runningNs]).toEqual([[0, 0], 0, 0, 0]);
    expect([group.everEnabled, group.everRunning]).toEqual([true, true]);
  });

  const LARGE: readonly (readonly [string, bigint, bigint, number])[] = [
    ["above 2^53", (1n << 53n) + 1n, (1n << 53n) + 4n, 3],
    ["above 2^63", (1n << 63n) - 5n, (1n << 63n) + 6n, 11],
    ["at the end of the low half", 0xffff_ffffn, 0x1_0000_0000n, 1],
    ["at 2^64, where it wraps", (1n << 64n) - 3n, 4n, 7],
    ["that is larger than 2^32", 1n << 60n, (1n << 60n) + (1n << 45n) + 1n, 2 ** 45 + 1],
    ["that fell", 1000n, 999n, 0],
    ["that fell to 0", 1n << 50n, 0n, 0],
  ];
  test.each(LARGE)("tells the exact increase of a counter %s", (_, first, second, increase) => {
    const perf = new ScriptedPerf();
    const group = groupOf(perf, [CYCLES], { cpu: 0 });
    perf.record = [1n, 10n, 10n, first];
    group.read();
    perf.record = [1n, 20n, 20n, second];
    group.read();
    expect([...group.increases]).toEqual([increase]);
  });

  test("tells the exact increase of any counter", () => {
    const start = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
    const growth = fc.bigInt({ min: 0n, max: (1n << 53n) - 1n });
    fc.assert(
      fc.property(start, growth, (first, by) => {
        const perf = new ScriptedPerf();
        const group = groupOf(perf, [CYCLES], { cpu: 0 });
        perf.record = [1n, 10n, 10n, first];
        group.read();
        perf.record = [1n, 20n, 20n, BigInt.asUintN(64, first + by)];
        group.read();
        expect([...group.increases]).toEqual([Number(by)]);
      }),
    );
  });

  test("takes one system call, into a buffer that it shares with larger groups", () => {
    const { perf, cgroup } = fakeWith();
    const opener = new PerfGroupOpener(perf);
    const [small] = opener.open([PAGE_FAULTS], { cpu: 0, cgroup }).groups;
    const [large] = opener.open([CYCLES, INSTRUCTIONS, MISSES], { cpu: 0, cgroup }).groups;
    perf.run({ cpu: 0, cgroup: CGROUP, ns: 5n, counts: { "1:2": 3n, "0:0": 1n } });
    small?.read();
    large?.read();
    expect([perf.reads, [...(small?.increases ?? [])], [...(large?.increases ?? [])]]).toEqual([
      2,
      [3],
      [1, 0, 0],
    ]);
  });

  test("throws when the kernel gives another number of events, or none", () => {
    const perf = new ScriptedPerf();
    const group = groupOf(perf, [CYCLES, MISSES], { cpu: 0 });
    for (const record of [[1n, 1n, 1n, 5n, 6n], [3n, 1n, 1n, 5n, 6n], []]) {
      perf.record = record;
      expect(() => group.read()).toThrow(new KernelError("read", "perf event", "EIO"));
    }
  });

  test("takes what each member counted last when its CPU went and the group was taken apart", () => {
    const perf = new FakePerf({ cgroups: ["/c"], events: true });
    const cgroup = perf.openDirectory("/c");
    const { groups } = new PerfGroupOpener(perf).open([CYCLES, MISSES], { cpu: 1, cgroup });
    const [group] = groups;
    const work = (cycles: bigint) =>
      perf.run({ cpu: 1, cgroup: "/c", ns: 10n, share: 0.5, counts: { "0:0": cycles, "0:3": 6n } });
    work(4n);
    group?.read();
    work(8n);
    perf.offline(1);
    work(100n);
    group?.read();
    expect([[...(group?.increases ?? [])], group?.factor, group?.dissolved]).toEqual([[8, 6], 2, true]);
    group?.read();
    expect([[...(group?.increases ?? [])], group?.factor]).toEqual([[0, 0], 0]);
  });

  test("throws EBADF once the group is closed, which may happen twice", () => {
    const { perf, cgroup } = fakeWith();
    const group = groupOf(perf, [CYCLES, MISSES], { cpu: 0, cgroup });
    expect(group.descriptors).toBe(2);
    group.close();
    group.close();
    expect(() => group.read()).toThrow("EBADF");
    expect([group.descriptors, perf.openDescriptors]).toEqual([0, 1]);
  });
});

/** Reads as it is told to. */
class ScriptedPerf extends FakePerf {
  record: readonly bigint[] = [];

  constructor() {
    super({ events: true });
  }

  override read(_descriptor: number, into: Uint8Array): number {
    const view = new DataView(into.buffer);
    for (const [index, word] of this.record.entries()) view.setBigUint64(index * 8, word, true);
    return this.record.length * 8;
  }
}
