import { z } from "zod";
import type { Context } from "../config/component.ts";
import { parsePlainData } from "../config/plain-data.ts";
import type { Decision } from "../model/anomaly.ts";
import { PluginError } from "../model/errors.ts";
import type { Measurement } from "../model/metric.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { decodeDecision } from "../protocol/decode-decision.ts";
import { encoderOf, type SnapshotEncoder } from "../protocol/encoder.ts";
import {
  type Description,
  type InitMessage,
  PROTOCOL_VERSION,
  type SnapshotMessage,
} from "../protocol/messages.ts";
import { selected } from "../protocol/selection.ts";
import { snapshotMessage } from "../protocol/snapshot-message.ts";
import { describeModule } from "./describe-module.ts";
import { optionsShape } from "./options-shape.ts";
import { PluginHealth } from "./plugin-health.ts";
import { limitsOf, type PluginOptions } from "./plugin-options.ts";
import { Sandbox } from "./sandbox.ts";
import { sandboxGroup } from "./sandbox-groups.ts";

/** A module is given this at least, however little of the round is left. */
const SHORTEST_CALL_SECS = 0.01;
/** From what a runner waits: for writing the input and for ending a process. */
const MARGIN_SECS = 0.02;
/** Of rounds that follow each other at once. */
const WITHOUT_INTERVAL_SECS = 1;

/** A module that is known already. */
export interface KnownModule {
  readonly bytes: Uint8Array;
  /** Absent: it is asked. */
  readonly description?: Description;
}

export interface DetectorPluginOptions {
  /** In messages and as a label. */
  readonly name: string;
  /** What is wrong with the file or its digest is thrown. */
  readonly module: () => KnownModule;
  /** Options of the module as the user wrote them. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly settings: PluginOptions;
  readonly context: Context;
  /** Milliseconds of the clock of pauses after failures. Default: the machine's. */
  readonly pauseClock?: () => number;
}

/** A module that runs. */
interface Running {
  readonly sandbox: Sandbox;
  readonly description: Description;
  readonly encoder: SnapshotEncoder;
}

/** A detector in WebAssembly: strict until it is open, and then nothing but `PluginError` comes out of it. */
export class DetectorPlugin {
  readonly #options: DetectorPluginOptions;
  readonly #health: PluginHealth;
  #running: Running | undefined;
  /** Why the last call that was made failed. */
  #lastFailure: PluginError | undefined;

  constructor(options: DetectorPluginOptions) {
    this.#options = options;
    this.#health = new PluginHealth(options.name);
  }

  /** Throws what is wrong with the module or its configuration, in one message. */
  async open(): Promise<void> {
    const { name, module, config, settings, context, pauseClock } = this.#options;
    const limits = limitsOf(settings);
    const { log } = context;
    const known = module();
    const { bytes } = known;
    const description = known.description ?? (await describeModule(bytes, { name, limits, log }));
    requireDetector(description, name);
    const options = checkedConfig(description, config);
    const { process: group } = settings;
    const sandbox = new Sandbox({
      name,
      bytes,
      limits,
      log,
      config: inExtism(options),
      init: initInput(options, context),
      ...(pauseClock === undefined ? {} : { now: pauseClock }),
      ...(group === undefined ? {} : { group: sandboxGroup(context.catalogue, group) }),
    });
    // What was started has to be ended, also when the start fails.
    this.#running = { sandbox, description, encoder: encoderOf(description.input ?? "json") };
    await sandbox.start();
    const version = description.version === undefined ? "" : ` ${description.version}`;
    log.info(`Runs ${name}${version}: ${description.doc.slice(0, 200).replaceAll("\n", " ")}`);
  }

  detect(snapshot: Snapshot): Promise<Decision> {
    return this.detectIn(snapshotMessage(snapshot));
  }

  /** The same for a snapshot that is a message already, as from a trace. */
  async detectIn(message: SnapshotMessage): Promise<Decision> {
    const running = this.#running;
    if (running === undefined) throw new PluginError("waiting", "Cannot call the module: it is not open");
    this.#health.called();
    try {
      return await this.#detect(message, running);
    } catch (error) {
      const failure = error instanceof PluginError ? error : strange(error);
      this.#health.failed(failure);
      if (failure.failure !== "waiting") this.#lastFailure = failure;
      throw this.#saidOnce(failure);
    }
  }

  /** While it is not tried again nothing new has happened, and a pause that is told anew in each round fills the log. */
  #saidOnce(failure: PluginError): PluginError {
    const { message } = this.#lastFailure ?? failure;
    return message === failure.message ? failure : new PluginError("waiting", message, { cause: failure });
  }

  async #detect(message: SnapshotMessage, { sandbox, description, encoder }: Running): Promise<Decision> {
    const timeoutSecs = this.#secsLeft(message);
    const started = performance.now();
    // After a failure, which has a deadline of its own.
    await sandbox.start();
    const spentSecs = (performance.now() - started) / 1000;
    // A call that has hardly any time would fail again; the next round finds the module ready.
    if (spentSecs > timeoutSecs / 2)
      throw new PluginError("waiting", "Cannot call the module: it has just been started");
    const input = encoder.encode(selected(message, description));
    return decodeDecision(await sandbox.call("detect", input, { timeoutSecs, spentSecs }));
  }

  /** For a call, if nobody said so: less than a runner waits, so that one fault is not told as two. */
  #secsLeft({ timeMs, intervalSecs }: SnapshotMessage): number {
    const { settings, context } = this.#options;
    const { callSecs } = limitsOf(settings);
    const isGiven = settings.limits["call_seconds"] !== undefined;
    const waited = (intervalSecs || WITHOUT_INTERVAL_SECS) / 2 - MARGIN_SECS;
    const most = isGiven ? callSecs : Math.min(callSecs, waited);
    // The next round calls again.
    const left = intervalSecs === 0 ? most : intervalSecs - Math.max(0, context.now() - timeMs) / 1000;
    return Math.max(SHORTEST_CALL_SECS, Math.min(most, left));
  }

  measurements(): Record<string, Measurement> {
    return this.#running === undefined ? {} : this.#health.measurements(this.#running.sandbox.health());
  }

  async close(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.sandbox.close();
  }
}

export function requireDetector({ role }: Description, name: string): void {
  if (role === "detector") return;
  throw new PluginError(
    "load",
    `Cannot use the module ${name}: it is an ${role}, and no runner of this version takes one; wanted a detector`,
  );
}

/** The options with defaults filled in. All faults are told together. */
function checkedConfig(
  description: Description,
  config: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const schema = z.strictObject(optionsShape(description.options));
  const parsed = parsePlainData(schema, config, "config");
  if (parsed.faults !== undefined) throw new RangeError(parsed.faults.join("; "));
  return parsed.value as Readonly<Record<string, unknown>>;
}

/** Text as is, all else as JSON. */
function inExtism(options: Readonly<Record<string, unknown>>): Record<string, string> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    given.map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

function initInput(options: Readonly<Record<string, unknown>>, { hostname, version }: Context): Uint8Array {
  const message: InitMessage = { protocol: PROTOCOL_VERSION, options, hostname, agentVersion: version };
  return new TextEncoder().encode(JSON.stringify(message));
}

/** An error of ours must not end the round either. */
function strange(error: unknown): PluginError {
  const reason = error instanceof Error ? error.message : String(error);
  return new PluginError("error", `Cannot call the module: ${reason}`, { cause: error });
}
