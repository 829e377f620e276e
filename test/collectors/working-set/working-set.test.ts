import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { WorkingSet, type WorkingSetOptions } from "../../../src/collectors/working-set/working-set.ts";

const THRESHOLD = 0.1;
/** Bytes that are transferred in each cycle: growth below 100 is stable. */
const TRANSFERRED = 1000;

interface Trace {
  /** Cycles, from 1 on, that clear. */
  readonly clears: readonly number[];
  /** Working set by the first cycle that has it. */
  readonly workingSets: Readonly<Record<number, number>>;
}

function trace(
  options: Partial<WorkingSetOptions>,
  referenced: readonly number[],
  bandwidth: (cycle: number) => number | undefined = (cycle) => cycle * TRANSFERRED,
): Trace {
  const machine = new WorkingSet({ resetCycles: 0, stableCycles: 0, membwThreshold: THRESHOLD, ...options });
  const clears: number[] = [];
  const workingSets: Record<number, number> = {};
  let last: number | undefined;
  for (const [index, referencedBytes] of referenced.entries()) {
    const cycle = index + 1;
    const { workingSetBytes, reset } = machine.step({ referencedBytes, bandwidthBytes: bandwidth(cycle) });
    if (reset) clears.push(cycle);
    if (workingSetBytes !== last && workingSetBytes !== undefined) workingSets[cycle] = workingSetBytes;
    // Once there it stays.
    if (last !== undefined) expect(workingSetBytes).toBeDefined();
    last = workingSetBytes;
  }
  return { clears, workingSets };
}

const constant = (cycles: number) => Array.from({ length: cycles }, () => 5000);
const growing = (cycles: number, step: number, from = 1_000_000) =>
  Array.from({ length: cycles }, (_, index) => from + (index + 1) * step);

/**
 * The traces of the original, which gave none of the working sets of a task's first stable period, and with
 * nothing ever cleared none at all. What it cleared and when is the same here.
 */
const TRACES: readonly (readonly [
  what: string,
  options: Partial<WorkingSetOptions>,
  referenced: readonly number[],
  expected: Trace,
])[] = [
  [
    "reset 0, stable 2, constant: the original from cycle 6",
    { stableCycles: 2 },
    constant(12),
    { clears: [3, 6, 9, 12], workingSets: { 3: 5000 } },
  ],
  [
    "reset 0, stable -2, constant: the original never",
    { stableCycles: -2 },
    constant(12),
    { clears: [], workingSets: { 3: 5000 } },
  ],
  [
    "reset 4, stable -2, constant: the original from cycle 7",
    { resetCycles: 4, stableCycles: -2 },
    constant(12),
    { clears: [4, 8, 12], workingSets: { 3: 5000 } },
  ],
  [
    "reset 3, stable 2, constant: the original from cycle 6",
    { resetCycles: 3, stableCycles: 2 },
    constant(12),
    { clears: [3, 6, 9, 12], workingSets: { 3: 5000 } },
  ],
  [
    "reset 1, stable 0, no threshold",
    { resetCycles: 1, membwThreshold: undefined },
    constant(4),
    { clears: [1, 2, 3, 4], workingSets: {} },
  ],
  [
    "reset 1, stable 2: clears before anything can be stable",
    { resetCycles: 1, stableCycles: 2 },
    constant(4),
    { clears: [1, 2, 3, 4], workingSets: {} },
  ],
  ["reset 0, stable 0", {}, constant(4), { clears: [], workingSets: {} }],
  [
    "reset 0, stable 2, no threshold",
    { stableCycles: 2, membwThreshold: undefined },
    constant(4),
    { clears: [], workingSets: {} },
  ],
  [
    "reset 0, stable 2, growing by more than a tenth of what is transferred",
    { stableCycles: 2 },
    growing(12, 1000),
    { clears: [], workingSets: {} },
  ],
  [
    "reset 0, stable 2, growing by exactly a tenth",
    { stableCycles: 2 },
    growing(12, 100),
    { clears: [], workingSets: {} },
  ],
  [
    "reset 0, stable 2, growing by 50: the original from cycle 6",
    { stableCycles: 2 },
    growing(9, 50),
    { clears: [3, 6, 9], workingSets: { 3: 1_000_125, 6: 1_000_275, 9: 1_000_425 } },
  ],
  [
    "reset 0, stable 2, falling by 1 % and then 10 %: the original from cycle 8",
    { stableCycles: 2 },
    [1000, 990, 900, 900, 900, 900, 900, 900],
    { clears: [5, 8], workingSets: { 5: 900 } },
  ],
  [
    "reset 0, stable 2, falling by 1 % each time",
    { stableCycles: 2 },
    [1000, 990, 980],
    { clears: [3], workingSets: { 3: 985 } },
  ],
  [
    "reset 0, stable 2, falling by a fiftieth of what is left",
    { stableCycles: 2 },
    [1020, 1000, 1000],
    { clears: [], workingSets: {} },
  ],
  [
    "reset 8, stable -2: one period between two clearings, also when stability was lost",
    { resetCycles: 8, stableCycles: -2 },
    [1000, 1000, 1000, 2000, 2000, 2000, 2000, 2000],
    { clears: [8], workingSets: { 3: 1000 } },
  ],
  [
    "reset 0, stable -2, growing by 50: a new period as soon as one is over",
    { stableCycles: -2 },
    growing(7, 50),
    { clears: [], workingSets: { 3: 1_000_125, 5: 1_000_225, 7: 1_000_325 } },
  ],
  [
    "reset 6, stable 2, growing by 50: one period between two clearings",
    { resetCycles: 6, stableCycles: 2 },
    growing(12, 50),
    { clears: [6, 12], workingSets: { 3: 1_000_125, 9: 1_000_425 } },
  ],
];

