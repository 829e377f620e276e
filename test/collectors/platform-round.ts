import { expect } from "bun:test";
import { Catalogue } from "../../src/model/catalogue.ts";
import type { Measurement } from "../../src/model/metric.ts";
import type { Platform } from "../../src/model/platform.ts";
import type { Collector } from "../../src/model/roles.ts";

type Measurements = Readonly<Record<string, Measurement>>;

const NO_PLATFORM: Platform = {
  ...{ cpuModel: "", sockets: 0, cores: 0, cpus: 0, onlineCpus: [] },
  ...{ topology: new Map(), nodeCpus: new Map(), nodeDistances: new Map() },
};

/** What the collector measures of the platform in one round; every metric has as many levels as its row has labels. */
export function measureOnce(collector: Collector, platform: Platform = NO_PLATFORM): Measurements {
  const platformMeasurements: Record<string, Measurement> = {};
  collector.measure({ timeMs: 0, platform, platformMeasurements, tasks: [], drop: () => {} });
  for (const [name, value] of Object.entries(platformMeasurements)) {
    const labels = new Catalogue().get(name)?.labels.length ?? -1;
    for (const depth of depths(value)) expect([name, depth]).toEqual([name, labels]);
  }
  return platformMeasurements;
}

function depths(value: Measurement): readonly number[] {
  if (typeof value === "number") return [0];
  return Object.values(value).flatMap((below) => depths(below).map((depth) => depth + 1));
}

/** `key value` lines read the slow way: what the collectors' results are compared with. */
export function linesOf(text: string): readonly (readonly [string, number])[] {
  return text.split("\n").flatMap((line) => {
    const [key, value] = line.split(" ");
    return key === undefined || value === undefined ? [] : [[key, Number(value)] as const];
  });
}
