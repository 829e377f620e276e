import type { Log } from "../model/log.ts";
import type { CheckedAnomaly } from "./checked-decision.ts";

/** What did not show for so long is new when it shows again; and what was said is not said again meanwhile. */
const QUIET_MS = 60_000;
/** What began and was never said to have ended is forgotten after this. */
const FORGET_MS = 3_600_000;
const MOST_KNOWN = 10_000;
const LINES_A_MINUTE = 10;
const MOST_NAMES = 5;

interface Contention {
  readonly beganMs: number;
  lastMs: number;
  /** A line said that it began: its end is worth one, too. */
  readonly isSaid: boolean;
  hasEnded: boolean;
}

/** Says when a contention begins and, where the detector tells, when it ends. */
export class AnomalyLog {
  readonly #log: Log;
  readonly #known = new Map<string, Contention>();
  #minuteMs = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #unsaid = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /** The anomalies of a round. */
  note(anomalies: readonly CheckedAnomaly[], nowMs: number): void {
    if (nowMs - this.#minuteMs >= QUIET_MS || nowMs < this.#minuteMs) this.#newMinute(nowMs);
    this.#forget(nowMs);
    for (const anomaly of anomalies) {
      const key = keyOf(anomaly);
      const known = this.#known.get(key);
      if (anomaly.state === "clear") {
        if (known !== undefined && !known.hasEnded) this.#end(anomaly, known, nowMs);
      } else if (known === undefined) {
        const isSaid = this.#say(`Contention began: ${beginning(anomaly)}`);
        this.#known.set(key, { beganMs: nowMs, lastMs: nowMs, isSaid, hasEnded: false });
      } else if (!known.hasEnded) {
        known.lastMs = nowMs;
      }
    }
  }

  #end(anomaly: CheckedAnomaly, known: Contention, nowMs: number): void {
    known.hasEnded = true;
    known.lastMs = nowMs;
    if (!known.isSaid) return;
    const seconds = Math.round((nowMs - known.beganMs) / 1000);
    this.#say(`Contention ended: task ${nameOf(anomaly)} on ${anomaly.resource}, after ${seconds} s`);
  }

  #forget(nowMs: number): void {
    for (const [key, { lastMs, hasEnded }] of this.#known) {
      const isStateless = key.startsWith(STATELESS);
      const limit = isStateless || hasEnded ? QUIET_MS : FORGET_MS;
      if (nowMs - lastMs >= limit || nowMs < lastMs) this.#known.delete(key);
    }
    for (const key of this.#known.keys()) {
      if (this.#known.size <= MOST_KNOWN) return;
      this.#known.delete(key);
    }
  }

  #say(message: string): boolean {
    if (this.#lines >= LINES_A_MINUTE) {
      this.#unsaid++;
      return false;
    }
    this.#lines++;
    this.#log.info(message);
    return true;
  }

  #newMinute(nowMs: number): void {
    if (this.#unsaid > 0) {
      this.#log.info(
        `${this.#unsaid} more times a contention began or ended within a minute: they are in the metrics`,
      );
    }
    this.#minuteMs = nowMs;
    this.#lines = 0;
    this.#unsaid = 0;
  }
}

const STATELESS = "-";

/** A detector that keeps track may learn of further contenders; with any other one they are another contention. */
function keyOf({ uuid, contendedTaskId, resource, state }: CheckedAnomaly): string {
  return state === undefined
    ? JSON.stringify([resource, contendedTaskId, uuid]).replace(/^/, STATELESS)
    : JSON.stringify([resource, contendedTaskId]);
}

function beginning(anomaly: CheckedAnomaly): string {
  const { resource, contending, severity, confidence } = anomaly;
  const names = contending.slice(0, MOST_NAMES).map(({ name }) => `"${name}"`);
  const more = contending.length - names.length;
  const others = more > 0 ? `${names.join(", ")} and ${more} more` : names.join(", ");
  const shares = Object.entries({ severity, confidence }).flatMap(([what, value]) =>
    value === undefined ? [] : [`${what} ${value.toFixed(2)}`],
  );
  const whom = contending.length === 0 ? "nobody known" : others;
  const numbers = shares.length === 0 ? "" : ` (${shares.join(", ")})`;
  return `task ${nameOf(anomaly)} suffers on ${resource} from ${whom}${numbers}`;
}

function nameOf({ contended, contendedTaskId }: CheckedAnomaly): string {
  return `"${contended?.name ?? contendedTaskId}"`;
}
