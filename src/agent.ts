import type { Context, HostContext } from "./config/component.ts";
import type { Configuration } from "./config/load.ts";
import { StorageDeliveries } from "./delivery/deliveries.ts";
import type { Logging } from "./log.ts";
import { Catalogue } from "./model/catalogue.ts";
import type { Deliveries } from "./model/delivery.ts";
import type { Host } from "./model/host.ts";
import type { Log } from "./model/log.ts";
import type { Lifecycle } from "./model/roles.ts";
import { withDeadline } from "./runners/deadline.ts";
import { VERSION } from "./version.ts";

/** How long a component may take to close: service managers kill after 90 seconds, containers after 10 to 30. */
const CLOSE_SECS = 10;

/** How long storages may go on with what is queued when the runner has ended. */
const SETTLE_SECS = 5;

/** What all components of one agent share. */
export interface AgentParts {
  readonly host: Host;
  readonly logging: Logging;
  /** Default: of its own, which nobody settles. */
  readonly deliveries?: Deliveries;
  /** Rounds after which the runner stops; absent: it runs until the signal. */
  readonly iterations?: number;
}

/** The queues before the storages of one agent; each speaks through the logger of its storage. */
export function deliveriesOf(logging: Logging): StorageDeliveries {
  return new StorageDeliveries((component) => logging.logger(`wca.${component}`));
}

/** The context of each component: its own logger, the rest shared. */
export function contextMaker({
  host,
  logging,
  deliveries = deliveriesOf(logging),
  iterations,
}: AgentParts): (tag: string) => HostContext & Context {
  const catalogue = new Catalogue();
  return (tag) => ({
    log: logging.logger(`wca.${tag}`),
    now: () => host.now(),
    hostname: host.hostname,
    catalogue,
    deliveries,
    host,
    logCounts: (level) => logging.counts(level),
    version: VERSION,
    ...(iterations === undefined ? {} : { iterations }),
  });
}

/** What {@link runAgent} needs beside the components. */
export interface Surroundings {
  readonly log: Log;
  readonly deliveries: Deliveries;
  readonly signal: AbortSignal;
}

/**
 * Opens the components in the order of their construction, runs the runner until it ends or the signal
 * comes, lets the storages finish and closes all in reverse on every path. Returns the exit code.
 */
export async function runAgent(
  configuration: Configuration,
  { log, deliveries, signal }: Surroundings,
): Promise<number> {
  const opened: { readonly instance: Lifecycle; readonly path: string }[] = [];
  try {
    for (const { instance, path } of configuration.components) {
      const component = instance as Lifecycle;
      opened.push({ instance: component, path });
      if (!(await succeeds(() => component.open?.(), `Cannot open ${path}`, log))) return 1;
    }
    return (await configuration.runner.run(signal)) ?? 0;
  } catch (error) {
    log.critical(`The runner failed: ${messageOf(error)}`);
    if (error instanceof Error && error.stack !== undefined) log.debug(error.stack);
    return 1;
  } finally {
    await deliveries.settle(SETTLE_SECS);
    for (const { instance, path } of opened.reverse()) {
      await succeeds(() => closeInTime(instance), `Cannot close ${path}`, log);
    }
  }
}

/** The others are to be closed even if one never is. */
function closeInTime(instance: Lifecycle): void | Promise<void> {
  const closing = instance.close?.();
  if (!(closing instanceof Promise)) return closing;
  return withDeadline(closing, CLOSE_SECS * 1000, () => new Error(`not done within ${CLOSE_SECS} s`));
}

/** After SIGHUP: components that keep files open take up the ones that have the names now. */
export async function reopenAll({ components }: Configuration, log: Log): Promise<void> {
  for (const { instance, path } of components) {
    await succeeds(
      () => (instance as { reopen?(): void | Promise<void> }).reopen?.(),
      `Cannot reopen ${path}`,
      log,
    );
  }
}

async function succeeds(action: () => void | Promise<void>, what: string, log: Log): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    log.critical(`${what}: ${messageOf(error)}`);
    return false;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
