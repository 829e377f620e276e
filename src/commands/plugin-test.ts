import * as path from "node:path";
import { z } from "zod";
import { UsageError } from "../cli-options.ts";
import type { Context } from "../config/component.ts";
import { readTrustedBytes } from "../config/trusted-file.ts";
import { StorageDeliveries } from "../delivery/deliveries.ts";
import type { ContentionAnomaly } from "../model/anomaly.ts";
import { Catalogue } from "../model/catalogue.ts";
import { ConfigError, PluginError } from "../model/errors.ts";
import { LOG_LEVELS, type Log } from "../model/log.ts";
import { quoted } from "../protocol/quoted.ts";
import { readTrace, TraceError } from "../trace/reader.ts";
import { VERSION } from "../version.ts";
import { describeModule } from "../wasm/describe-module.ts";
import { DetectorPlugin } from "../wasm/detector-plugin.ts";
import { optionsShape } from "../wasm/options-shape.ts";
import { limitsOf, PLUGIN_OPTIONS } from "../wasm/plugin-options.ts";
import type { CommandOptions } from "./load.ts";
import { configFromFile, configFromWords } from "./plugin-config.ts";

/** What a module is given when nobody says otherwise. */
const SETTINGS = z.object(PLUGIN_OPTIONS).parse({});

/** `wca plugin test`: what a module says to a recorded trace, one line for each anomaly, and how it fares. */
export async function testPlugin(module: string, options: CommandOptions): Promise<number> {
  const { trace } = options;
  if (trace === undefined) throw new UsageError("missing option --trace FILE: what wca run --record wrote");
  const replay = new Replay();
  const plugin = await opened(module, { options, replay });
  try {
    // What is wrong with the file is said before anything else is.
    for await (const message of readTrace(trace)) await replay.round(message, plugin);
  } catch (error) {
    if (error instanceof TraceError) throw new UsageError(error.message);
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined ? error : new UsageError(`option --trace: cannot read "${trace}": ${code}`);
  } finally {
    await plugin.close();
  }
  console.log(replay.summary());
  return replay.failures === 0 ? 0 : 1;
}

async function opened(
  module: string,
  { options, replay }: { readonly options: CommandOptions; readonly replay: Replay },
): Promise<DetectorPlugin> {
  const name = path.basename(module, ".wasm");
  const bytes = bytesOf(module);
  try {
    const { log } = replay;
    const description = await describeModule(bytes, { name, limits: limitsOf(SETTINGS), log });
    const plugin = new DetectorPlugin({
      name,
      module: () => ({ bytes, description }),
      config: configOf(options, optionsShape(description.options)),
      settings: SETTINGS,
      context: replay.context,
      pauseClock: replay.context.now,
    });
    await plugin.open();
    return plugin;
  } catch (error) {
    const isExpected = error instanceof PluginError || error instanceof RangeError;
    throw isExpected ? new UsageError(`${module}: ${error.message}`) : error;
  }
}

function configOf(
  { config, pluginOptions = [] }: CommandOptions,
  shape: Readonly<Record<string, z.ZodType>>,
) {
  const words = configFromWords(pluginOptions, shape);
  return config === undefined ? words : { ...configFromFile(config, shape), ...words };
}

/** The rounds of a trace, at the times that they were recorded at. */
class Replay {
  readonly log: Log = Object.fromEntries(
    LOG_LEVELS.map((level) => [level, (text: string) => this.#say(level, text)]),
  ) as unknown as Log;
  readonly context: Context = {
    log: this.log,
    now: () => this.#timeMs,
    hostname: "trace",
    catalogue: new Catalogue(),
    version: VERSION,
    deliveries: new StorageDeliveries(() => this.log),
  };
  failures = 0;
  #timeMs = 0;
  #rounds = 0;
  #anomalies = 0;
  #metrics = 0;
  #lines = 0;
  readonly #milliseconds: number[] = [];

  async round(message: Parameters<DetectorPlugin["detectIn"]>[0], plugin: DetectorPlugin): Promise<void> {
    this.#timeMs = message.timeMs;
    this.#rounds++;
    const started = performance.now();
    try {
      const { anomalies, metrics = [] } = await plugin.detectIn(message);
      for (const anomaly of anomalies) console.log(`${this.#time} ${inWords(anomaly)}`);
      this.#anomalies += anomalies.length;
      this.#metrics += metrics.length;
    } catch (error) {
      if (!(error instanceof PluginError)) throw error;
      this.failures++;
      console.log(`${this.#time} failed (${error.failure}): ${error.message}`);
    }
    this.#milliseconds.push(performance.now() - started);
  }

  summary(): string {
    const sorted = this.#milliseconds.toSorted((one, other) => one - other);
    const [median, longest] = [sorted[sorted.length >> 1] ?? 0, sorted.at(-1) ?? 0];
    const counts = [
      [this.#rounds, "rounds"],
      [this.#anomalies, "anomalies"],
      [this.#metrics, "metrics"],
      [this.failures, "failures"],
      [this.#lines, "log lines"],
    ];
    const times = `median ${median.toFixed(2)} ms, longest ${longest.toFixed(2)} ms of a call`;
    return `${counts.map(([count, noun]) => `${count} ${noun}`).join(", ")}; ${times}`;
  }

  get #time(): string {
    return Number.isFinite(this.#timeMs) && Math.abs(this.#timeMs) < 8.64e15
      ? new Date(this.#timeMs).toISOString()
      : "?";
  }

  #say(level: string, text: string): void {
    if (level === "debug" || level === "trace") return;
    this.#lines++;
    console.log(`log ${level}: ${text}`);
  }
}

/** `onset: "a" contended for cpus by "b", "c" (severity 0.5)`. */
function inWords(anomaly: ContentionAnomaly): string {
  const {
    resource,
    contendedTaskId,
    contendingTaskIds,
    state = "anomaly",
    severity,
    confidence,
    metrics,
  } = anomaly;
  const causes = contendingTaskIds.map(quoted).join(", ") || "nobody known";
  const details = [
    ...(severity === undefined ? [] : [`severity ${severity}`]),
    ...(confidence === undefined ? [] : [`confidence ${confidence}`]),
    ...(metrics ?? []).map(({ name, value }) => `${name} ${value}`),
  ];
  const behind = details.length === 0 ? "" : ` (${details.join(", ")})`;
  return `${state}: ${quoted(contendedTaskId)} suffers for ${resource} from ${causes}${behind}`;
}

/** Run in the sandbox and for its author, so it does not matter who wrote it. */
function bytesOf(module: string): Uint8Array {
  try {
    return readTrustedBytes(module, { byAnyone: true });
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(error.message) : error;
  }
}
