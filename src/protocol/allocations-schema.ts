import { z } from "zod";
import { ANOMALY, METRIC } from "./decision-schema.ts";
import { share, shortText } from "./kinds.ts";
import { LIMITS } from "./limits.ts";
import { SNAPSHOT, TASK } from "./snapshot-schema.ts";

const RDT = z
  .object({
    name: shortText()
      .exactOptional()
      .describe("Group that the task joins. Absent: one of its own; empty: the root group."),
    l3: shortText().exactOptional().describe('Cache by domain, such as "L3:0=ff;1=ff".'),
    mb: shortText().exactOptional().describe('Memory bandwidth by domain, such as "MB:0=50;1=50".'),
  })
  .describe("Control group of resctrl. What is absent stays as it is.");

/** Names as in the allocations of a StaticAllocator. */
export const TASK_ALLOCATIONS = z
  .object({
    cpu_quota: share().exactOptional().describe("CPU time as a part of the whole machine; 1 is unlimited."),
    cpu_shares: z.number().min(0).max(1e9).exactOptional().describe("Weight, in units of cpu_shares_unit."),
    cpuset_cpus: shortText().exactOptional().describe("CPUs as a list such as 0-3,8."),
    cpuset_mems: shortText().exactOptional().describe("NUMA nodes as a list."),
    cpuset_memory_migrate: z
      .int()
      .min(0)
      .max(1)
      .exactOptional()
      .describe("Whether pages follow a change of cpuset_mems."),
    migrate_pages: z
      .int()
      .min(0)
      .max(1023)
      .exactOptional()
      .describe("NUMA node that all pages are moved to."),
    rdt: RDT.exactOptional(),
  })
  .describe("What a task is to have. What is absent stays as it is.");

const allocations = () =>
  z
    .record(shortText(), TASK_ALLOCATIONS)
    .refine((record) => Object.keys(record).length <= LIMITS.allocatedTasks, {
      error: `at most ${LIMITS.allocatedTasks} tasks`,
    });

/** Input of `allocate`: what `detect` gets, and what each task has now. */
export const ALLOCATOR_SNAPSHOT = SNAPSHOT.extend({
  tasks: z.array(TASK.extend({ allocations: TASK_ALLOCATIONS.describe("What the task has now.") })),
}).describe("Input of the export allocate in the form json.");

/** Output of `allocate`. */
export const ALLOCATION_DECISION = z
  .object({
    allocations: allocations().exactOptional().describe("What tasks are to have, by task id."),
    anomalies: z.array(ANOMALY).max(LIMITS.anomalies).exactOptional(),
    metrics: z.array(METRIC).max(LIMITS.metrics).exactOptional(),
  })
  .describe("Output of the export allocate. No output at all: everything stays as it is.");

export type AllocationDecision = z.output<typeof ALLOCATION_DECISION>;
