import type { Log } from "../model/log.ts";
import type { SandboxLimits } from "./limits.ts";

/** What a {@link Sandbox} runs, and how. */
export interface SandboxOptions {
  /** For messages. */
  readonly name: string;
  /** The module; what was checked (digest, signature) must be these very bytes. */
  readonly bytes: Uint8Array;
  /** Extism's config. Default: empty. */
  readonly config?: Readonly<Record<string, string>>;
  /** Input of the export `init`, if the module has one: called once in each fresh instance. Default: it is not called. */
  readonly init?: Uint8Array;
  /** Default for what is left out: {@link DEFAULT_LIMITS}. */
  readonly limits?: Partial<SandboxLimits>;
  /** The logger of the component: of what the module logs and of what happens to it. */
  readonly log: Log;
  /** Runs the module in the process of this group. Default: a process of its own. */
  readonly group?: SandboxGroup;
}

/** Modules that trust each other and share one process. */
export class SandboxGroup {}

export type SandboxState =
  /** Ready, or to be started by the next call. */
  | "idle"
  | "running"
  /** It failed and is not tried again yet. */
  | "waiting"
  /** It failed too often, and is tried every ten minutes only; or for good (`load`). */
  | "off";

export interface SandboxHealth {
  readonly state: SandboxState;
  /** Processes that were started for it. */
  readonly starts: number;
  /** Calls and starts that failed. */
  readonly failures: number;
  readonly calls: number;
  /** Of the last failure; absent when there was none. */
  readonly lastFailure?: string;
  readonly pid?: number;
}

/**
 * One untrusted module in a process of its own, which is started by the first call and again after it was
 * killed. All methods throw `PluginError`.
 */
export class Sandbox {
  constructor(_options: SandboxOptions) {}

  /** Names of the exported functions; empty before the first start. */
  get exports(): ReadonlySet<string> {
    return new Set();
  }

  /** Starts the process and the module; does nothing when it is ready. `call` does it as well. */
  start(): Promise<void> {
    throw new Error("not written yet");
  }

  /** Calls do not overlap: a second one is refused as `waiting`. `timeoutSecs` can only shorten the limit. */
  call(
    _exportName: string,
    _input: Uint8Array,
    _options: { readonly timeoutSecs?: number } = {},
  ): Promise<Uint8Array> {
    throw new Error("not written yet");
  }

  health(): SandboxHealth {
    return { state: "idle", starts: 0, failures: 0, calls: 0 };
  }

  /** Ends the process; safe unstarted and twice. A call under way fails as `died`. */
  async close(): Promise<void> {}
}
