import type { z } from "zod";
import { type Context, defineComponent } from "../config/component.ts";
import { PluginError } from "../model/errors.ts";
import type { Description } from "../protocol/messages.ts";
import { requireDetector } from "./detector-plugin.ts";
import { checkModule } from "./module-file.ts";
import { optionsShape } from "./options-shape.ts";
import { PluginDetector } from "./plugin-detector.ts";
import { PLUGIN_OPTIONS, type PluginOptions } from "./plugin-options.ts";

/** A module that was described. */
export interface DescribedModule {
  readonly bytes: Uint8Array;
  readonly description: Description;
}

/** A class that a tag can name, and the module behind it. */
export type ModuleDetector = ReturnType<typeof moduleDetector>;

/** Whether a class was made of a module. */
export function isModuleDetector(candidate: object): candidate is ModuleDetector {
  return MADE.has(candidate);
}

const MADE = new WeakSet<object>();

/**
 * A component of which the module itself says what its options are. One for an allocator can be described
 * and not be built. Throws a {@link PluginError}.
 */
export function moduleDetector(tag: string, module: DescribedModule) {
  const { description } = module;
  const own = optionsShape(description.options);
  const clash = Object.keys(own).find((name) => Object.hasOwn(PLUGIN_OPTIONS, name));
  if (clash !== undefined) {
    const taken = Object.keys(PLUGIN_OPTIONS).join(", ");
    throw new PluginError(
      "load",
      `Cannot use the options of the module: there is "${clash}", and ${taken} are options of every module`,
    );
  }
  class ModuleDetector extends PluginDetector {
    static readonly component = defineComponent("detector", {
      doc: docOf(description),
      options: { ...own, ...PLUGIN_OPTIONS } as z.ZodRawShape,
    });
    /** For `wca bundle`. */
    static readonly module = module;

    constructor(options: Readonly<Record<string, unknown>>, context: Context) {
      requireDetector(description, tag);
      const settings = options as PluginOptions;
      super({
        name: tag,
        module: () => {
          checkModule(module.bytes, settings);
          return module;
        },
        config: Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(own, name))),
        settings,
        context,
      });
    }
  }
  Object.defineProperty(ModuleDetector, "name", { value: tag });
  MADE.add(ModuleDetector);
  return ModuleDetector;
}

function docOf({ role, doc, version }: Description): string {
  const text = doc.replaceAll(/\s+/g, " ").trim();
  const about = role === "detector" ? "" : " It is an allocator, and no runner of this version takes one.";
  return `${text}${about}${version === undefined ? "" : ` Version ${version} of a module in WebAssembly.`}`;
}
