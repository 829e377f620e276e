/** Grows when a reader that was written before would not understand. */
export const TRACE_VERSION = 1;

/** The first line of a trace; again where an agent was started anew and went on with the file. */
export interface TraceHeader {
  readonly wcaTrace: typeof TRACE_VERSION;
  readonly hostname: string;
  readonly agentVersion: string;
  readonly intervalSecs: number;
}

export function isHeader(line: unknown): line is TraceHeader {
  return typeof line === "object" && line !== null && Object.hasOwn(line, "wcaTrace");
}
