import { reopenAll, runAgent } from "../agent.ts";
import { type ParsedOptions, UsageError } from "../cli-options.ts";
import { KernelHost } from "../kernel/host.ts";
import type { Log } from "../model/log.ts";
import { VERSION } from "../version.ts";
import { hostSupport } from "./host-support.ts";
import { configOf, loadWith, loggingOf } from "./load.ts";

/** `wca run`: until the runner ends or SIGTERM or SIGINT comes. */
export async function run(options: ParsedOptions): Promise<number> {
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
  const configuration = loadWith(options, {
    host,
    logging,
    ...(iterations === undefined ? {} : { iterations }),
  });
  log.info(`WCA ${VERSION} starts on ${host.hostname} with ${options.config}, process ${process.pid}`);
  // What needs a capability says so itself.
  for (const { feature, supported, detail } of hostSupport(host)) {
    if (supported === false && feature !== "capabilities")
      log.warning(`Limited by this host: ${feature}: ${detail}`);
  }
  const stop = new AbortController();
  const forget = listen({ stop, log, onHangup: () => reopenAll(configuration, log) });
  try {
    return await runAgent(configuration, log, stop.signal);
  } finally {
    forget();
    log.info("WCA stopped");
  }
}

interface Listening {
  readonly stop: AbortController;
  readonly log: Log;
  readonly onHangup: () => Promise<void>;
}

/** Signals and errors that belong to nobody. Returns the function that ends the listening. */
function listen({ stop, log, onHangup }: Listening): () => void {
  function onStop(signal: NodeJS.Signals): void {
    if (stop.signal.aborted) {
      log.warning(`${signal} again: exits at once`);
      // Without a listener of ours the signal does what it does to any process.
      forget();
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
  // A component of the user's may forget to catch; that must not end the agent.
  function onStray(error: unknown): void {
    log.error(
      `An error that nobody caught: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  }
  const listeners = [
    ["SIGTERM", onStop],
    ["SIGINT", onStop],
    ["SIGHUP", onHup],
    ["unhandledRejection", onStray],
    ["uncaughtException", onStray],
  ] as const;
  function forget(): void {
    for (const [event, listener] of listeners) process.off(event, listener);
  }
  for (const [event, listener] of listeners) process.on(event, listener);
  return forget;
}
