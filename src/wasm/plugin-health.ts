import type { PluginError, PluginFailure } from "../model/errors.ts";
import type { Measurement } from "../model/metric.ts";
import { residentBytes } from "./resident.ts";
import type { SandboxHealth } from "./sandbox.ts";

/** All of them from the start: a counter that comes with its first increment hides that one. */
const REASONS = [
  "timeout",
  "trap",
  "error",
  "died",
  "memory",
  "output",
  "load",
  "waiting",
] as const satisfies readonly PluginFailure[];

/** Counts how the calls of one plugin end. */
export class PluginHealth {
  readonly #plugin: string;
  readonly #failures = Object.fromEntries(REASONS.map((reason) => [reason, 0])) as Record<
    PluginFailure,
    number
  >;
  #calls = 0;

  constructor(plugin: string) {
    this.#plugin = plugin;
  }

  called(): void {
    this.#calls++;
  }

  failed({ failure }: PluginError): void {
    this.#failures[failure]++;
  }

  measurements({ state, starts, pid }: SandboxHealth): Record<string, Measurement> {
    const callable = state === "idle" || state === "running";
    return {
      wca_plugin_up: { [this.#plugin]: callable ? 1 : 0 },
      wca_plugin_calls_total: { [this.#plugin]: this.#calls },
      wca_plugin_failures_total: { [this.#plugin]: { ...this.#failures } },
      ...(pid === undefined ? {} : { wca_plugin_memory_bytes: { [this.#plugin]: residentBytes(pid) } }),
      wca_plugin_restarts_total: { [this.#plugin]: Math.max(0, starts - 1) },
    };
  }
}
