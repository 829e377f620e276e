import type { Metric } from "../../model/metric.ts";
import { escapeHelp } from "./label-set.ts";
import type { Family } from "./series-order.ts";

/** What one text format has of its own; lines of samples are the same in all. */
export interface Syntax {
  /** Before a batch is laid out: all its families, in order. */
  begin(families: readonly Family[]): void;
  /** Lines above the samples. `described`: the metric that tells of the family; `first`: nothing is above. */
  header(family: Family, described: Metric | undefined, first: boolean): string;
  /** What stands behind a value; of the same length for all times near to each other. */
  timestamp(timeMs: number): string;
  /** Below the last sample. */
  readonly end: string;
  /** False when values have become such that the headers written last do not fit any more. */
  fits(): boolean;
}

/** Prometheus text format 0.0.4, prometheus.io/docs/instrumenting/exposition_formats. */
export class TextSyntax implements Syntax {
  readonly end = "";

  begin(): void {}

  /** A blank line before families with help, as the original has it. */
  header({ name }: Family, described: Metric | undefined, first: boolean): string {
    const { help, type } = described ?? {};
    const helpLine = help === undefined ? "" : `${first ? "" : "\n"}# HELP ${name} ${escapeHelp(help)}\n`;
    return type === undefined ? helpLine : `${helpLine}# TYPE ${name} ${type}\n`;
  }

  /** Milliseconds since the epoch. */
  timestamp(timeMs: number): string {
    return String(Math.trunc(timeMs));
  }

  fits(): boolean {
    return true;
  }
}
