/** Functions of Extism that {@link pluginText} imports, each under its own name. */
const EXTISM = {
  alloc: "(param i64) (result i64)",
  free: "(param i64)",
  length: "(param i64) (result i64)",
  input_length: "(result i64)",
  input_load_u8: "(param i64) (result i32)",
  input_load_u64: "(param i64) (result i64)",
  load_u8: "(param i64) (result i32)",
  load_u64: "(param i64) (result i64)",
  store_u8: "(param i64 i32)",
  store_u64: "(param i64 i64)",
  output_set: "(param i64 i64)",
  error_set: "(param i64)",
  config_get: "(param i64) (result i64)",
  var_get: "(param i64) (result i64)",
  var_set: "(param i64 i64)",
  log_info: "(param i64)",
  log_error: "(param i64)",
} as const;

/** What `describe` of a module answers that is not hostile in it. */
export const DESCRIPTION = { protocol: 1, role: "detector", doc: "Is up to no good." };

/** Where the data of {@link pluginText}'s callers start; below is what `describe` says. */
export const DATA = 65_536;

const WORD = 8;

/** Parts of a module. Bodies are instructions that leave the i32 which the export returns. */
export interface PluginParts {
  /** Further imports. */
  readonly imports?: string;
  /** Functions, globals, data, …. */
  readonly items?: string;
  /** Default: 4 pages. */
  readonly memory?: string;
  readonly detect?: string;
  /** In place of the whole function `detect`, if it is to be something else. */
  readonly insteadOfDetect?: string;
  /** Default: answers {@link DESCRIPTION}. */
  readonly describe?: string;
  readonly init?: string;
  readonly initialize?: string;
  /** Body of the start function, which returns nothing. */
  readonly start?: string;
}

/** A plugin in WebAssembly's text form: harmless but for the parts that are given. */
export function pluginText(parts: PluginParts): string {
  const { imports = "", items = "", memory = '(memory (export "memory") 4)' } = parts;
  const { describe = answer(0, JSON.stringify(DESCRIPTION).length), detect = "(i32.const 0)" } = parts;
  const { init, initialize, start } = parts;
  return `(module
    ${Object.entries(EXTISM)
      .map(([name, type]) => `(import "extism:host/env" "${name}" (func $${name} ${type}))`)
      .join("\n    ")}
    ${imports}
    ${memory}
    ${data(0, JSON.stringify(DESCRIPTION))}
    ${PUT}
    ${items}
    (func (export "describe") (result i32) (local $i i32) (local $a i64) ${describe})
    ${parts.insteadOfDetect ?? `(func (export "detect") (result i32) (local $i i32) (local $a i64) ${detect})`}
    ${init === undefined ? "" : `(func (export "init") (result i32) ${init})`}
    ${initialize === undefined ? "" : `(func (export "_initialize") ${initialize})`}
    ${start === undefined ? "" : `(func $start ${start}) (start $start)`})`;
}

/** `$put` copies bytes of the memory into a new block of Extism's and gives its offset. */
const PUT = `(func $put (param $from i32) (param $length i32) (result i64) (local $block i64) (local $i i32)
      (local.set $block (call $alloc (i64.extend_i32_u (local.get $length))))
      (block $done (loop $next
        (br_if $done (i32.ge_u (local.get $i) (local.get $length)))
        (call $store_u8 (i64.add (local.get $block) (i64.extend_i32_u (local.get $i)))
          (i32.load8_u (i32.add (local.get $from) (local.get $i))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
      (local.get $block))`;

/** A data segment with these bytes, written so that every byte survives. */
export function data(at: number, content: string | Uint8Array): string {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return `(data (i32.const ${at}) "${Array.from(bytes, (byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("")}")`;
}

/** Instructions that make bytes of the memory the output and leave 0. */
export function answer(at: number, length: number): string {
  return `(call $output_set (call $put (i32.const ${at}) (i32.const ${length})) (i64.const ${length})) (i32.const 0)`;
}

