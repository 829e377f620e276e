import type { BundledComponent } from "./external.ts";

/** The module that `wca bundle` makes of the user's classes. */
export interface BundledModule {
  readonly components: readonly BundledComponent[];
}

/** Runs the program and exits. `load` evaluates the user's classes that were built in. */
export async function start(load?: () => Promise<BundledModule>): Promise<never> {
  // A request for another log level (wca run) must not end the process before somebody listens, nor at its end.
  process.on("SIGUSR1", () => {});
  const { main } = await import("./cli.ts");
  process.exit(await main(process.argv.slice(2), load === undefined ? [] : await componentsOf(load)));
}

async function componentsOf(load: () => Promise<BundledModule>): Promise<readonly BundledComponent[]> {
  const { provideWcaModule } = await import("./external/wca-module.ts");
  provideWcaModule();
  try {
    return (await load()).components;
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    console.error(`wca: Cannot load the components that were built into this program: ${reason}`);
    return process.exit(EXIT_USAGE);
  }
}

/** As of a component that `--register` cannot load. */
const EXIT_USAGE = 2;
