/*
 * The roles a component can have: one verb each. `open` may touch the world, `close` is safe unopened
 * and twice. A class is recognised by the name in its `role`, not by `instanceof`: a user's file may
 * carry a second copy of these classes.
 */
import type { Decision } from "./anomaly.ts";
import type { Batch } from "./delivery.ts";
import type { Metric } from "./metric.ts";
import type { Round } from "./round.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Task } from "./task.ts";

export const ROLES = [
  "runner",
  "node",
  "collector",
  "detector",
  "storage",
  "labeler",
  "ssl",
  "database",
] as const;
export type Role = (typeof ROLES)[number];

/** What every component may have beside its verb. */
export interface Lifecycle {
  open?(): void | Promise<void>;
  close?(): void | Promise<void>;
}

/** Composes a round and repeats it. Returns the exit code, 0 when it returns nothing. */
export abstract class Runner {
  static readonly role: Role = "runner";
  abstract run(signal: AbortSignal): Promise<number | undefined> | Promise<void>;
}

/** Finds the tasks of this host. */
export abstract class Node {
  static readonly role: Role = "node";
  abstract discover(): readonly Task[] | Promise<readonly Task[]>;
}

/** Measures one kernel source, for the platform or for every task of the round. */
export abstract class Collector {
  static readonly role: Role = "collector";
  abstract measure(round: Round): void;
}

/**
 * Finds interference in what was seen in a round. Calls do not overlap. The signal is aborted when the answer
 * is late: it will not be looked at. The snapshot lives on in the next round, so copy what has to be kept.
 */
export abstract class Detector {
  static readonly role: Role = "detector";
  abstract detect(snapshot: Snapshot, signal: AbortSignal): Decision | Promise<Decision>;
}

/**
 * Keeps or sends metrics. Throws `FailedDeliveryError` when they did not arrive. Calls do not overlap: the
 * next one comes when the last has settled, and until then its metrics do not change. See also `StorageTraits`.
 */
export abstract class Storage {
  static readonly role: Role = "storage";
  abstract store(metrics: readonly Metric[], batch?: Batch): void | Promise<void>;
}

/** Makes the value of one label of a task; nothing leaves the label out. */
export abstract class Labeler {
  static readonly role: Role = "labeler";
  abstract label(task: Task): string | undefined;
}

/** PEM texts and rules of TLS connections, as `node:tls` and `fetch` take them. */
export interface TlsMaterial {
  readonly rejectUnauthorized: boolean;
  /** Certificates of authorities; absent: those of the system. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly ciphers: string;
  readonly minVersion: "TLSv1.2";
}

/** How TLS connections of another component are made. Reads its files anew at each call, as certificates are renewed. */
export abstract class TlsSettings {
  static readonly role: Role = "ssl";
  abstract material(): TlsMaterial;
}

/**
 * Keeps values by key for other components. A key has 1 to 255 characters of `A-Z a-z 0-9 . _ -` and is neither
 * `.` nor `..`; a value is any bytes, and is set as a whole or not at all. Errors: `src/databases/errors.ts`.
 */
export abstract class Database {
  static readonly role: Role = "database";
  /** Settles when the value is kept for good. */
  abstract set(key: Uint8Array | string, value: Uint8Array): Promise<void>;
  /** The value, or null when there is none. */
  abstract get(key: Uint8Array | string): Promise<Uint8Array | null>;
  /** Does nothing when there is no value. */
  abstract delete(key: Uint8Array | string): Promise<void>;
}
