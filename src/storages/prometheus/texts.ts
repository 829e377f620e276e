import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Batch } from "../../model/delivery.ts";
import type { Metric } from "../../model/metric.ts";
import { Exposition, type Refusal } from "../exposition/exposition.ts";
import { OpenMetricsSyntax } from "../exposition/openmetrics.ts";
import { TextSyntax } from "../exposition/syntax.ts";
import type { FormatName } from "./negotiation.ts";
import { Snapshot } from "./snapshot.ts";

/** A text of metrics repeats itself so much that more effort gains little. */
const GZIP_LEVEL = 1;
const SYNTAXES = { openmetrics: OpenMetricsSyntax, text: TextSyntax } as const;

/** One format of one round, written when it is first asked for. A Blob is shared by all answers that send it. */
interface Text {
  readonly plain: Blob;
  gzip?: Promise<Blob>;
}

/**
 * The last round in the formats that are asked for: each is written, and compressed, at most once for a
 * round, whoever many ask for it. Answers on their way keep the bytes they began with.
 */
export class Texts {
  readonly #timestamps: boolean;
  readonly #snapshot = new Snapshot();
  readonly #expositions = new Map<FormatName, Exposition>();
  readonly #texts = new Map<FormatName, Text>();
  #timeMs = 0;
  #refusals: readonly Refusal[] = [];
  /** The format asked for last, which is likely to be asked for next. */
  #usual: FormatName = "text";

  constructor(options: { readonly timestamps: boolean }) {
    this.#timestamps = options.timestamps;
  }

  /** Takes a copy. Returns the metrics of the round that no format can write; nothing when it is not whole yet. */
  take(metrics: readonly Metric[], timeMs: number, batch?: Batch): readonly Refusal[] | undefined {
    const { published, mayDiffer } = this.#snapshot.take(metrics, batch);
    if (!published) return undefined;
    this.#timeMs = timeMs;
    this.#texts.clear();
    if (mayDiffer) this.#refusals = this.#write(this.#usual).refusals;
    return this.#refusals;
  }

  plain(format: FormatName): Blob {
    return this.#text(format).plain;
  }

  /** Compressed beside the event loop. */
  gzip(format: FormatName): Promise<Blob> {
    const text = this.#text(format);
    text.gzip ??= compress(text.plain);
    return text.gzip;
  }

  clear(): void {
    this.#snapshot.clear();
    this.#expositions.clear();
    this.#texts.clear();
    this.#refusals = [];
  }

  #text(format: FormatName): Text {
    this.#usual = format;
    let text = this.#texts.get(format);
    if (text === undefined) {
      text = { plain: new Blob([this.#write(format).bytes]) };
      this.#texts.set(format, text);
    }
    return text;
  }

  #write(format: FormatName): {
    readonly bytes: Uint8Array<ArrayBuffer>;
    readonly refusals: readonly Refusal[];
  } {
    let exposition = this.#expositions.get(format);
    if (exposition === undefined) {
      exposition = new Exposition({ timestamps: this.#timestamps, syntax: new SYNTAXES[format]() });
      this.#expositions.set(format, exposition);
    }
    const bytes = exposition.render(this.#snapshot.metrics, this.#timeMs) as Uint8Array<ArrayBuffer>;
    return { bytes, refusals: exposition.refusals };
  }
}

async function compress(text: Blob): Promise<Blob> {
  return new Blob([await promisify(gzip)(await text.arrayBuffer(), { level: GZIP_LEVEL })]);
}
