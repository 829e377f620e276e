import type { Round, TaskUnderMeasure } from "../../model/round.ts";

/** What is known of one task's memory; absent is what could not be measured. */
export interface WorkingSetFigures {
  readonly referencedBytes?: number | undefined;
  readonly workingSetBytes?: number | undefined;
  readonly overheadSecs?: number | undefined;
}

/** Where working sets come from. */
export interface WorkingSetSource {
  /** Measures these tasks, by task id. Tasks that are gone leave the round; others than these are forgotten. */
  measure(round: Round, tasks: readonly TaskUnderMeasure[]): ReadonlyMap<string, WorkingSetFigures>;
  close(): void;
}
