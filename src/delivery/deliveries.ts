import type { Deliveries, Outlet } from "../model/delivery.ts";
import type { Log } from "../model/log.ts";
import type { Measurement } from "../model/metric.ts";
import type { Storage } from "../model/roles.ts";
import { DeliveryQueue } from "./queue.ts";

/** The queues of one agent, one for each storage. */
export class StorageDeliveries implements Deliveries {
  readonly #loggerOf: (component: string) => Log;
  readonly #queues = new Map<Storage, DeliveryQueue>();

  constructor(loggerOf: (component: string) => Log) {
    this.#loggerOf = loggerOf;
  }

  to(storage: Storage): Outlet {
    let queue = this.#queues.get(storage);
    if (queue === undefined) {
      const log = this.#loggerOf(storage.constructor.name);
      queue = new DeliveryQueue({ storage, name: this.#nameOf(storage), log });
      this.#queues.set(storage, queue);
    }
    return queue;
  }

  async settle(seconds: number): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.close(seconds * 1000)));
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
      wca_metrics_dropped_total: byName(queues, ({ dropped }) => dropped),
      wca_metrics_queued: byName(queues, ({ queued }) => queued),
    };
  }

  /** The class; a further storage of the same class gets a number: `KafkaStorage_2`. */
  #nameOf(storage: Storage): string {
    const { name } = storage.constructor;
    const same = [...this.#queues.keys()].filter((other) => other.constructor.name === name).length;
    return same === 0 ? name : `${name}_${same + 1}`;
  }
}

function byName(
  queues: readonly DeliveryQueue[],
  read: (queue: DeliveryQueue) => number,
): Record<string, number> {
  return Object.fromEntries(queues.map((queue) => [queue.health.name, read(queue)]));
}

function toMicroseconds(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}
