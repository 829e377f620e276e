import { jest } from "bun:test";

/** Promise callbacks that one step may set off, one after the other. */
const TICKS = 100;
const STEP_MS = 10;

export interface FakeClock extends Disposable {
  /** Lets timers fire in steps of 10 ms, and what waits for them go on. */
  pass(milliseconds: number): Promise<void>;
}

/** Timers, `Date.now` and `performance.now` stand still but for `pass`; `using` gives the real ones back. */
export function fakeClock(): FakeClock {
  jest.useFakeTimers();
  return {
    async pass(milliseconds) {
      await settle();
      for (let passed = 0; passed < milliseconds; passed += STEP_MS) {
        jest.advanceTimersByTime(Math.min(STEP_MS, milliseconds - passed));
        await settle();
      }
    },
    [Symbol.dispose]: () => void jest.useRealTimers(),
  };
}

async function settle(): Promise<void> {
  for (let tick = 0; tick < TICKS; tick++) await undefined;
}
