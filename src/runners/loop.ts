/** What a loop needs of its runner. */
export interface Loop {
  readonly intervalSecs: number;
  /** Rounds to make; absent: until the signal. */
  readonly iterations?: number;
  readonly signal: AbortSignal;
  /** Must not throw: what fails in a round is handled there. */
  readonly round: () => Promise<void>;
  /** Told after each pause and after each round that left no time for one. */
  readonly onPause: (pause: Pause) => void;
}

export interface Pause {
  readonly sleepSecs: number;
  /** The round took longer than the interval, so the next one starts at once. */
  readonly overrun: boolean;
}

/**
 * Starts a round every interval, never two together. A round that overran is not caught up on: a fresh
 * period begins.
 */
export async function runLoop({ intervalSecs, iterations, signal, round, onPause }: Loop): Promise<void> {
  for (let made = 0; !signal.aborted && made !== iterations; made++) {
    const started = performance.now();
    await round();
    if (signal.aborted || made + 1 === iterations) return;
    const left = intervalSecs - (performance.now() - started) / 1000;
    const overrun = left < 0 && intervalSecs > 0;
    const sleepSecs = Math.max(0, left);
    const slept = performance.now();
    await sleep(sleepSecs * 1000, signal);
    onPause({ sleepSecs: (performance.now() - slept) / 1000, overrun });
  }
}

/** Ends early when the signal comes. */
function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    function end(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    }
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end);
  });
}
