import type { HostileModule, HostileModules } from "./hostile-module.ts";
import { DATA, DESCRIPTION, data, describing, pluginText, repeating } from "./plugin-text.ts";

function lying(changes: Readonly<Record<string, unknown>>): HostileModule {
  return {
    module: () => describing(JSON.stringify({ ...DESCRIPTION, ...changes })),
    fails: ["output", "load", "error"],
    says: /./,
  };
}

/** Plugins that describe themselves wrongly. */
export const DESCRIPTIONS: HostileModules = {
  "describe without an answer": {
    module: () => pluginText({ describe: "(i32.const 0)" }),
    fails: ["output", "load"],
    says: /describe/,
  },
  "a description of another protocol": lying({ protocol: 2 }),
  "a description of another role": lying({ role: "allocator" }),
  "a description of a role that does not exist": lying({ role: "storage" }),
  "a description without a sentence": lying({ doc: undefined }),
  "a description of an unknown input form": lying({ input: "xml" }),
  "options that are no schema": lying({ options: "threshold" }),
  "options that refer to themselves": lying({
    options: { type: "object", properties: { a: { $ref: "#/properties/a" } } },
  }),
  "options 2000 levels deep": {
    module: () =>
      describing(
        JSON.stringify({ ...DESCRIPTION, options: "OPTIONS" }).replace(
          '"OPTIONS"',
          `${'{"type":"object","properties":{"a":'.repeat(2000)}{}${"}}".repeat(2000)}`,
        ),
      ),
    fails: ["output", "load"],
    says: /./,
  },
  "100,000 options": {
    module: () =>
      repeating(
        {
          head: `{"protocol":1,"role":"detector","doc":"x","options":{"type":"object","properties":{`,
          unit: '"a":{},',
          count: 100_000,
          tail: '"b":{}}}}',
        },
        "describe",
      ),
    fails: ["output", "load"],
    says: /./,
  },
  "a million measurements wanted": {
    module: () =>
      repeating(
        {
          head: `{"protocol":1,"role":"detector","doc":"x","measurements":[`,
          unit: '"a","b","c","d",',
          count: 250_000,
          tail: '"e"]}',
        },
        "describe",
      ),
    fails: ["output", "load"],
    says: /./,
  },
  "a doc of 900 KB": {
    module: () =>
      repeating(
        { head: `{"protocol":1,"role":"detector","doc":"`, unit: "aaaaaaaa", count: 112_500, tail: '"}' },
        "describe",
      ),
    fails: ["output", "load"],
    says: /./,
  },
  "a doc with control characters": {
    module: () => describing(JSON.stringify({ ...DESCRIPTION, doc: "\x1b[2J\nforged" })),
    fails: [],
  },
  "another description at each start": {
    module: () =>
      pluginText({
        imports: '(import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))',
        items: data(DATA, '{"protocol":1,"role":"detector","doc":"a","measurements":["????????"]}'),
        describe: `(drop (call $random (i32.const ${DATA + 1024}) (i32.const 8)))
          (local.set $i (i32.const 0))
          (loop $next
            (i32.store8 (i32.add (i32.const ${DATA + 59}) (local.get $i))
              (i32.add (i32.const 97) (i32.and (i32.load8_u (i32.add (i32.const ${DATA + 1024}) (local.get $i))) (i32.const 15))))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $i) (i32.const 8))))
          (call $output_set (call $put (i32.const ${DATA}) (i32.const 70)) (i64.const 70)) (i32.const 0)`,
        detect: "unreachable",
      }),
    fails: ["trap", "load", "output"],
    says: /./,
  },
};
