import type { Measurement } from "../../model/metric.ts";
import { MONITORING_EVENTS, REMOTE_BANDWIDTH } from "./mon-events.ts";

const EVENTS = MONITORING_EVENTS.length;

/**
 * What a task's monitoring groups and domains come to. Counters are increases since the task was first
 * watched, so they do not fall when a group or a domain goes; gauges are of this round.
 */
export class MonSums {
  /** Domains that gave the event in this round. */
  readonly #given = new Uint32Array(EVENTS);
  readonly #gauges = new Float64Array(EVENTS);
  /** Set when a domain that used to give the event does not: the rest would look like a fall. */
  readonly #partial = new Uint8Array(EVENTS);
  readonly #counters = new Float64Array(EVENTS);
  #remote = 0;
  #remoteGiven = false;
  /** A counter of bandwidth was not assigned to a group. */
  unassigned = false;

  /** Begins a round. */
  begin(): void {
    this.#given.fill(0);
    this.#gauges.fill(0);
    this.#partial.fill(0);
    this.#remoteGiven = false;
    this.unassigned = false;
  }

  addGauge(event: number, value: number): void {
    this.#given[event] = (this.#given[event] as number) + 1;
    this.#gauges[event] = (this.#gauges[event] as number) + value;
  }

  addIncrease(event: number, increase: number): void {
    this.#given[event] = (this.#given[event] as number) + 1;
    this.#counters[event] = (this.#counters[event] as number) + increase;
  }

  addRemote(increase: number): void {
    this.#remoteGiven = true;
    this.#remote += increase;
  }

  miss(event: number): void {
    this.#partial[event] = 1;
  }

  /** Puts what there is into the measurements and takes out what there is not. */
  emit(into: Record<string, Measurement>): void {
    for (const [event, { metric, kind }] of MONITORING_EVENTS.entries()) {
      const isThere = this.#given[event] !== 0 && (kind === "counter" || this.#partial[event] === 0);
      if (!isThere) delete into[metric];
      else into[metric] = (kind === "counter" ? this.#counters[event] : this.#gauges[event]) as number;
    }
    if (this.#remoteGiven) into[REMOTE_BANDWIDTH] = this.#remote;
    else delete into[REMOTE_BANDWIDTH];
  }
}

/** Takes out whatever an earlier round has put in. */
export function clearMonitored(into: Record<string, Measurement>): void {
  for (const { metric } of MONITORING_EVENTS) delete into[metric];
  delete into[REMOTE_BANDWIDTH];
}
