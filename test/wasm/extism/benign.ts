import { EMIT, EXTISM, wat } from "../../support/wat.ts";

/** Imports that `EXTISM` leaves out. */
const MORE = `
  (import "extism:host/env" "length_unsafe" (func $length_unsafe (param i64) (result i64)))
  (import "extism:host/env" "log_trace" (func $log_trace (param i64)))
  (import "extism:host/env" "log_debug" (func $log_debug (param i64)))
`;

function plugin(fields: string): Uint8Array {
  return wat(`(module ${EXTISM} ${MORE} (memory (export "memory") 40) ${EMIT} ${fields})`);
}

/** One call: export and input. */
export type Call = readonly [name: string, input?: string | Uint8Array];

/** A plugin that means no harm, and what is asked of it. */
export interface Benign {
  readonly module: () => Uint8Array;
  readonly config?: Readonly<Record<string, string>>;
  readonly calls: readonly Call[];
  /** Where the SDK does something else, and why that is not what we do. Its answers are then not compared. */
  readonly differs?: string;
}

function bytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8)) % 256);
}

const LENGTHS = [0, 1, 7, 8, 9, 15, 16, 17, 1000, 65_535, 65_536, 65_537];
const INPUTS = LENGTHS.map(bytes);

/** Reads the input to 1024 by words, the rest by bytes, and answers it. */
const BY_WORDS = `(func (export "run") (result i32) (local $n i32) (local $i i32)
  (local.set $n (i32.wrap_i64 (call $input_length)))
  (block $done (loop $next
    (br_if $done (i32.gt_u (i32.add (local.get $i) (i32.const 8)) (local.get $n)))
    (i64.store (i32.add (i32.const 1024) (local.get $i)) (call $input_load_u64 (i64.extend_i32_u (local.get $i))))
    (local.set $i (i32.add (local.get $i) (i32.const 8)))
    (br $next)))
  (block $end (loop $rest
    (br_if $end (i32.ge_u (local.get $i) (local.get $n)))
    (i32.store8 (i32.add (i32.const 1024) (local.get $i)) (call $input_load_u8 (i64.extend_i32_u (local.get $i))))
    (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br $rest)))
  (call $emit (i32.const 1024) (local.get $n)) (i32.const 0))`;

/** Answers the 8 bytes of a word. */
const EMIT_WORD = `(func $emit_word (param $word i64)
  (i64.store (i32.const 64) (local.get $word)) (call $emit (i32.const 64) (i32.const 8)))`;

