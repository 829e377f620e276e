import type { ParsedOptions } from "../cli-options.ts";
import { KernelHost } from "../kernel/host.ts";
import { loadWith, loggingOf } from "./load.ts";

/** `wca check`: reads the file and builds the graph; opens nothing. */
export function check(options: ParsedOptions): number {
  const configuration = loadWith(options, { host: new KernelHost(), logging: loggingOf(options) });
  const tags = configuration.components.map(({ tag }) => tag).join(", ");
  console.log(`${options.config}: fine, ${configuration.components.length} components: ${tags}`);
  return 0;
}
