import { PluginError, type PluginFailure } from "../model/errors.ts";
import type { Log } from "../model/log.ts";
import { BackOff } from "./back-off.ts";
import { type LineLevel, type LoadHead, REQUEST } from "./frames.ts";
import { type GuestAnswer, GuestEnd, type GuestProcess, type GuestRequest } from "./guest-process.ts";
import { DEFAULT_LIMITS, type SandboxLimits } from "./limits.ts";
import { printable } from "./printable.ts";
import { SandboxGroup } from "./sandbox-group.ts";
import { Variables } from "./variables.ts";

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
  /** Default for what is left out: {@link DEFAULT_LIMITS}. Those of the process are the group's, if there is one. */
  readonly limits?: Partial<SandboxLimits>;
  /** The logger of the component: of what the module logs and of what happens to it. */
  readonly log: Log;
  /** Runs the module in the process of this group. Default: a process of its own. */
  readonly group?: SandboxGroup;
  /** Milliseconds of a clock that is never set back, for pauses. Default: `performance.now`. */
  readonly now?: () => number;
}

export interface CallOptions {
  readonly timeoutSecs?: number;
  readonly spentSecs?: number;
}

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
  /** Calls that were answered. */
  readonly calls: number;
  /** Message of the last failure; absent when there was none. */
  readonly lastFailure?: string;
  /** Absent while there is no process. */
  readonly pid?: number;
}

/** Of the name of an export, in a byte of the request. */
const LONGEST_NAME = 255;
const UTF8 = new TextDecoder();
const ENCODER = new TextEncoder();

/**
 * One untrusted module in a process of its own, which is started by the first call and again after it was
 * killed. All methods throw `PluginError`.
 */
export class Sandbox {
  readonly #options: SandboxOptions;
  readonly #limits: SandboxLimits;
  readonly #group: SandboxGroup;
  readonly #module: number;
  readonly #variables: Variables;
  readonly #backOff: BackOff;
  #exports: ReadonlySet<string> = new Set();
  /** The process that has the module, and whether its instance is fresh or has done well. */
  #loaded: { readonly process: GuestProcess; hasInstance: boolean } | undefined;
  #isRunning = false;
  #isClosed = false;
  #starts = 0;
  #failures = 0;
  #calls = 0;
  #lastFailure: string | undefined;

  constructor(options: SandboxOptions) {
    this.#options = options;
    const { limits = {}, group = new SandboxGroup({ limits }), now = () => performance.now() } = options;
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
    this.#group = group;
    this.#module = group.join();
    this.#variables = new Variables(this.#limits.variableBytes);
    this.#backOff = new BackOff(now);
  }

  /** Names of the exported functions; empty before the first start. */
  get exports(): ReadonlySet<string> {
    return this.#exports;
  }

  /** Starts the process and the module; does nothing when it is ready. `call` does it as well. */
  async start(): Promise<void> {
    await this.#alone("start", () => this.#ready());
  }