export const BENIGN: Readonly<Record<string, Benign>> = {
  "an echo by bytes": {
    module: () =>
      plugin(`(func (export "run") (result i32)
        (call $emit (i32.const 1024) (call $read (i32.const 1024))) (i32.const 0))`),
    calls: INPUTS.map((input) => ["run", input]),
  },
  "an echo by words": { module: () => plugin(BY_WORDS), calls: INPUTS.map((input) => ["run", input]) },
  "an echo of 1 MB": { module: () => plugin(BY_WORDS), calls: [["run", bytes(1 << 20)]] },
  "an output of 600 KB that was written by words": {
    module: () =>
      plugin(`(func (export "run") (result i32) (local $a i64) (local $i i64)
        (local.set $a (call $alloc (i64.const 600000)))
        (loop $next
          (call $store_u64 (i64.add (local.get $a) (local.get $i)) (i64.mul (local.get $i) (i64.const 0x0102030405060708)))
          (local.set $i (i64.add (local.get $i) (i64.const 8)))
          (br_if $next (i64.lt_u (local.get $i) (i64.const 600000))))
        (call $output_set (local.get $a) (i64.const 600000)) (i32.const 0))`),
    calls: [["run"]],
  },
  "no output, and none that is left from the call before": {
    module: () =>
      plugin(`(func (export "run") (result i32)
          (call $emit (i32.const 1024) (call $read (i32.const 1024))) (i32.const 0))
        (func (export "quiet") (result i32) (i32.const 0))`),
    calls: [["quiet"], ["run", "one"], ["quiet", "two"], ["run", "three"]],
  },
  "an output that is a part of a block": {
    module: () =>
      plugin(`(data (i32.const 1024) "0123456789")
        (func (export "run") (result i32)
          (call $output_set (i64.add (call $block (i32.const 1024) (i32.const 10)) (i64.const 3)) (i64.const 4))
          (i32.const 0))`),
    calls: [["run"]],
    differs: "it answers the whole block that the output is in, whatever the address and the length",
  },
  "an output that is set twice": {
    module: () =>
      plugin(`(data (i32.const 1024) "firstsecond")
        (func (export "run") (result i32)
          (call $emit (i32.const 1024) (i32.const 5)) (call $emit (i32.const 1029) (i32.const 6)) (i32.const 0))`),
    calls: [["run"]],
  },
  "a counter in a variable": {
    module: () =>
      plugin(`(data (i32.const 0) "n")
        (func (export "run") (result i32) (local $value i64)
          (local.set $value (call $var_get (call $block (i32.const 0) (i32.const 1))))
          (i32.store8 (i32.const 16) (i32.const 48))
          (if (i64.ne (local.get $value) (i64.const 0))
            (then (i32.store8 (i32.const 16) (i32.add (call $load_u8 (local.get $value)) (i32.const 1)))))
          (call $var_set (call $block (i32.const 0) (i32.const 1)) (call $block (i32.const 16) (i32.const 1)))
          (call $emit (i32.const 16) (i32.const 1)) (i32.const 0))
        (func (export "forget") (result i32)
          (call $var_set (call $block (i32.const 0) (i32.const 1)) (i64.const 0)) (i32.const 0))`),
    calls: [["run"], ["run"], ["run"], ["forget"], ["run"]],
  },
  "an option of the config": {
    module: () =>
      plugin(`(func (export "run") (result i32) (local $value i64)
        (local.set $value (call $config_get (call $block (i32.const 1024) (call $read (i32.const 1024)))))
        (if (i64.ne (local.get $value) (i64.const 0))
          (then (call $output_set (local.get $value) (call $length (local.get $value))))) (i32.const 0))`),
    config: { threshold: "3", mode: "Größe ✓", json: '{"a":[1]}' },
    calls: [
      ["run", "threshold"],
      ["run", "mode"],
      ["run", "json"],
      ["run", "missing"],
    ],
  },
  "an option named constructor, which nobody gave": {
    module: () =>
      plugin(`(data (i32.const 0) "constructor")
        (func (export "run") (result i32)
          (i32.wrap_i64 (call $config_get (call $block (i32.const 0) (i32.const 11)))))`),
    config: { a: "b" },
    calls: [["run"]],
    differs: "it looks for the name with `in`, finds what every object inherits, and throws a SyntaxError",
  },
  "a line of the log at each level": {
    module: () =>
      plugin(`(func $text (result i64) (call $block (i32.const 1024) (call $read (i32.const 1024))))
        (func (export "run") (result i32)
          (call $log_trace (call $text)) (call $log_debug (call $text)) (call $log_info (call $text))
          (call $log_warn (call $text)) (call $log_error (call $text)) (i32.const 0))`),
    calls: [["run", "said ✓"]],
  },
  "a block that is logged twice": {
    module: () =>
      plugin(`(func (export "run") (result i32) (local $a i64)
        (local.set $a (call $block (i32.const 1024) (call $read (i32.const 1024))))
        (call $log_info (local.get $a)) (call $log_info (local.get $a)) (i32.const 0))`),
    calls: [["run", "again"]],
    differs: "it frees what was logged; here blocks live until the end of the call",
  },
  "an error with a text": {
    module: () =>
      plugin(`(func (export "run") (result i32)
        (call $error_set (call $block (i32.const 1024) (call $read (i32.const 1024)))) (i32.const 1))`),
    calls: [["run", "out of ideas"]],
  },
  "an error with a text, and a call after it": {
    module: () =>
      plugin(`(data (i32.const 0) "no")
        (func (export "fail") (result i32)
          (call $error_set (call $block (i32.const 0) (i32.const 2))) (i32.const 1))
        (func (export "run") (result i32)
          (call $emit (i32.const 1024) (call $read (i32.const 1024))) (i32.const 0))`),
    calls: [["run", "a"], ["fail"], ["run", "b"]],
  },
  "a text of an error, and 0 returned": {
    module: () =>
      plugin(`(data (i32.const 0) "half a failure")
        (func (export "run") (result i32)
          (call $error_set (call $block (i32.const 0) (i32.const 14))) (i32.const 0))`),
    calls: [["run"]],
  },
  "7 returned without a text": {
    module: () => plugin(`(func (export "run") (result i32) (i32.const 7))`),
    calls: [["run"]],
    differs: "it does not look at what the export returns, as Extism's other SDKs do: the call would succeed",
  },
  "a trap, and a call after it": {
    module: () =>
      plugin(`(func (export "fail") (result i32) unreachable)
        (func (export "run") (result i32)
          (call $emit (i32.const 1024) (call $read (i32.const 1024))) (i32.const 0))`),
    calls: [["run", "a"], ["fail"], ["run", "b"]],
  },
  "an export that is not there": {
    module: () => plugin(`(func (export "run") (result i32) (i32.const 0))`),
    calls: [["walk"], ["run"]],
  },
  "blocks of which the lengths are asked": {
    module: () =>
      plugin(`${EMIT_WORD}
        (func (export "known") (result i32) (call $emit_word (call $length (call $alloc (i64.const 77)))) (i32.const 0))
        (func (export "unsafe") (result i32) (call $emit_word (call $length_unsafe (call $alloc (i64.const 9)))) (i32.const 0))
        (func (export "empty") (result i32) (call $emit_word (call $length (call $alloc (i64.const 0)))) (i32.const 0))
        (func (export "freed") (result i32) (local $a i64)
          (local.set $a (call $alloc (i64.const 16))) (call $free (local.get $a))
          (call $emit_word (call $length (local.get $a))) (i32.const 0))`),
    calls: [["known"], ["unsafe"], ["empty"], ["freed"]],
  },
  "the length of the block 0, which is none": {
    module: () =>
      plugin(`${EMIT_WORD}
        (func (export "run") (result i32) (call $emit_word (call $length (i64.const 0))) (i32.const 0))`),
    calls: [["run"]],
    differs: "it keeps a block of one byte where null is, so that null has the length 1",
  },
  "words at odd addresses": {
    module: () =>
      plugin(`${EMIT_WORD}
        (func (export "run") (result i32) (local $a i64)
          (local.set $a (call $alloc (i64.const 32)))
          (call $store_u64 (i64.add (local.get $a) (i64.const 3)) (i64.const 0x1122334455667788))
          (call $store_u8 (i64.add (local.get $a) (i64.const 5)) (i32.const 0x1ff))
          (call $emit_word (call $load_u64 (i64.add (local.get $a) (i64.const 3)))) (i32.const 0))`),
    calls: [["run"]],
  },
  "start functions and _initialize": {
    module: () =>
      plugin(`(global $n (mut i32) (i32.const 0))
        (func $start (global.set $n (i32.add (global.get $n) (i32.const 1)))) (start $start)
        (func (export "_initialize") (global.set $n (i32.add (global.get $n) (i32.const 10))))
        (func (export "run") (result i32)
          (i32.store8 (i32.const 16) (i32.add (global.get $n) (i32.const 48))) (call $emit (i32.const 16) (i32.const 1))
          (i32.const 0))`),
    calls: [["run"], ["run"]],
  },
};
