import { UsageError } from "../cli-options.ts";
import { suggestion } from "../config/nearest.ts";
import type { CommandOptions } from "./load.ts";
import { describePlugin } from "./plugin-describe.ts";
import { newPlugin } from "./plugin-new.ts";
import { testPlugin } from "./plugin-test.ts";

interface Action {
  /** What stands behind its name. */
  readonly argument: string;
  readonly run: (argument: string, options: CommandOptions) => Promise<number>;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  new: { argument: "DIR", run: newPlugin },
  test: { argument: "MODULE", run: testPlugin },
  describe: { argument: "MODULE", run: describePlugin },
};

/** `wca plugin ACTION …`: for authors of plugins in WebAssembly. */
export async function plugin(options: CommandOptions): Promise<number> {
  const [name, argument] = options.positionals;
  const names = Object.keys(ACTIONS);
  if (name === undefined) throw new UsageError(`missing what to do: wca plugin ${names.join("|")}`);
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action === undefined) {
    const question = suggestion(name, names) || ",";
    throw new UsageError(`wca plugin: saw "${name}"${question} wanted one of ${names.join(", ")}`);
  }
  if (argument === undefined)
    throw new UsageError(`missing ${action.argument}: wca plugin ${name} ${action.argument}`);
  return await action.run(argument, options);
}
