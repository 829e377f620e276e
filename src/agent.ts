import type { Context, HostContext } from "./config/component.ts";
import type { Configuration } from "./config/load.ts";
import { StorageDeliveries } from "./delivery/deliveries.ts";
import type { Logging } from "./log.ts";
import { Catalogue } from "./model/catalogue.ts";
import type { Deliveries } from "./model/delivery.ts";
import type { Host } from "./model/host.ts";
import type { Log } from "./model/log.ts";
import type { Lifecycle } from "./model/roles.ts";
import type { SnapshotRecorder } from "./model/snapshot.ts";
import { withDeadline } from "./runners/deadline.ts";
import { VERSION } from "./version.ts";

/** How long components may take to close: service managers kill after 90 seconds, containers after 10 to 30. */
const CLOSE_SECS = 10;
/** What each of them is given at least, however long the others took. */
const SHORTEST_CLOSE_SECS = 1;
/** After this a component that is still being opened is said to hang. */
const OPEN_SECS = 10;

/** How long storages may go on with what is queued when the runner has ended. */
const SETTLE_SECS = 5;

const MAX_EXIT_CODE = 255;

/** What all components of one agent share. */
export interface AgentParts {
  readonly host: Host;
  readonly logging: Logging;
  /** Default: of its own, which nobody settles. */
  readonly deliveries?: Deliveries;
  /** Rounds after which the runner stops; absent: it runs until the signal. */
  readonly iterations?: number;
  /** Is given the snapshot of every round. */
  readonly recorder?: SnapshotRecorder;
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
  recorder,
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
    ...(recorder === undefined ? {} : { recorder }),
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
      if (!(await isOpened(component, path, { log, signal }))) return signal.aborted ? 0 : 1;
    }
    return exitCodeOf(await configuration.runner.run(signal));
  } catch (error) {
    log.critical(`The runner failed: ${messageOf(error)}`);
    if (error instanceof Error && error.stack !== undefined) log.debug(error.stack);
    return 1;
  } finally {
    await deliveries.settle(SETTLE_SECS);
    const deadline = performance.now() + CLOSE_SECS * 1000;
    for (const { instance, path } of opened.reverse()) {
      await succeeds(() => closeInTime(instance, deadline), `Cannot close ${path}`, log);
    }
  }
}

/** What a runner of the user's gives may be anything. */
function exitCodeOf(given: unknown): number {
  const code = given ?? 0;
  if (typeof code === "number" && Number.isInteger(code) && code >= 0 && code <= MAX_EXIT_CODE) return code;
  throw new TypeError(`its exit code is ${Bun.inspect(given)}, wanted an integer from 0 to ${MAX_EXIT_CODE}`);
}

/** False when it failed, or when the signal came before it was done. */
async function isOpened(
  instance: Lifecycle,
  path: string,
  { log, signal }: Pick<Surroundings, "log" | "signal">,
): Promise<boolean> {
  const stopped = Promise.withResolvers<false>();
  const stop = () => stopped.resolve(false);
  signal.addEventListener("abort", stop);
  const slow = setTimeout(
    () => log.warning(`Cannot start yet: ${path} is not open after ${OPEN_SECS} s`),
    OPEN_SECS * 1000,
  );
  try {
    return await Promise.race([
      succeeds(() => instance.open?.(), `Cannot open ${path}`, log),
      stopped.promise,
    ]);
  } finally {
    clearTimeout(slow);
    signal.removeEventListener("abort", stop);
  }
}

/** The others are to be closed even if one never is. `deadline`: on the clock of `performance.now`. */
function closeInTime(instance: Lifecycle, deadline: number): void | Promise<void> {
  const closing = instance.close?.();
  if (!(closing instanceof Promise)) return closing;
  const seconds = Math.max(SHORTEST_CLOSE_SECS, Math.round((deadline - performance.now()) / 1000));
  return withDeadline(closing, seconds * 1000, () => new Error(`not done within ${seconds} s`));
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
