import type { Metric } from "./metric.ts";

/*
 * The error classes that somebody catches. Everything else is thrown as a built-in class. Decide by
 * class or errno, never by text.
 */

/** One fault of a configuration file or of the command line. */
export interface ConfigProblem {
  /** `file:line:column`, or the option of the command line. */
  readonly at: string;
  /** Where in the document: `runner.node.tasks[0]`; empty for faults of the whole file. */
  readonly path: string;
  /** What was seen and what was wanted. */
  readonly message: string;
}

/** The configuration is wrong: all problems together, exit code 2, before anything was opened. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(formatProblem).join("\n"));
    this.problems = problems;
  }
}

export function formatProblem({ at, path, message }: ConfigProblem): string {
  return path === "" ? `${at}: ${message}` : `${at} ${path}: ${message}`;
}

/** The task's cgroup is not there any more: it leaves this round, the others stay. */
export class TaskGone extends Error {
  override readonly name = "TaskGone";
}

/** This host cannot do it: said once, shown by `doctor`, never retried within a run. */
export class Unsupported extends Error {
  override readonly name = "Unsupported";
}

/** A kernel file answered with an errno. */
export class KernelError extends Error {
  override readonly name = "KernelError";
  /** errno name such as `ENOENT`. */
  readonly code: string;
  readonly path: string;

  constructor(action: string, path: string, code: string, options?: ErrorOptions) {
    super(`Cannot ${action} "${path}": ${code}`, options);
    this.code = code;
    this.path = path;
  }
}

/** What became of the metrics of a delivery that failed. */
export interface FailedDelivery extends ErrorOptions {
  /**
   * Metrics of this call to be handed over again later, in their order and before any newer ones; nothing
   * changes them until then. All others but the `dropped` ones have arrived. Absent: nothing is tried again
   * and everything is dropped.
   */
  readonly undelivered?: readonly Metric[];
  /** How many are lost for good. Default: 0 with `undelivered`, all of the call without. */
  readonly dropped?: number;
  /** When the receiver asked to be tried again; absent: after a growing pause. */
  readonly retryAfterSecs?: number;
}

/** A storage could not deliver. The loop and other storages go on; what is lost is counted. */
export class FailedDeliveryError extends Error {
  override readonly name = "FailedDeliveryError";
  readonly undelivered: readonly Metric[] | undefined;
  readonly dropped: number | undefined;
  readonly retryAfterSecs: number | undefined;

  constructor(message: string, { undelivered, dropped, retryAfterSecs, ...options }: FailedDelivery = {}) {
    super(message, options);
    this.undelivered = undelivered;
    this.dropped = dropped;
    this.retryAfterSecs = retryAfterSecs;
  }
}

/** How a call of a plugin failed. */
export type PluginFailure =
  /** No answer before the deadline; the sandbox was killed. */
  | "timeout"
  /** The module trapped: `unreachable`, an access out of bounds, an exhausted stack. */
  | "trap"
  /** The module itself said that it failed. */
  | "error"
  /** The sandbox ended by itself. */
  | "died"
  /** It took more memory than it may. */
  | "memory"
  /** Its answer was larger than it may be, or not what was asked for. */
  | "output"
  /** The module cannot be used at all: what it imports, its size, its digest or signature. */
  | "load"
  /** It failed before and is not tried again yet. */
  | "waiting";

/** A call of a plugin gave no result. Others go on; it is counted. */
export class PluginError extends Error {
  override readonly name = "PluginError";
  readonly failure: PluginFailure;

  constructor(failure: PluginFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}
