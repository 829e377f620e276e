import type { HostileModule, HostileModules } from "./hostile-module.ts";
import { DATA, data, forever, pluginText } from "./plugin-text.ts";

const I32S = (count: number) => `(param${" i32".repeat(count)})`;

const TYPES: Readonly<Record<string, string>> = {
  proc_exit: "(param i32)",
  proc_raise: "(param i32) (result i32)",
  path_open: "(param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)",
  path_unlink_file: `${I32S(3)} (result i32)`,
  path_create_directory: `${I32S(3)} (result i32)`,
  environ_get: `${I32S(2)} (result i32)`,
  environ_sizes_get: `${I32S(2)} (result i32)`,
  args_get: `${I32S(2)} (result i32)`,
  args_sizes_get: `${I32S(2)} (result i32)`,
  fd_write: `${I32S(4)} (result i32)`,
  fd_read: `${I32S(4)} (result i32)`,
  fd_readdir: "(param i32 i32 i32 i64 i32) (result i32)",
  fd_prestat_get: `${I32S(2)} (result i32)`,
  fd_close: "(param i32) (result i32)",
  fd_renumber: `${I32S(2)} (result i32)`,
  sock_accept: `${I32S(3)} (result i32)`,
  sock_send: `${I32S(5)} (result i32)`,
  sock_recv: `${I32S(6)} (result i32)`,
  random_get: `${I32S(2)} (result i32)`,
  poll_oneoff: `${I32S(4)} (result i32)`,
};

function imports(...names: readonly string[]): string {
  return names
    .map((name) => `(import "wasi_snapshot_preview1" "${name}" (func $${name} ${TYPES[name]}))`)
    .join("\n");
}

/** Where results of calls go. */
const OUT = DATA + 4096;

/** A call that must be refused: the plugin traps when it succeeds. */
function forbidden(name: string, args: string, items = ""): HostileModule {
  return {
    module: () =>
      pluginText({
        imports: imports(name),
        items,
        detect: `(if (i32.eqz (call $${name} ${args})) (then unreachable)) (i32.const 0)`,
      }),
    fails: [],
  };
}

const numbers = (...values: readonly number[]) => values.map((value) => `(i32.const ${value})`).join(" ");

/** Plugins that ask WASI for what they may not have. */
export const WASI: HostileModules = {
  "proc_exit in detect": {
    module: () =>
      pluginText({ imports: imports("proc_exit"), detect: "(call $proc_exit (i32.const 3)) (i32.const 0)" }),
    fails: ["error", "trap"],
    says: /exit/,
  },
  "proc_exit in the start function": {
    module: () => pluginText({ imports: imports("proc_exit"), start: "(call $proc_exit (i32.const 0))" }),
    fails: ["error", "trap", "load"],
    says: /WASI|exit/,
  },
  proc_raise: forbidden("proc_raise", numbers(9)),
  "a file opened by its absolute path": forbidden(
    "path_open",
    `${numbers(3, 0, DATA, 11, 0)} (i64.const -1) (i64.const -1) ${numbers(0, OUT)}`,
    data(DATA, "/etc/passwd"),
  ),
  "a file opened by a relative path": forbidden(
    "path_open",
    `${numbers(3, 0, DATA, 16, 0)} (i64.const -1) (i64.const -1) ${numbers(0, OUT)}`,
    data(DATA, "../../etc/passwd"),
  ),
  "a file removed": forbidden("path_unlink_file", numbers(3, DATA, 8), data(DATA, "/tmp/foo")),
  "a directory made": forbidden("path_create_directory", numbers(3, DATA, 8), data(DATA, "/tmp/foo")),
  "a directory listed": forbidden("fd_readdir", `${numbers(3, OUT, 1024)} (i64.const 0) ${numbers(DATA)}`),
  "a directory that is open already": forbidden("fd_prestat_get", numbers(3, OUT)),
  "a descriptor of the sandbox closed": forbidden("fd_close", numbers(1)),
  "a descriptor of the sandbox replaced": forbidden("fd_renumber", numbers(0, 1)),
  "a connection accepted": forbidden("sock_accept", numbers(3, 0, OUT)),
  "bytes sent by a socket": forbidden("sock_send", numbers(3, DATA, 1, 0, OUT)),
  "bytes received by a socket": forbidden("sock_recv", numbers(3, DATA, 1, 0, OUT, OUT)),
  "the environment": {
    module: () =>
      pluginText({
        imports: imports("environ_sizes_get", "environ_get"),
        detect: `(drop (call $environ_sizes_get ${numbers(OUT, OUT + 4)}))
          (drop (call $environ_get ${numbers(OUT + 64, OUT + 256)}))
          (if (i32.ne (i32.load (i32.const ${OUT})) (i32.const 0)) (then unreachable)) (i32.const 0)`,
      }),
    fails: [],
  },
  "the arguments": {
    module: () =>
      pluginText({
        imports: imports("args_sizes_get", "args_get"),
        detect: `(drop (call $args_sizes_get ${numbers(OUT, OUT + 4)}))
          (drop (call $args_get ${numbers(OUT + 64, OUT + 256)}))
          (if (i32.ne (i32.load (i32.const ${OUT})) (i32.const 0)) (then unreachable)) (i32.const 0)`,
      }),
    fails: [],
  },
  "the input of the sandbox read": {
    module: () =>
      pluginText({
        imports: imports("fd_read"),
        items: `(data (i32.const ${DATA}) "\\00\\00\\02\\00\\00\\10\\00\\00")`,
        detect: `(drop (call $fd_read ${numbers(0, DATA, 1, OUT)}))
          (if (i32.ne (i32.load (i32.const ${OUT})) (i32.const 0)) (then unreachable)) (i32.const 0)`,
      }),
    fails: [],
  },
  "fd_write without end": {
    module: () =>
      pluginText({
        imports: imports("fd_write"),
        items: `${data(DATA + 8, "again\n")} (data (i32.const ${DATA}) "\\08\\00\\01\\00\\06\\00\\00\\00")`,
        detect: forever(`(drop (call $fd_write ${numbers(1, DATA, 1, OUT)}))`),
      }),
    fails: ["timeout", "trap", "error"],
    says: /./,
  },
  "fd_write of 4 billion pieces": {
    module: () =>
      pluginText({
        imports: imports("fd_write"),
        detect: `(drop (call $fd_write ${numbers(2, DATA, -1, OUT)})) (i32.const 0)`,
      }),
    fails: [],
  },
  "fd_write of what is not in memory": {
    module: () =>
      pluginText({
        imports: imports("fd_write"),
        items: `(data (i32.const ${DATA}) "\\ff\\ff\\ff\\7f\\ff\\ff\\ff\\7f")`,
        detect: `(drop (call $fd_write ${numbers(1, DATA, 1, OUT)})) (i32.const 0)`,
      }),
    fails: [],
  },
  "fd_write to a descriptor of the sandbox": forbidden("fd_write", numbers(3, DATA, 1, OUT)),
  "4 GB of random bytes": {
    module: () =>
      pluginText({
        imports: imports("random_get"),
        detect: `(drop (call $random_get ${numbers(0, -1)})) (i32.const 0)`,
      }),
    fails: [],
  },
  "poll of 4 billion subscriptions": {
    module: () =>
      pluginText({
        imports: imports("poll_oneoff"),
        detect: `(drop (call $poll_oneoff ${numbers(DATA, OUT, -1, OUT)})) (i32.const 0)`,
      }),
    fails: [],
  },
};
