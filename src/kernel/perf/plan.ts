import type { PerfEvent } from "./event.ts";

/** What is counted of every task: events by CPU, and the metrics they become. */
export class EventPlan {
  /** In the order of the events; the same for good, so that a metric is known by its index. */
  readonly metrics: readonly string[];
  /** From counted to exported value, by metric. */
  readonly scales: readonly number[];
  #events: readonly PerfEvent[];
  readonly #refused = new Set<string>();
  readonly #byCpu = new Map<number, readonly PerfEvent[]>();

  constructor(events: readonly PerfEvent[]) {
    this.#events = events;
    this.metrics = events.map(({ metric }) => metric);
    this.scales = events.map(({ scale }) => scale);
  }

  /** What is still to be counted. */
  get events(): readonly PerfEvent[] {
    return this.#events;
  }

  /** What is opened on the CPU. */
  on(cpu: number): readonly PerfEvent[] {
    let events = this.#byCpu.get(cpu);
    if (events === undefined) {
      events = this.#events.filter(({ cpus }) => cpus === undefined || cpus.includes(cpu));
      this.#byCpu.set(cpu, events);
    }
    return events;
  }

  /** Descriptors that one cgroup takes. */
  descriptors(cpus: readonly number[]): number {
    return cpus.reduce((sum, cpu) => sum + this.on(cpu).length, 0);
  }

  /** The sum of descriptors in words: `4 events on 2 CPUs take 8 descriptors a task`. */
  descriptorsInWords(cpus: readonly number[]): string {
    const { length } = this.#events;
    const events = length === 1 ? "1 event" : `${length} events`;
    const on = cpus.length === 1 ? "1 CPU" : `${cpus.length} CPUs`;
    return `${events} on ${on} ${length === 1 ? "takes" : "take"} ${this.descriptors(cpus)} descriptors a task`;
  }

  /** Takes out an event that cannot be counted on this host. */
  refuse({ metric }: PerfEvent): void {
    this.#refused.add(metric);
    this.update(this.#events);
  }

  /** Takes over the CPUs that events can be opened on now. */
  update(events: readonly PerfEvent[]): void {
    this.#events = events.filter(({ metric }) => this.metrics.includes(metric) && !this.#refused.has(metric));
    this.#byCpu.clear();
  }
}
