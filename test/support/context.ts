import type { HostContext } from "../../src/config/component.ts";
import { StorageDeliveries } from "../../src/delivery/deliveries.ts";
import { Catalogue } from "../../src/model/catalogue.ts";
import type { Host } from "../../src/model/host.ts";
import { LOG_LEVELS, type Log, type LogLevel } from "../../src/model/log.ts";

export interface TestContext extends HostContext {
  /** What was logged: `["warning", "text"]`. */
  readonly logged: readonly (readonly [LogLevel, string])[];
}

/** A context on the given host whose log is an array. */
export function testContext(host: Host): TestContext {
  const logged: [LogLevel, string][] = [];
  const log = Object.fromEntries(
    LOG_LEVELS.map((level) => [level, (message: string) => void logged.push([level, message])]),
  ) as unknown as Log;
  return {
    log,
    now: () => host.now(),
    hostname: host.hostname,
    catalogue: new Catalogue(),
    deliveries: new StorageDeliveries(() => log),
    host,
    logCounts: () => new Map(),
    version: "0.0.0-test",
    logged,
  };
}
