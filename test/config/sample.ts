/* Small components for the tests of this folder, and a file on disk to load them from. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { type Context, defineComponent, type OptionsOf } from "../../src/config/component.ts";
import { parseYaml } from "../../src/config/document.ts";
import { buildConfig, type Configuration } from "../../src/config/load.ts";
import { createRegistry } from "../../src/config/registry.ts";
import { labelName, path, pattern, ref, seconds } from "../../src/config/schema.ts";
import { StorageDeliveries } from "../../src/delivery/deliveries.ts";
import { Catalogue } from "../../src/model/catalogue.ts";
import { ConfigError, formatProblem } from "../../src/model/errors.ts";
import { Labeler, Node, Runner, Storage } from "../../src/model/roles.ts";
import type { Task } from "../../src/model/task.ts";

export class MeasurementRunner extends Runner {
  static readonly component = defineComponent("runner", {
    doc: "Measures and reports.",
    options: {
      node: ref("node").describe("Finds the tasks."),
      interval: seconds({ min: 0, max: 60 }).default(1).describe("Time between rounds."),
      metrics_storage: ref("storage", { defaultTag: "LogStorage" }).describe("Takes the metrics."),
      extra_storage: ref("storage", { defaultTag: "LogStorage" }).describe("Takes other metrics."),
      extra_labels: z.record(z.string(), z.string()).default({}).describe("Labels of every metric."),
      labelers: z.record(z.string(), ref("labeler")).optional().describe("Makes labels."),
      cycles: z
        .union([z.int().min(1), z.literal("auto")])
        .default("auto")
        .describe("Rounds until a reset."),
      rdt: z.boolean().nullable().default(null).describe("Use resctrl; absent means when there."),
      watched: z
        .union([z.record(labelName(), pattern()), z.array(z.record(labelName(), pattern()))])
        .optional()
        .describe("Which tasks."),
    },
  });
  readonly options: OptionsOf<typeof MeasurementRunner>;
  readonly context: Context;

  constructor(options: OptionsOf<typeof MeasurementRunner>, context: Context) {
    super();
    this.options = options;
    this.context = context;
  }

  override async run(): Promise<void> {}
}

export class StaticNode extends Node {
  static readonly component = defineComponent("node", {
    doc: "Lists tasks of the file.",
    options: {
      tasks: z.array(z.string().min(1)).describe("Cgroup paths."),
      require_pids: z.boolean().default(false).describe("Leave out empty cgroups."),
      mem: z.int().min(0).optional().describe("Memory of each task."),
    },
  });
  readonly options: OptionsOf<typeof StaticNode>;

  constructor(options: OptionsOf<typeof StaticNode>) {
    super();
    this.options = options;
  }

  override discover(): readonly Task[] {
    return [];
  }
}

/** Declares nothing: no options. */
export class PlainNode extends Node {
  override discover(): readonly Task[] {
    return [];
  }
}

export class LogStorage extends Storage {
  static readonly component = defineComponent("storage", {
    doc: "Writes metrics to a file.",
    options: {
      output_filename: path({ absolute: true }).optional().describe("File to write."),
      level: z.enum(["low", "high"]).default("low").describe("How much."),
    },
  });
  readonly options: OptionsOf<typeof LogStorage>;

  constructor(options: OptionsOf<typeof LogStorage>) {
    super();
    this.options = options;
  }

  override store(): void {}
}

export class ManyStorage extends Storage {
  static readonly component = defineComponent("storage", {
    doc: "Hands metrics on.",
    options: {
      storages: z.array(ref("storage")).describe("Take the metrics."),
      limits: z
        .strictObject({ cpu: z.number().optional(), mem: z.int().optional() })
        .optional()
        .describe("Limits."),
      first: z
        .union([ref("storage"), z.array(ref("storage"))])
        .optional()
        .describe("One or more."),
    },
  });
  readonly options: OptionsOf<typeof ManyStorage>;

  constructor(options: OptionsOf<typeof ManyStorage>) {
    super();
    this.options = options;
  }

  override store(): void {}
}

/** Its constructor throws. */
export class BrokenStorage extends Storage {
  constructor() {
    super();
    throw new RangeError("no brokers");
  }

  override store(): void {}
}

/** Its constructor reads a file with faults of its own. */
export class RuleStorage extends Storage {
  constructor() {
    super();
    throw new ConfigError([{ at: "rules.yaml:7:1", path: "[0]", message: "saw nothing" }]);
  }

  override store(): void {}
}

export class RegexLabeler extends Labeler {
  static readonly component = defineComponent("labeler", {
    doc: "Takes a part of the name.",
    options: { pattern: pattern().optional().describe("Where the part is.") },
  });

  override label(): string {
    return "x";
  }
}

export const REGISTRY = createRegistry([
  MeasurementRunner,
  StaticNode,
  PlainNode,
  LogStorage,
  ManyStorage,
  BrokenStorage,
  RuleStorage,
  RegexLabeler,
]);

export const LOAD_OPTIONS = {
  registry: REGISTRY,
  contextFor: testContext,
  env: { PORT: "5", EMPTY: "", FLAG: "true", SECRET: "hunter2(" },
  hostname: "host1",
};

/** A context that tells for which tag it was made by its hostname. */
export function testContext(tag: string): Context {
  const log = { critical() {}, error() {}, warning() {}, info() {}, debug() {}, trace() {} };
  const deliveries = new StorageDeliveries(() => log);
  return { log, now: () => 0, hostname: tag, catalogue: new Catalogue([]), deliveries, version: "0" };
}

/** Loads a text as if it were the file `c.yaml`. */
export function load(text: string): Configuration {
  return buildConfig(parseYaml(text, "c.yaml"), LOAD_OPTIONS);
}

/** The runner of a text, whose class is known. */
export function loadRunner(text: string): MeasurementRunner {
  const { runner } = load(text);
  if (runner instanceof MeasurementRunner) return runner;
  throw new TypeError("Cannot load a MeasurementRunner");
}

/** What is reported of a text, one line for each problem. */
export function problemsOf(text: string): readonly string[] {
  return problemsIn(() => load(text));
}

/** What a call reports; an empty list when it reports nothing. */
export function problemsIn(call: () => unknown): readonly string[] {
  try {
    call();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(formatProblem);
    throw error;
  }
}

/** A file in a directory of its own, removed when the scope ends. */
export function tempFile(content: string | Uint8Array, mode = 0o600): { readonly path: string } & Disposable {
  const directory = mkdtempSync(join(tmpdir(), "wca-config-"));
  const file = join(directory, "c.yaml");
  writeFileSync(file, content);
  chmodSync(file, mode);
  return { path: file, [Symbol.dispose]: () => rmSync(directory, { recursive: true }) };
}
