import type { HostileModules } from "./hostile-module.ts";
import { DATA, data, forever, pluginText } from "./plugin-text.ts";

const MEBIBYTE = 1 << 20;

const any = { fails: ["trap", "error", "output", "timeout", "memory"], says: /./ } as const;
const exhausted = { fails: ["memory"], says: /Extism memory/ } as const;
/** Extism: what is not there reads as 0, and writing to it does nothing. */
const nothing = { fails: [] } as const;
const tooMuch = { fails: ["output", "trap", "error", "memory"], says: /./ } as const;

/** Plugins that misuse the memory which Extism lends them for input, output and texts. */
export const EXTISM_MEMORY: HostileModules = {
  "64 MB blocks without end": {
    module: () =>
      pluginText({
        detect: forever(`(call $store_u8 (call $alloc (i64.const ${64 * MEBIBYTE})) (i32.const 1))`),
      }),
    ...any,
  },
  "tiny blocks without end": {
    module: () => pluginText({ detect: forever("(drop (call $alloc (i64.const 1)))") }),
    ...any,
  },
  "a block of 2^60 bytes": {
    module: () =>
      pluginText({
        detect: `(call $store_u8 (call $alloc (i64.const ${2n ** 60n})) (i32.const 1)) (i32.const 0)`,
      }),
    ...exhausted,
  },
  "a block of -1 bytes": {
    module: () =>
      pluginText({ detect: "(call $store_u8 (call $alloc (i64.const -1)) (i32.const 1)) (i32.const 0)" }),
    ...exhausted,
  },
  "blocks that leak in each call": {
    module: () =>
      pluginText({
        detect: `(call $store_u8 (call $alloc (i64.const ${4 * MEBIBYTE})) (i32.const 1)) (i32.const 0)`,
      }),
    fails: [],
  },
  "free of what is no block": {
    module: () =>
      pluginText({
        detect: `(call $free (i64.const 0)) (call $free (i64.const 3)) (call $free (i64.const -1))
          (call $free (i64.const 0x7fffffff)) (i32.const 0)`,
      }),
    fails: [],
  },
  "free of a block, then output of it": {
    module: () =>
      pluginText({
        detect: `(local.set $a (call $alloc (i64.const 16))) (call $free (local.get $a)) (call $free (local.get $a))
          (call $output_set (local.get $a) (i64.const 16)) (i32.const 0)`,
      }),
    fails: ["output", "trap", "error"],
    says: /./,
  },
  "load far out of bounds": {
    module: () => pluginText({ detect: "(call $load_u8 (i64.const 0x7fffffffffff))" }),
    ...nothing,
  },
  "store far out of bounds": {
    module: () => pluginText({ detect: "(call $store_u64 (i64.const -8) (i64.const -1)) (i32.const 0)" }),
    ...nothing,
  },
  "input read beyond its end": {
    module: () => pluginText({ detect: "(call $input_load_u8 (call $input_length))" }),
    ...nothing,
  },
  "length of what is no block": {
    module: () =>
      pluginText({
        detect: `(drop (call $length (i64.const 3))) (drop (call $length (i64.const -1)))
          (drop (call $length (i64.const 0x7fffffff))) (i32.const 0)`,
      }),
    fails: [],
  },
  "what is around a block overwritten": {
    module: () =>
      pluginText({
        detect: `(local.set $a (call $alloc (i64.const 8)))
          (local.set $i (i32.const 64))
          (block $done (loop $next
            (br_if $done (i32.eqz (local.get $i)))
            (call $store_u8 (i64.sub (local.get $a) (i64.extend_i32_u (local.get $i))) (i32.const 255))
            (local.set $i (i32.sub (local.get $i) (i32.const 1)))
            (br $next)))
          (call $log_error (local.get $a))
          (drop (call $alloc (i64.const 8)))
          (call $free (local.get $a))
          (call $output_set (local.get $a) (i64.const 0x7fffffff)) (i32.const 0)`,
      }),
    ...tooMuch,
  },
  "output of 512 MB": {
    module: () =>
      pluginText({
        detect: `(call $output_set (call $alloc (i64.const ${512 * MEBIBYTE})) (i64.const ${512 * MEBIBYTE}))
          (i32.const 0)`,
      }),
    ...tooMuch,
  },
  "output of 32 MB": {
    module: () =>
      pluginText({
        detect: `(call $output_set (call $alloc (i64.const ${32 * MEBIBYTE})) (i64.const ${32 * MEBIBYTE}))
          (i32.const 0)`,
      }),
    ...tooMuch,
  },
  "output where no block is": {
    module: () =>
      pluginText({ detect: "(call $output_set (i64.const 0x7fffffffffff) (i64.const 10)) (i32.const 0)" }),
    ...tooMuch,
  },
  "output longer than its block": {
    module: () =>
      pluginText({
        detect: "(call $output_set (call $alloc (i64.const 8)) (i64.const 0x40000000)) (i32.const 0)",
      }),
    ...tooMuch,
  },
  "output of a negative length": {
    module: () =>
      pluginText({ detect: "(call $output_set (call $alloc (i64.const 8)) (i64.const -1)) (i32.const 0)" }),
    ...tooMuch,
  },
  "output set twice": {
    module: () =>
      pluginText({
        items: `${data(DATA, "no JSON")} ${data(DATA + 64, "{}")}`,
        detect: `(call $output_set (call $put (i32.const ${DATA}) (i32.const 7)) (i64.const 7))
          (call $output_set (call $put (i32.const ${DATA + 64}) (i32.const 2)) (i64.const 2)) (i32.const 0)`,
      }),
    fails: [],
  },
  "an error text of 48 MB": {
    module: () =>
      pluginText({ detect: `(call $error_set (call $alloc (i64.const ${48 * MEBIBYTE}))) (i32.const 1)` }),
    fails: ["error", "trap", "output"],
    says: /./,
  },
  "an error text that is no block": {
    module: () => pluginText({ detect: "(call $error_set (i64.const 0x7fffffffffff)) (i32.const 1)" }),
    fails: ["error", "trap"],
    says: /./,
  },
  "an error text with control characters": {
    module: () =>
      pluginText({
        items: data(DATA, '\x1b[2Jgone\nlevel=error msg="forged"\r\0'),
        detect: `(call $error_set (call $put (i32.const ${DATA}) (i32.const 38))) (i32.const 1)`,
      }),
    fails: ["error"],
    says: /gone/,
  },
  "variables without end": {
    module: () =>
      pluginText({
        detect: forever(`(local.set $i (i32.add (local.get $i) (i32.const 1)))
          (local.set $a (call $alloc (i64.const 8)))
          (call $store_u64 (local.get $a) (i64.extend_i32_u (local.get $i)))
          (call $var_set (local.get $a) (local.get $a))`),
      }),
    ...any,
  },
  "100,000 variables": {
    module: () =>
      pluginText({
        detect: `(loop $next
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (local.set $a (call $alloc (i64.const 8)))
          (call $store_u64 (local.get $a) (i64.add (i64.const 0x3030303030303030) (i64.extend_i32_u (local.get $i))))
          (call $var_set (local.get $a) (local.get $a))
          (br_if $next (i32.lt_u (local.get $i) (i32.const 100000)))) (i32.const 0)`,
      }),
    fails: ["error", "trap", "memory", "timeout"],
    says: /./,
  },
  "a variable of 32 MB": {
    module: () =>
      pluginText({
        items: data(DATA, "key"),
        detect: `(call $var_set (call $put (i32.const ${DATA}) (i32.const 3))
          (call $alloc (i64.const ${32 * MEBIBYTE}))) (i32.const 0)`,
      }),
    fails: ["error", "trap", "memory"],
    says: /./,
  },
  "a variable of 900 KB rewritten in each call": {
    module: () =>
      pluginText({
        items: data(DATA, "key"),
        detect: `(call $var_set (call $put (i32.const ${DATA}) (i32.const 3))
          (call $alloc (i64.const 900000))) (i32.const 0)`,
      }),
    fails: [],
  },
  "variables named __proto__ and constructor": {
    module: () =>
      pluginText({
        items: `${data(DATA, "__proto__")} ${data(DATA + 16, "constructor")}`,
        detect: `(if (i64.ne (call $var_get (call $put (i32.const ${DATA + 16}) (i32.const 11))) (i64.const 0))
            (then unreachable))
          (local.set $a (call $put (i32.const ${DATA}) (i32.const 9)))
          (call $var_set (local.get $a) (local.get $a))
          (call $var_set (call $put (i32.const ${DATA}) (i32.const 9)) (local.get $a)) (i32.const 0)`,
      }),
    fails: [],
  },
  "options named __proto__ and constructor": {
    module: () =>
      pluginText({
        items: `${data(DATA, "__proto__")} ${data(DATA + 16, "constructor")}`,
        detect: `(if (i64.ne (call $config_get (call $put (i32.const ${DATA + 16}) (i32.const 11))) (i64.const 0))
            (then unreachable))
          (if (i64.ne (call $config_get (call $put (i32.const ${DATA}) (i32.const 9))) (i64.const 0))
            (then unreachable)) (i32.const 0)`,
      }),
    fails: [],
  },
};