describe("WorkingSet", () => {
  for (const [what, options, referenced, expected] of TRACES) {
    test(what, () => expect(trace(options, referenced)).toEqual(expected));
  }

  test.each([
    { resetCycles: 0, stableCycles: 2 },
    { resetCycles: 2, stableCycles: -2 },
    { resetCycles: 1, stableCycles: 1 },
  ])("without bandwidth has no working set and clears nothing, %p", (options) => {
    expect(trace(options, constant(6), () => undefined)).toEqual({ clears: [], workingSets: {} });
  });

  test("needs no bandwidth to clear by number when no working set is wanted", () => {
    expect(trace({ resetCycles: 2 }, constant(4), () => undefined)).toEqual({
      clears: [2, 4],
      workingSets: {},
    });
  });

  test("leaves out a cycle without bandwidth and goes on with the next", () => {
    const machine = new WorkingSet({ resetCycles: 0, stableCycles: -2, membwThreshold: THRESHOLD });
    const bandwidths = [1000, 2000, undefined, 3000, undefined];
    const steps = bandwidths.map((bandwidthBytes) => machine.step({ referencedBytes: 7, bandwidthBytes }));
    expect(steps.map(({ workingSetBytes }) => workingSetBytes)).toEqual([
      undefined,
      undefined,
      undefined,
      7,
      undefined,
    ]);
  });

  test("an idle task, which transfers nothing, is not stable", () => {
    expect(trace({ stableCycles: 2 }, constant(6), () => 1000)).toEqual({ clears: [], workingSets: {} });
  });

  test("a bandwidth counter that starts anew ends the stable period", () => {
    const counter = [1000, 2000, 100, 1100, 2100];
    expect(trace({ stableCycles: -2 }, constant(5), (cycle) => counter[cycle - 1])).toEqual({
      clears: [],
      workingSets: { 5: 5000 },
    });
  });

  test("never gives more than the most, nor less than the least of the stable period", () => {
    const options = fc.record({
      resetCycles: fc.integer({ min: 0, max: 5 }),
      stableCycles: fc.integer({ min: -4, max: 4 }),
      membwThreshold: fc.constant(THRESHOLD),
    });
    const cycles = fc.array(
      fc.record({
        referencedBytes: fc.integer({ min: 0, max: 400 }),
        transferred: fc.integer({ max: 3000, min: 0 }),
      }),
      { maxLength: 40 },
    );
    let periods = 0;
    fc.assert(
      fc.property(options, cycles, (chosen, given) => {
        const machine = new WorkingSet(chosen);
        const length = Math.abs(chosen.stableCycles);
        let bandwidthBytes = 0;
        let last: number | undefined;
        for (const [index, { referencedBytes, transferred }] of given.entries()) {
          bandwidthBytes += transferred;
          const { workingSetBytes } = machine.step({ referencedBytes, bandwidthBytes });
          if (workingSetBytes !== last) {
            periods++;
            const period = given.slice(index - length + 1, index + 1).map((cycle) => cycle.referencedBytes);
            expect(workingSetBytes).toBeLessThanOrEqual(Math.max(...period));
            expect(workingSetBytes).toBeGreaterThanOrEqual(Math.min(...period));
          }
          last = workingSetBytes;
        }
      }),
    );
    expect(periods).toBeGreaterThan(0);
  });

  test("clears at every multiple of wss_reset_cycles, and only there unless stability clears", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: -4, max: 4 }),
        fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 30 }),
        (resetCycles, stableCycles, referenced) => {
          const multiples = referenced
            .map((_, index) => index + 1)
            .filter((cycle) => cycle % resetCycles === 0);
          expect(trace({ resetCycles, stableCycles }, referenced).clears).toEqual(multiples);
        },
      ),
    );
  });
});
