import { wat } from "../../support/wat.ts";
import type { HostileModules } from "./hostile-module.ts";
import { concat, name, SECTION, section } from "./module-bytes.ts";
import { DATA, data, forever, pluginText } from "./plugin-text.ts";

const CLOCK =
  '(import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))';
const POLL =
  '(import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))';
const EXIT = '(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))';

/** Instructions that look at the clock until that many milliseconds have passed. */
function waste(milliseconds: number): string {
  return `(drop (call $clock (i32.const 1) (i64.const 0) (i32.const ${DATA})))
    (local.set $a (i64.add (i64.load (i32.const ${DATA})) (i64.const ${milliseconds * 1_000_000})))
    (loop $wait
      (drop (call $clock (i32.const 1) (i64.const 0) (i32.const ${DATA})))
      (br_if $wait (i64.lt_u (i64.load (i32.const ${DATA})) (local.get $a))))`;
}

const never = { fails: ["timeout"], says: /deadline|within|in time|too long/ } as const;

/** Milliseconds that a call may take in the trials of these modules. */
export const CALL_DEADLINE_MS = 100;

/** Plugins that do not come back. */
export const LOOPS: HostileModules = {
  "loop in the start function": { module: () => pluginText({ start: "(loop $ever (br $ever))" }), ...never },
  "loop in _initialize": { module: () => pluginText({ initialize: "(loop $ever (br $ever))" }), ...never },
  "loop in describe": { module: () => pluginText({ describe: forever() }), ...never },
  "loop in init": { module: () => pluginText({ init: forever() }), ...never },
  "loop in detect": { module: () => pluginText({ detect: forever() }), ...never },
  "loop with arithmetic": {
    module: () =>
      pluginText({
        detect: forever(`(local.set $i (i32.add (local.get $i) (i32.const 1)))
          (i32.store (i32.const ${DATA}) (local.get $i))`),
      }),
    ...never,
  },
  "loop with function calls": {
    module: () =>
      pluginText({
        items: "(func $one (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))",
        detect: forever("(local.set $i (call $one (local.get $i)))"),
      }),
    ...never,
  },
  "loop with host calls": {
    module: () => pluginText({ detect: forever("(drop (call $input_length))") }),
    ...never,
  },
  "loop with logs": {
    module: () =>
      pluginText({
        items: data(DATA, "again"),
        detect: forever(`(call $log_info (call $put (i32.const ${DATA}) (i32.const 5)))`),
      }),
    fails: ["timeout", "trap"],
    says: /./,
  },
  "loop by tail calls": {
    module: () =>
      pluginText({
        items: "(func $again (param i32) (result i32) (return_call $again (local.get 0)))",
        detect: "(call $again (i32.const 1))",
      }),
    ...never,
  },
  "loop that catches every exception": {
    module: () =>
      pluginText({ imports: EXIT, detect: forever("(try (do (call $exit (i32.const 3))) (catch_all))") }),
    fails: ["timeout", "trap", "error", "load"],
    says: /./,
  },
  "sleep of an hour by poll_oneoff": {
    module: () =>
      pluginText({
        imports: POLL,
        // One subscription to the monotonic clock, an hour from now.
        detect: `(i32.store (i32.const ${DATA + 16}) (i32.const 1))
          (i64.store (i32.const ${DATA + 24}) (i64.const 3600000000000))
          (drop (call $poll (i32.const ${DATA}) (i32.const ${DATA + 64}) (i32.const 1) (i32.const ${DATA + 128})))
          (i32.const 0)`,
      }),
    fails: [],
  },
  "answer after the deadline": {
    module: () => pluginText({ imports: CLOCK, detect: `${waste(CALL_DEADLINE_MS + 20)} (i32.const 0)` }),
    ...never,
  },
  "answer just in time, every time": {
    module: () => pluginText({ imports: CLOCK, detect: `${waste(CALL_DEADLINE_MS * 0.7)} (i32.const 0)` }),
    fails: [],
  },
  "loop in _initialize from the second start on": {
    // Variables are what survives a start.
    module: () =>
      pluginText({
        items: data(DATA, "key"),
        initialize: `(if (i64.ne (call $var_get (call $put (i32.const ${DATA}) (i32.const 3))) (i64.const 0))
          (then (loop $ever (br $ever))))`,
        detect: `(local.set $a (call $put (i32.const ${DATA}) (i32.const 3)))
          (call $var_set (local.get $a) (local.get $a)) unreachable`,
      }),
    fails: ["trap", "timeout"],
    says: /./,
  },
  "loop of a module of 16 MB": {
    module: () =>
      concat(
        wat(pluginText({ detect: forever() })),
        section(SECTION.custom, name("x"), new Uint8Array(16 << 20)),
      ),
    ...never,
  },
  "loop in the second call": {
    module: () =>
      pluginText({
        items: "(global $calls (mut i32) (i32.const 0))",
        detect: `(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
          (if (i32.ge_u (global.get $calls) (i32.const 2)) (then (loop $ever (br $ever)))) (i32.const 0)`,
      }),
    ...never,
  },
};
