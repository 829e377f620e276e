import type { HostileModules } from "./hostile-module.ts";
import { DATA, data, pluginText } from "./plugin-text.ts";

const quiet = { fails: [] } as const;

function timesOver(count: number, instructions: string): string {
  return `(loop $next ${instructions}
    (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $i) (i32.const ${count})))) (i32.const 0)`;
}

function put(text: string | Uint8Array): string {
  const length = typeof text === "string" ? new TextEncoder().encode(text).length : text.length;
  return `(call $put (i32.const ${DATA}) (i32.const ${length}))`;
}

/** Plugins that talk too much. What they say must neither drown the log nor forge lines of it. */
export const LOGS: HostileModules = {
  "20,000 lines in a call": {
    module: () =>
      pluginText({
        items: data(DATA, "so much to say"),
        detect: `(local.set $a ${put("so much to say")}) ${timesOver(20_000, "(call $log_error (local.get $a))")}`,
      }),
    ...quiet,
  },
  "lines of 16 MB": {
    module: () =>
      pluginText({
        detect: `(local.set $a (call $alloc (i64.const ${16 << 20}))) ${timesOver(5, "(call $log_error (local.get $a))")}`,
      }),
    ...quiet,
  },
  "a line of what is no block": {
    module: () => pluginText({ detect: "(call $log_error (i64.const 0x7fffffffffff)) (i32.const 0)" }),
    ...quiet,
  },
  "a line that forges others": {
    module: () =>
      pluginText({
        items: data(DATA, '\n2026-01-01 error "The host is on fire"\n\x1b[2J\r\0'),
        detect: `(call $log_error ${put('\n2026-01-01 error "The host is on fire"\n\x1b[2J\r\0')}) (i32.const 0)`,
      }),
    ...quiet,
  },
  "a line of invalid UTF-8": {
    module: () =>
      pluginText({
        items: data(DATA, Uint8Array.from([0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80])),
        detect: `(call $log_error ${put(new Uint8Array(7))}) (i32.const 0)`,
      }),
    ...quiet,
  },
};
