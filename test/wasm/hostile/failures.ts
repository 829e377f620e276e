import type { HostileModules } from "./hostile-module.ts";
import { DATA, data, pluginText } from "./plugin-text.ts";

const trapped = { fails: ["trap"], says: /./ } as const;

/** Plugins that fail by themselves. */
export const FAILURES: HostileModules = {
  "unreachable in every call": { module: () => pluginText({ detect: "unreachable" }), ...trapped },
  "a load out of bounds": { module: () => pluginText({ detect: "(i32.load (i32.const -8))" }), ...trapped },
  "a division by zero": {
    module: () => pluginText({ detect: "(i32.div_s (i32.const 1) (local.get $i))" }),
    ...trapped,
  },
  "unreachable in the start function": {
    module: () => pluginText({ start: "unreachable" }),
    fails: ["trap", "load"],
    says: /./,
  },
  "unreachable in _initialize": {
    module: () => pluginText({ initialize: "unreachable" }),
    fails: ["trap", "load"],
    says: /./,
  },
  "unreachable in init": { module: () => pluginText({ init: "unreachable" }), ...trapped },
  "unreachable in every second call": {
    module: () =>
      pluginText({
        items: "(global $calls (mut i32) (i32.const 0))",
        detect: `(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
          (if (i32.eqz (i32.rem_u (global.get $calls) (i32.const 2))) (then unreachable)) (i32.const 0)`,
      }),
    ...trapped,
  },
  "an exception that nobody catches": {
    module: () => pluginText({ items: "(tag $e)", detect: "(throw $e)" }),
    fails: ["trap", "error", "load"],
    says: /./,
  },
  "7 returned": { module: () => pluginText({ detect: "(i32.const 7)" }), fails: ["error"], says: /7/ },
  "an error text and 0 returned": {
    module: () =>
      pluginText({
        items: data(DATA, "no luck"),
        detect: `(call $error_set (call $put (i32.const ${DATA}) (i32.const 7))) (i32.const 0)`,
      }),
    fails: ["error"],
    says: /no luck/,
  },
};
