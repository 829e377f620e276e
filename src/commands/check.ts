import { KernelHost } from "../kernel/host.ts";
import { type CommandOptions, loadWith, loggingOf } from "./load.ts";

/** `wca check`: reads the file and builds the graph; opens nothing. */
export async function check(options: CommandOptions): Promise<number> {
  const configuration = await loadWith(options, { host: new KernelHost(), logging: loggingOf(options) });
  const tags = configuration.components.map(({ tag }) => tag).join(", ");
  const { length } = configuration.components;
  console.log(`${options.config}: fine, ${length} ${length === 1 ? "component" : "components"}: ${tags}`);
  return 0;
}
