import { z } from "zod";
import { defineComponent, type HostContext, type OptionsOf } from "../config/component.ts";
import { pattern, patternToRegExp } from "../config/schema.ts";
import { Names } from "../kernel/names.ts";
import { OptionalFile } from "../kernel/optional-file.ts";
import { parseZoneinfo, parseZoneinfoBy, type Zoneinfo } from "../kernel/proc/zoneinfo.ts";
import { Collector } from "../model/roles.ts";
import type { Round } from "../model/round.ts";
import type { Probing, Support } from "../model/support.ts";
import { fileSupport } from "./file-support.ts";
import { missingOf, put } from "./platform-measurement.ts";

const ZONEINFO = "/proc/zoneinfo";

export const ZONEINFO_OPTIONS = {
  zoneinfo: z
    .union([z.boolean(), pattern({ groups: 2 })])
    .default(true)
    .describe(
      "Which lines of /proc/zoneinfo are measured: true for all lines of a key and a number, false for none, or a regular expression with two groups, key and number, that is matched at the start of the line.",
    ),
} as const;

/** Statistics of memory zones. */
export class ZoneinfoCollector extends Collector implements Probing {
  static readonly component = defineComponent("collector", {
    doc: "Measures statistics of every memory zone and, as zone per-node-stats, of every NUMA node, from /proc/zoneinfo.",
    options: ZONEINFO_OPTIONS,
  });

  readonly #host: HostContext["host"];
  readonly #zoneinfo: OptionalFile;
  /** Nothing: not measured. */
  readonly #parse: ((bytes: Uint8Array, length: number) => Zoneinfo) | undefined;

  constructor({ zoneinfo }: OptionsOf<typeof ZoneinfoCollector>, { host }: HostContext) {
    super();
    this.#host = host;
    this.#zoneinfo = new OptionalFile(host, ZONEINFO, { pieces: true });
    this.#parse = parserOf(zoneinfo);
  }

  measure(round: Round): void {
    if (this.#parse !== undefined) put(round, "platform_zoneinfo", this.#zoneinfo.parse(this.#parse));
  }

  missingFiles(): ReadonlyMap<string, number> {
    return missingOf([this.#zoneinfo]);
  }

  probe(): readonly Support[] {
    if (this.#parse === undefined) return [];
    const feature = "memory zone statistics";
    const need = { component: "ZoneinfoCollector", feature, path: ZONEINFO, needs: "/proc mounted" };
    return [fileSupport(this.#host, need)];
  }

  close(): void {
    this.#zoneinfo.close();
  }
}

function parserOf(option: boolean | string): ((bytes: Uint8Array, length: number) => Zoneinfo) | undefined {
  if (option === false) return undefined;
  if (option === true) {
    const names = new Names();
    return (bytes, length) => parseZoneinfo(bytes, length, names);
  }
  const regExp = patternToRegExp(option);
  return (bytes, length) => parseZoneinfoBy(regExp, bytes, length);
}
