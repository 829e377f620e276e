/*
 * Everything that a file of your own may import from "wca". Versions follow semver by this file: what it
 * exports is added to in minor versions, and changed or taken away in major ones only. Nothing else of this
 * package is meant for others.
 */
import type { Outlet } from "./model/delivery.ts";
import type { Log } from "./model/log.ts";
import type { Storage } from "./model/roles.ts";

export { z } from "zod";
export { type Component, defineComponent, type OptionsOf } from "./config/component.ts";
export { labelName, path, pattern, patternToRegExp, ref, seconds } from "./config/schema.ts";
export { DatabaseError, InvalidKey, NoHostAvailable, TimeoutOnAllHosts } from "./databases/errors.ts";
export { EtcdDatabase } from "./databases/etcd.ts";
export { LocalDatabase } from "./databases/local.ts";
export type { WrittenOptions } from "./databases/options.ts";
export { ZookeeperDatabase } from "./databases/zookeeper.ts";
export { cgroupIdentity } from "./kernel/cgroup/identity.ts";
export {
  ANOMALY_STATES,
  type AnomalyState,
  type ContentionAnomaly,
  type Decision,
  RESOURCES,
  type Resource,
} from "./model/anomaly.ts";
export type { Batch, Outlet, StorageTraits } from "./model/delivery.ts";
export {
  ConfigError,
  type ConfigProblem,
  type FailedDelivery,
  FailedDeliveryError,
  KernelError,
  TaskGone,
  Unsupported,
} from "./model/errors.ts";
export type { Log, LogLevel } from "./model/log.ts";
export type { Measurement, Measurements, Metric, MetricType } from "./model/metric.ts";
export type { Platform } from "./model/platform.ts";
export {
  Database,
  Detector,
  Labeler,
  type Lifecycle,
  Node,
  type Role,
  Runner,
  Storage,
  type TlsMaterial,
  type TlsSettings,
} from "./model/roles.ts";
export type { ObservedTask, Snapshot } from "./model/snapshot.ts";
export type { Probing, Support } from "./model/support.ts";
export type { Labels, Task } from "./model/task.ts";
export { SSL } from "./net/ssl.ts";
export { Exposition, type ExpositionOptions, type Refusal } from "./storages/exposition/exposition.ts";

/** What the program gives to every component: the second argument of its constructor. */
export interface Context {
  /** Logger named after the component: `wca.MyStorage`. */
  readonly log: Log;
  /** Wall clock, milliseconds since the epoch. */
  readonly now: () => number;
  /** Value of the label `host`. */
  readonly hostname: string;
  /** Version of the agent. */
  readonly version: string;
  /** The way to storages, for components that hold some: never call their `store` yourself. */
  readonly deliveries: {
    /** One bounded queue for each storage, shared by all that use it. */
    to(storage: Storage): Outlet;
  };
}

/** What runners and nodes are given: they may look at the machine. */
export interface HostContext extends Context {
  readonly host: Host;
  /** Rounds after which a runner stops by itself (`--iterations`); absent: it runs until it is told to stop. */
  readonly iterations?: number;
}

/** The machine. Paths are those of the running kernel, such as `/proc/stat`. */
export interface Host {
  readonly hostname: string;
  /** Bytes of a page. */
  readonly pageSize: number;
  /** Clock ticks of a second in `/proc/stat` and `cpuacct.stat` (USER_HZ). */
  readonly ticksPerSecond: number;
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
  /** The whole file as text. Throws {@link KernelError}. */
  read(path: string): string;
  /** Names in a directory, sorted. Throws {@link KernelError}. */
  list(path: string): readonly string[];
  /** Inode of a file or directory, nothing when it is not there. */
  identity(path: string): number | undefined;
}
