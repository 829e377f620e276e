import { EMIT, EXTISM, wat } from "./wat.ts";

/** What a module of {@link pluginModule} does. */
export interface PluginParts {
  /** Answer of `describe`; an object is written as JSON. Default: a detector without options. */
  readonly describe?: string | object;
  /** Answer of `detect`. Default: no output. */
  readonly detect?: string | object;
  /** Instructions before the answer of `detect` is given. `$say_input` logs the input, `$say_config` an option. */
  readonly before?: string;
  /** Instructions of `init`; absent: there is no such export. */
  readonly init?: string;
  /** Further fields of the module. */
  readonly more?: string;
  /** Names of exports to leave out. */
  readonly without?: readonly string[];
}

export const DESCRIPTION = { protocol: 1, role: "detector", doc: "Finds what it is told to find." };

/** Logs the input of the call; logs the option whose name of 4 letters is at the address. */
const SAY = `
  (func $say_input (local $n i32)
    (local.set $n (call $read (i32.const 32768)))
    (call $log_info (call $block (i32.const 32768) (local.get $n))))
  (func $say_config (param $ptr i32) (param $len i32) (local $value i64)
    (local.set $value (call $config_get (call $block (local.get $ptr) (local.get $len))))
    (if (i64.ne (local.get $value) (i64.const 0)) (then (call $log_info (local.get $value)))))
`;

/** A module that answers with constants. */
export function pluginModule(parts: PluginParts = {}): Uint8Array {
  const { describe = DESCRIPTION, detect = "", before = "", init, more = "", without = [] } = parts;
  const [description, decision] = [textOf(describe), textOf(detect)];
  const exported = (name: string) => (without.includes(name) ? "" : `(export "${name}")`);
  return wat(`(module ${EXTISM}
    (memory (export "memory") 4)
    (data (i32.const 1024) "${escaped(description)}")
    (data (i32.const 16384) "${escaped(decision)}")
    ${EMIT} ${SAY} ${more}
    (func ${exported("describe")} (result i32)
      (call $emit (i32.const 1024) (i32.const ${length(description)})) (i32.const 0))
    (func ${exported("detect")} (result i32) ${before}
      (call $emit (i32.const 16384) (i32.const ${length(decision)})) (i32.const 0))
    ${init === undefined ? "" : `(func (export "init") (result i32) ${init} (i32.const 0))`}
  )`);
}

function textOf(answer: string | object): string {
  return typeof answer === "string" ? answer : JSON.stringify(answer);
}

function length(text: string): number {
  return new TextEncoder().encode(text).length;
}

function escaped(text: string): string {
  return [...new TextEncoder().encode(text)]
    .map((byte) => `\\${byte.toString(16).padStart(2, "0")}`)
    .join("");
}
