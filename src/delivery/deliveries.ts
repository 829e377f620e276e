import type { Deliveries, Outlet } from "../model/delivery.ts";
import type { Log } from "../model/log.ts";
import type { Measurement } from "../model/metric.ts";
import type { Storage } from "../model/roles.ts";
import { Pace } from "./pace.ts";
import { DeliveryQueue } from "./queue.ts";

/** The queues of one agent, one for each storage. */
export class StorageDeliveries implements Deliveries {
  readonly #loggerOf: (component: string) => Log;
  readonly #queues = new Map<Storage, DeliveryQueue>();
  readonly #pace = new Pace();
  #isSettled = false;

  constructor(loggerOf: (component: string) => Log) {
    this.#loggerOf = loggerOf;
  }

  to(storage: Storage): Outlet {
    let queue = this.#queues.get(storage);
    if (queue === undefined) {
      const log = this.#loggerOf(classOf(storage));
      queue = new DeliveryQueue({ storage, name: this.#nameOf(storage), log, pace: this.#pace });
      this.#queues.set(storage, queue);
      if (this.#isSettled) queue.close();
    }
    return queue;
  }

  nextRound(atMs: number): void {
    this.#pace.nextRound(atMs);
  }

  async settle(seconds: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, seconds * 1000);
    });
    await Promise.race([this.#allIdle(seconds), late]);
    clearTimeout(timer);
    this.#isSettled = true;
    for (const queue of this.#queues.values()) queue.close();
  }

  /** A storage may hand on what it takes: those behind it are not done before it is. */
  async #allIdle(seconds: number): Promise<void> {
    do {
      await Promise.all([...this.#queues.values()].map((queue) => queue.finish(seconds)));
    } while ([...this.#queues.values()].some(({ isIdle }) => !isIdle));
  }

  measurements(): Record<string, Measurement> {
    const queues = [...this.#queues.values()];
    const called = queues.filter(({ health }) => health.lastSeconds !== undefined || health.failing);
    return {
      wca_component_duration_seconds: byName(called, ({ health }) => toMicroseconds(health.lastSeconds ?? 0)),
      wca_component_success: byName(called, ({ health }) => (health.failing ? 0 : 1)),
      wca_component_failures_total: byName(called, ({ health }) => health.failures),
      wca_metrics_offered_total: byName(queues, ({ health }) => health.offered),
      wca_metrics_delivered_total: byName(queues, ({ health }) => health.delivered),
      wca_metrics_dropped_total: byName(queues, ({ health }) => health.dropped),
      wca_metrics_queued: byName(queues, ({ queued }) => queued),
    };
  }

  /** The class; a further storage of the same class gets a number: `KafkaStorage_2`. */
  #nameOf(storage: Storage): string {
    const taken = new Set([...this.#queues.values()].map(({ name }) => name));
    const base = classOf(storage);
    let name = base;
    for (let number = 2; taken.has(name); number++) name = `${base}_${number}`;
    return name;
  }
}

/** A class without a name, or with something else that is called so, is any storage. */
function classOf(storage: Storage): string {
  const name: unknown = storage.constructor?.name;
  return typeof name === "string" && name !== "" ? name : "Storage";
}

function byName(
  queues: readonly DeliveryQueue[],
  read: (queue: DeliveryQueue) => number,
): Record<string, number> {
  return Object.fromEntries(queues.map((queue) => [queue.name, read(queue)]));
}

function toMicroseconds(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}
