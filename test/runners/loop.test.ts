import { expect, spyOn, test } from "bun:test";
import { type Pause, runLoop } from "../../src/runners/loop.ts";
import { type FakeClock, fakeClock } from "../support/fake-clock.ts";

interface Setup {
  readonly intervalSecs: number;
  /** Duration of each round, milliseconds; later rounds take none. */
  readonly rounds?: readonly number[];
  readonly iterations?: number;
}

/** A loop whose rounds only take time. `starts`: when each began, milliseconds. */
function start({ intervalSecs, rounds = [], iterations }: Setup) {
  const began = performance.now();
  const stop = new AbortController();
  const starts: number[] = [];
  const pauses: Pause[] = [];
  const state = { running: 0, mostRunning: 0, ended: false };
  const loop = runLoop({
    intervalSecs,
    ...(iterations === undefined ? {} : { iterations }),
    signal: stop.signal,
    round: async () => {
      starts.push(performance.now() - began);
      state.mostRunning = Math.max(state.mostRunning, ++state.running);
      const { promise, resolve } = Promise.withResolvers<void>();
      setTimeout(resolve, rounds[starts.length - 1] ?? 0);
      await promise;
      state.running--;
    },
    onPause: (pause) => void pauses.push(pause),
  }).then(() => {
    state.ended = true;
  });
  return { loop, stop, starts, pauses, state };
}

async function passAndStop(clock: FakeClock, setup: Setup, milliseconds: number) {
  const { stop, starts, pauses, state, loop } = start(setup);
  await clock.pass(milliseconds);
  stop.abort();
  await clock.pass(10);
  await loop;
  return { starts, pauses, mostRunning: state.mostRunning };
}

test("runLoop() starts a round at each interval, whatever a round takes", async () => {
  using clock = fakeClock();
  const { starts, pauses } = await passAndStop(clock, { intervalSecs: 1, rounds: [0, 300, 990, 0] }, 3500);
  expect(starts).toEqual([0, 1000, 2000, 3000]);
  expect(pauses.map(({ sleepSecs, overrun }) => [Math.round(sleepSecs * 100) / 100, overrun])).toEqual([
    [1, false],
    [0.7, false],
    [0.01, false],
    [0.5, false],
  ]);
});

test("runLoop() starts a fresh period after an overrun, never two rounds together", async () => {
  using clock = fakeClock();
  const { starts, pauses, mostRunning } = await passAndStop(
    clock,
    { intervalSecs: 1, rounds: [0, 2500, 0] },
    5550,
  );
  expect(starts.map((time) => Math.round(time / 20) * 20)).toEqual([0, 1000, 3500, 4500, 5500]);
  expect(pauses.map(({ overrun }) => overrun)).toEqual([false, true, false, false, false]);
  expect(mostRunning).toBe(1);
});

test("runLoop() counts no overruns when the interval is 0", async () => {
  using clock = fakeClock();
  const { pauses, mostRunning } = await passAndStop(clock, { intervalSecs: 0, rounds: [50, 50, 50] }, 300);
  expect(pauses.length).toBeGreaterThan(3);
  expect(pauses.filter(({ overrun }) => overrun)).toEqual([]);
  expect(mostRunning).toBe(1);
});

test("runLoop() ends its sleep at once when the signal comes", async () => {
  using clock = fakeClock();
  const { stop, starts, pauses, state } = start({ intervalSecs: 60 });
  await clock.pass(200);
  stop.abort();
  await clock.pass(0);
  expect({ ended: state.ended, starts, overruns: pauses.map(({ overrun }) => overrun) }).toEqual({
    ended: true,
    starts: [0],
    overruns: [false],
  });
});

test("runLoop() lets the round under way end when the signal comes", async () => {
  using clock = fakeClock();
  const { stop, starts, pauses, state } = start({ intervalSecs: 1, rounds: [500] });
  await clock.pass(100);
  stop.abort();
  await clock.pass(300);
  const before = { ...state };
  await clock.pass(200);
  expect({ before: before.ended, after: state.ended, running: state.running, starts, pauses }).toEqual({
    before: false,
    after: true,
    running: 0,
    starts: [0],
    pauses: [],
  });
});

test("runLoop() makes no round when the signal came before", async () => {
  let rounds = 0;
  const signal = AbortSignal.abort();
  await runLoop({ intervalSecs: 1, signal, round: async () => void rounds++, onPause: () => {} });
  expect(rounds).toBe(0);
});

test("runLoop() makes the wanted number of rounds and does not sleep after the last", async () => {
  using clock = fakeClock();
  const { starts, pauses, state } = start({ intervalSecs: 1, iterations: 3 });
  await clock.pass(2050);
  expect({ starts, pauses: pauses.length, ended: state.ended }).toEqual({
    starts: [0, 1000, 2000],
    pauses: 2,
    ended: true,
  });
});

test("runLoop() leaves nothing at the signal, however many pauses it made", async () => {
  using clock = fakeClock();
  const { stop, loop } = start({ intervalSecs: 0.1, iterations: 5 });
  const added = spyOn(stop.signal, "addEventListener");
  const removed = spyOn(stop.signal, "removeEventListener");
  await clock.pass(1000);
  await loop;
  expect([added.mock.calls.length, removed.mock.calls.length]).toEqual([4, 4]);
});