/** A plugin whose `detect` answers this. */
export function answering(content: string | Uint8Array): string {
  const { length } = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return pluginText({ items: data(DATA, content), detect: answer(DATA, length) });
}

/** A plugin whose `describe` answers this. */
export function describing(content: string | Uint8Array): string {
  const { length } = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return pluginText({ items: data(DATA, content), describe: answer(DATA, length) });
}

/** An answer that is too long for a data segment: `unit` again and again between `head` and `tail`. */
export interface RepeatedAnswer {
  readonly head: string;
  readonly unit: string;
  readonly count: number;
  readonly tail: string;
  /** Each `########` in `unit` becomes a number that no other unit has had, in this call or before. */
  readonly isVaried?: boolean;
}

const PLACE = "########";

/** A plugin whose `detect`, or another export, answers that. Spaces may be added at the ends of the pieces. */
export function repeating(long: RepeatedAnswer, into: "detect" | "describe" = "detect"): string {
  const [head, unit, tail] = [padded(long.head), padded(long.unit), padded(long.tail)];
  const places = long.isVaried === true ? placesIn(unit) : [];
  const total = head.length + unit.length * long.count + tail.length;
  const [unitAt, tailAt] = [DATA + head.length, DATA + head.length + unit.length];
  return pluginText({
    items: `${data(DATA, head + unit + tail)}
    (func $copy (param $to i64) (param $from i32) (param $length i32) (result i64)
      (block $done (loop $next
        (br_if $done (i32.eqz (local.get $length)))
        (call $store_u64 (local.get $to) (i64.load (local.get $from)))
        (local.set $to (i64.add (local.get $to) (i64.const ${WORD})))
        (local.set $from (i32.add (local.get $from) (i32.const ${WORD})))
        (local.set $length (i32.sub (local.get $length) (i32.const ${WORD})))
        (br $next)))
      (local.get $to))
    (global $number (mut i64) (i64.const 0))
    (func $vary (local $rest i64) (local $digit i32)
      (global.set $number (i64.add (global.get $number) (i64.const 1)))
      (local.set $rest (global.get $number))
      (local.set $digit (i32.const ${PLACE.length}))
      (loop $next
        (local.set $digit (i32.sub (local.get $digit) (i32.const 1)))
        ${places
          .map(
            (place) => `(i32.store8 (i32.add (i32.const ${DATA + head.length + place}) (local.get $digit))
          (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $rest) (i64.const 10)))))`,
          )
          .join("\n        ")}
        (local.set $rest (i64.div_u (local.get $rest) (i64.const 10)))
        (br_if $next (local.get $digit))))
    (func $all (result i64) (local $block i64) (local $to i64) (local $left i32)
      (local.set $block (call $alloc (i64.const ${total})))
      (local.set $to (call $copy (local.get $block) (i32.const ${DATA}) (i32.const ${head.length})))
      (local.set $left (i32.const ${long.count}))
      (block $done (loop $next
        (br_if $done (i32.eqz (local.get $left)))
        ${places.length > 0 ? "(call $vary)" : ""}
        (local.set $to (call $copy (local.get $to) (i32.const ${unitAt}) (i32.const ${unit.length})))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $next)))
      (drop (call $copy (local.get $to) (i32.const ${tailAt}) (i32.const ${tail.length})))
      (local.get $block))`,
    [into]: `(call $output_set (call $all) (i64.const ${total})) (i32.const 0)`,
  });
}

function placesIn(unit: string): readonly number[] {
  return [...unit.matchAll(new RegExp(PLACE, "g"))].map(({ index }) => index);
}

function padded(text: string): string {
  return text.padEnd(Math.ceil(text.length / WORD) * WORD);
}

/** Runs the instructions for ever. */
export function forever(instructions = ""): string {
  return `(loop $ever ${instructions} (br $ever)) (i32.const 0)`;
}
