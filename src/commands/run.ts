import { deliveriesOf, reopenAll, runAgent } from "../agent.ts";
import { UsageError } from "../cli-options.ts";
import { KernelHost } from "../kernel/host.ts";
import type { Logging } from "../log.ts";
import { VERSION } from "../version.ts";
import { hostSupport } from "./host-support.ts";
import { type CommandOptions, configOf, loadWith, loggingOf } from "./load.ts";
import { recorderOf, tryOut } from "./recorder.ts";

/** `wca run`: until the runner ends or SIGTERM or SIGINT comes. */
export async function run(options: CommandOptions): Promise<number> {
  configOf(options);
  if (process.geteuid?.() === 0 && !options.root) {
    throw new UsageError(
      "running as root is not permitted without --root: use a user that can read the kernel files wanted (see wca doctor), or give --root",
    );
  }
  const logging = loggingOf(options);
  const log = logging.logger("wca");
  const { iterations } = options;
  const host = new KernelHost();
  const deliveries = deliveriesOf(logging);
  const recorder = await recorderOf(options, { hostname: host.hostname, log });
  const configuration = await loadWith(options, {
    host,
    logging,
    deliveries,
    ...(iterations === undefined ? {} : { iterations }),
    ...(recorder === undefined ? {} : { recorder }),
  });
  if (recorder !== undefined) await tryOut(recorder);
  log.info(`WCA ${VERSION} starts on ${host.hostname} with ${options.config}, process ${process.pid}`);
  // What needs a capability says so itself.
  for (const { feature, supported, detail } of hostSupport(host)) {
    if (supported === false && feature !== "capabilities")
      log.warning(`Limited by this host: ${feature}: ${detail}`);
  }
  const stop = new AbortController();
  const forget = listen({ stop, logging, onHangup: () => reopenAll(configuration, log) });
  try {
    return await runAgent(configuration, { log, deliveries, signal: stop.signal });
  } finally {
    forget();
    await recorder?.close();
    // What was counted comes before the last line.
    logging.flush();
    log.info("WCA stopped");
  }
}

interface Listening {
  readonly stop: AbortController;
  readonly logging: Logging;
  readonly onHangup: () => Promise<void>;
}

/** Signals and errors that belong to nobody. Returns the function that ends the listening. */
function listen({ stop, logging, onHangup }: Listening): () => void {
  // Who sends a signal wants to see an answer, also to the second one.
  const log = logging.logger("wca", { everyTime: true });
  function onStop(signal: NodeJS.Signals): void {
    if (stop.signal.aborted) {
      log.warning(`${signal} again: exits at once`);
      // Without a listener of ours the signal does what it does to any process.
      forget();
      logging.flush();
      process.kill(process.pid, signal);
      return;
    }
    log.info(`${signal}: stops after the current step`);
    stop.abort();
  }
  function onHup(): void {
    log.info("SIGHUP: reopens files");
    void onHangup();
  }
  function onUser1(): void {
    const level = logging.nextLevel();
    const now = level === undefined ? "the configured levels again" : `level ${level} for all loggers`;
    logging.announce(`SIGUSR1: logs at ${now}`);
  }
  // A component of the user's may forget to catch; that must not end the agent.
  function onStray(error: unknown): void {
    logging
      .logger("wca")
      .error(
        `An error that nobody caught: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
  }
  const listeners = [
    ["SIGTERM", onStop],
    ["SIGINT", onStop],
    ["SIGHUP", onHup],
    ["SIGUSR1", onUser1],
    ["unhandledRejection", onStray],
    ["uncaughtException", onStray],
  ] as const;
  function forget(): void {
    for (const [event, listener] of listeners) process.off(event, listener);
  }
  for (const [event, listener] of listeners) process.on(event, listener);
  return forget;
}
