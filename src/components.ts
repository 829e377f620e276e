import type { ComponentClass } from "./config/component.ts";
import { TaskLabelRegexGenerator } from "./labelers/regex.ts";
import { TaskLabelResourceGenerator } from "./labelers/resource.ts";
import { CgroupNode } from "./nodes/cgroup.ts";
import { StaticNode } from "./nodes/static.ts";
import { MeasurementRunner } from "./runners/measurement.ts";
import { LogStorage } from "./storages/log.ts";

/** The classes that a configuration file can name without further ado. */
export const COMPONENTS: readonly ComponentClass[] = [
  MeasurementRunner,
  StaticNode,
  CgroupNode,
  LogStorage,
  TaskLabelRegexGenerator,
  TaskLabelResourceGenerator,
];
