import { Unsupported } from "../model/errors.ts";
import type { Log } from "../model/log.ts";
import type { Measurement } from "../model/metric.ts";

interface Duration {
  last: number;
  total: number;
  calls: number;
}

interface Health {
  seconds: number;
  failures: number;
  /** Message of the failure that lasts; nothing while the component succeeds. */
  failing: string | undefined;
}

/** Times the calls of components and functions, counts their failures, and says each failure once. */
export class Watch {
  readonly #log: Log;
  readonly #durations = new Map<string, Duration>();
  readonly #components = new Map<string, Health>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Notes how long a function of the agent took. */
  duration(name: string, seconds: number): void {
    const known = this.#durations.get(name) ?? { last: 0, total: 0, calls: 0 };
    this.#durations.set(name, { last: seconds, total: known.total + seconds, calls: known.calls + 1 });
  }

  /** Calls a component; a failure is noted and gives nothing, so that the others go on. */
  call<T>(component: string, verb: () => T): T | undefined {
    const started = performance.now();
    try {
      const result = verb();
      this.succeeded(component, (performance.now() - started) / 1000);
      return result;
    } catch (error) {
      this.failed(component, (performance.now() - started) / 1000, error);
      return undefined;
    }
  }

  async callAsync<T>(component: string, verb: () => T | Promise<T>): Promise<T | undefined> {
    const started = performance.now();
    try {
      const result = await verb();
      this.succeeded(component, (performance.now() - started) / 1000);
      return result;
    } catch (error) {
      this.failed(component, (performance.now() - started) / 1000, error);
      return undefined;
    }
  }

  succeeded(component: string, seconds: number): void {
    const health = this.#healthOf(component);
    health.seconds = seconds;
    if (health.failing !== undefined) this.#log.info(`${component} works again`);
    health.failing = undefined;
  }

  failed(component: string, seconds: number, error: unknown): void {
    const health = this.#healthOf(component);
    const message = error instanceof Error ? error.message : String(error);
    health.seconds = seconds;
    health.failures++;
    if (health.failing !== message) {
      const level = error instanceof Unsupported ? "warning" : "error";
      this.#log[level](`${component} failed: ${message}; the others go on, repetitions are counted`);
      if (error instanceof Error && error.stack !== undefined) this.#log.debug(error.stack);
    }
    health.failing = message;
  }

  /** How long the component's last call took; 0 before the first. */
  lastSeconds(component: string): number {
    return this.#components.get(component)?.seconds ?? 0;
  }

  /** Measurements for the agent's own metrics. */
  measurements(): Record<string, Measurement> {
    const last: Record<string, number> = {};
    const average: Record<string, number> = {};
    for (const name of [...this.#durations.keys()].sort()) {
      const duration = this.#durations.get(name) as Duration;
      last[name] = roundToMicroseconds(duration.last);
      average[name] = roundToMicroseconds(duration.total / duration.calls);
    }
    const seconds: Record<string, number> = {};
    const success: Record<string, number> = {};
    const failures: Record<string, number> = {};
    for (const [component, health] of this.#components) {
      seconds[component] = roundToMicroseconds(health.seconds);
      success[component] = health.failing === undefined ? 1 : 0;
      failures[component] = health.failures;
    }
    return {
      wca_duration_seconds: last,
      wca_duration_seconds_avg: average,
      wca_component_duration_seconds: seconds,
      wca_component_success: success,
      wca_component_failures_total: failures,
    };
  }

  #healthOf(component: string): Health {
    let health = this.#components.get(component);
    if (health === undefined) {
      health = { seconds: 0, failures: 0, failing: undefined };
      this.#components.set(component, health);
    }
    return health;
  }
}

/** What a clock of this kind can tell; more digits would be noise. */
function roundToMicroseconds(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}
