const SHORTEST_MS = 1_000;
const LONGEST_MS = 30_000;
/** A receiver may ask for more patience than ours, but not for all eternity. */
const LONGEST_ASKED_MS = 300_000;
/** Share of the pause that is left to chance, so that the agents of many hosts do not come back together. */
const JITTER = 0.2;

/**
 * Milliseconds before the next try after so many failures in a row: 1, 2, 4 … 30 s, or what the receiver asked
 * for, at least a second: one that always says "at once" must not keep the agent busy.
 */
export function pauseMs(failures: number, askedSecs?: number): number {
  if (typeof askedSecs === "number" && askedSecs > 0) {
    return Math.min(LONGEST_ASKED_MS, Math.max(SHORTEST_MS, askedSecs * 1000));
  }
  const pause = Math.min(LONGEST_MS, SHORTEST_MS * 2 ** (failures - 1));
  return pause * (1 - JITTER * Math.random());
}