  /**
   * Calls do not overlap: a second one is refused as `waiting`. `timeoutSecs` can only shorten the limit;
   * `spentSecs` of it are over already.
   */
  async call(
    exportName: string,
    input: Uint8Array,
    { timeoutSecs = this.#limits.callSecs, spentSecs = 0 }: CallOptions = {},
  ): Promise<Uint8Array> {
    const name = ENCODER.encode(exportName);
    return await this.#alone(`call "${exportName}" of`, async () => {
      const { inputBytes, callSecs } = this.#limits;
      if (name.length > LONGEST_NAME) throw new GuestRefusal("error", "no function has a name as long");
      if (input.length > inputBytes) {
        throw new GuestRefusal("output", `an input of ${input.length} bytes, wanted at most ${inputBytes}`);
      }
      const process = await this.#ready();
      const limitSecs = Math.min(timeoutSecs, callSecs);
      const body = [Uint8Array.of(name.length), name, input];
      const output = await this.#request(process, {
        kind: REQUEST.call,
        body,
        timeoutMs: Math.max(1, (limitSecs - spentSecs) * 1000),
        limitSecs,
      });
      this.#calls++;
      if (this.#backOff.succeeded()) this.#options.log.info(`The module "${this.#options.name}" works again`);
      return output;
    });
  }

  health(): SandboxHealth {
    const { pid } = this.#group;
    return {
      state: this.#state,
      starts: this.#starts,
      failures: this.#failures,
      calls: this.#calls,
      ...(this.#lastFailure === undefined ? {} : { lastFailure: this.#lastFailure }),
      ...(pid === undefined ? {} : { pid }),
    };
  }

  /** Ends the process; safe unstarted and twice. A call under way fails as `died`. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#group.leave();
  }

  get #state(): SandboxState {
    if (this.#isRunning) return "running";
    if (this.#backOff.isOff) return "off";
    return this.#backOff.pauseMs > 0 ? "waiting" : "idle";
  }

  /** Makes a failure of what it does a `PluginError`, and a pause of it. */
  async #alone<T>(action: string, work: () => Promise<T>): Promise<T> {
    const { name, log } = this.#options;
    const cannot = `Cannot ${action} "${name}"`;
    if (this.#isClosed) throw new PluginError("died", `${cannot}: it was closed`);
    if (this.#isRunning) throw new PluginError("waiting", `${cannot}: the call before has not been answered`);
    const { pauseMs } = this.#backOff;
    if (pauseMs > 0) {
      const when = Number.isFinite(pauseMs)
        ? `in ${(pauseMs / 1000).toFixed(1)} s`
        : "at the next start of the agent";
      throw new PluginError(
        "waiting",
        `${cannot}: it failed and is tried again ${when}: ${this.#lastFailure}`,
      );
    }
    this.#isRunning = true;
    try {
      return await this.#group.inTurn(work);
    } catch (error) {
      const { failure, message } = failureOf(error);
      const words = `${cannot}: ${message}`;
      if (this.#isClosed) throw new PluginError("died", words);
      this.#failures++;
      this.#lastFailure = message;
      // One that cannot be used at all is what the error says already.
      if (this.#backOff.failed(failure) && failure !== "load") {
        log.error(
          `The module "${name}" is off after repeated failures, and is tried every 10 minutes: ${message}`,
        );
      }
      throw new PluginError(failure, words);
    } finally {
      this.#isRunning = false;
    }
  }

  /** The process with the module in it and an instance of it, all within the time for a start. */
  async #ready(): Promise<GuestProcess> {
    const { startSecs } = this.#limits;
    const deadline = performance.now() + startSecs * 1000;
    const left = () => ({
      timeoutMs: Math.max(1, Math.round(deadline - performance.now())),
      limitSecs: startSecs,
    });
    if (this.#isClosed) throw new GuestEnd("died", "it was closed");
    const process = await this.#group.process(startSecs, {
      log: this.#options.log,
      onStart: () => {
        this.#starts++;
      },
      onUnasked: (reason) => this.#endedBetweenCalls(reason),
    });
    if (this.#loaded?.process !== process) {
      const names = await this.#request(process, {
        kind: REQUEST.load,
        body: this.#loadBody(),
        ...left(),
      });
      this.#exports = exportsOf(names);
      this.#loaded = { process, hasInstance: false };
    }
    if (!this.#loaded.hasInstance) {
      await this.#request(process, { kind: REQUEST.renew, body: [], ...left() });
      this.#loaded.hasInstance = true;
    }
    return process;
  }

  /** Counts as a failure, or what does its harm after each answer would be started again each time. */
  #endedBetweenCalls(reason: string): void {
    const { name, log } = this.#options;
    log.warning(`The sandbox of "${name}" was ended between two calls: ${reason}`);
    this.#failures++;
    this.#lastFailure = reason;
    this.#backOff.failed("died");
  }

  async #request(
    process: GuestProcess,
    request: Pick<GuestRequest, "kind" | "body" | "timeoutMs" | "limitSecs">,
  ): Promise<Uint8Array> {
    const { outputBytes, variableBytes, logLines } = this.#limits;
    const answer = await process.request({
      ...request,
      module: this.#module,
      // A variable in the pipe can be somewhat larger than it counts.
      longestAnswer: outputBytes + 2 * variableBytes,
      logLines,
      onLine: (level, text) => this.#log(level, text),
    });
    if (answer.isInstanceGone && this.#loaded !== undefined) this.#loaded.hasInstance = false;
    if (answer.linesLeftOut > 0) {
      this.#options.log.info(
        `The module "${this.#options.name}" logged more: ${answer.linesLeftOut} lines left out`,
      );
    }
    this.#keepVariables(answer);
    if (answer.failure !== undefined)
      throw new GuestRefusal(answer.failure, printable(UTF8.decode(answer.payload)));
    return answer.payload;
  }

  #keepVariables({ variables }: GuestAnswer): void {
    try {
      this.#variables.merge(variables);
    } catch (error) {
      if (error instanceof RangeError) throw new GuestRefusal("output", error.message);
      throw error;
    }
  }

  #loadBody(): readonly Uint8Array[] {
    const { config = {}, init, bytes } = this.#options;
    const { callSecs: _, startSecs: __, ...limits } = this.#limits;
    const head: LoadHead = { ...limits, config, hasInit: init !== undefined };
    const parts = [ENCODER.encode(JSON.stringify(head)), this.#variables.encode(), init ?? new Uint8Array(0)];
    return [...parts.flatMap((part) => [lengthOf(part), part]), bytes];
  }

  #log(level: LineLevel, text: string): void {
    this.#options.log[level](printable(text));
  }
}

/** The process goes on, the call has failed. */
class GuestRefusal extends Error {
  override readonly name = "GuestRefusal";
  readonly failure: PluginFailure;

  constructor(failure: PluginFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

function failureOf(error: unknown): { readonly failure: PluginFailure; readonly message: string } {
  if (error instanceof GuestEnd || error instanceof GuestRefusal) return error;
  throw error;
}

function lengthOf(part: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, part.length, true);
  return bytes;
}

/** The process may have sent anything. */
function exportsOf(bytes: Uint8Array): ReadonlySet<string> {
  try {
    const names: unknown = JSON.parse(UTF8.decode(bytes));
    if (Array.isArray(names)) return new Set(names.filter((name) => typeof name === "string"));
  } catch {
    // As with another form.
  }
  throw new GuestRefusal("output", "the answer to loading it has another form");
}
