import { afterEach, describe, expect, test } from "bun:test";
import { EXTISM_MODULE, HOST_FUNCTIONS, WASI_FUNCTIONS, WASI_MODULE } from "../../src/wasm/imports.ts";
import { Sandbox } from "../../src/wasm/sandbox.ts";
import { type TestLog, testLog } from "../support/test-log.ts";
import { EMIT, EXTISM, wat } from "../support/wat.ts";

const NOTHING = new Uint8Array(0);
const open: Sandbox[] = [];

/** errno of WASI. */
const [SUCCESS, BADF, FAULT, NOTSUP] = [0, 8, 21, 58];

afterEach(async () => {
  for (const sandbox of open.splice(0)) await sandbox.close();
});

/** Runs a function `test` in a module with these imports; what it puts at 1024 is the output, its result the first number. */
async function run(imports: string, body: string): Promise<{ readonly output: Uint8Array } & TestLog> {
  const { log, logged } = testLog();
  const bytes = wat(`(module ${EXTISM} ${imports} (memory (export "memory") 2) ${EMIT}
    (data (i32.const 64) "key")
    (func $body (result i32) ${body})
    (func (export "test") (result i32)
      (i32.store (i32.const 1020) (call $body)) (call $emit (i32.const 1020) (i32.const 36)) (i32.const 0)))`);
  const sandbox = new Sandbox({ name: "module", bytes, log });
  open.push(sandbox);
  return { output: await sandbox.call("test", NOTHING), log, logged };
}

function numbers(output: Uint8Array): readonly number[] {
  return [...new Uint32Array(output.slice().buffer)];
}

function wasi(name: string, type: string): string {
  return `(import "${WASI_MODULE}" "${name}" (func $${name} ${type}))`;
}

const TWO = "(param i32 i32) (result i32)";
const FOUR = "(param i32 i32 i32 i32) (result i32)";

describe("WASI without capabilities", () => {
  test("there are no arguments and no environment", async () => {
    const { output } = await run(
      wasi("args_sizes_get", TWO) + wasi("environ_sizes_get", TWO),
      `(i32.store (i32.const 1024) (i32.const 7)) (i32.store (i32.const 1036) (i32.const 7))
       (i32.or (call $args_sizes_get (i32.const 1024) (i32.const 1028)) (call $environ_sizes_get (i32.const 1032) (i32.const 1036)))`,
    );
    expect(numbers(output).slice(0, 5)).toEqual([SUCCESS, 0, 0, 0, 0]);
  });

  test("the clock is that of the host", async () => {
    const { output } = await run(
      wasi("clock_time_get", "(param i32 i64 i32) (result i32)"),
      "(call $clock_time_get (i32.const 0) (i64.const 1) (i32.const 1024))",
    );
    const [errno, low = 0, high = 0] = numbers(output);
    expect(errno).toBe(SUCCESS);
    expect(Math.abs((high * 2 ** 32 + low) / 1e6 - Date.now())).toBeLessThan(5000);
  });

  test("random bytes are random", async () => {
    const { output } = await run(
      wasi("random_get", TWO),
      "(call $random_get (i32.const 1024) (i32.const 32))",
    );
    expect(numbers(output)[0]).toBe(SUCCESS);
    expect(new Set(output.subarray(4)).size).toBeGreaterThan(8);
  });

  test("standard output and error are lines of the log; other descriptors are none", async () => {
    const { output, logged } = await run(
      `${wasi("fd_write", FOUR)} (data (i32.const 128) "one\\ntwo") (data (i32.const 200) "\\80\\00\\00\\00\\07\\00\\00\\00\\80\\00\\00\\00\\03\\00\\00\\00")`,
      `(i32.store (i32.const 1028) (call $fd_write (i32.const 1) (i32.const 200) (i32.const 2) (i32.const 1024)))
       (i32.store (i32.const 1032) (call $fd_write (i32.const 2) (i32.const 208) (i32.const 1) (i32.const 1036)))
       (call $fd_write (i32.const 3) (i32.const 200) (i32.const 1) (i32.const 1040))`,
    );
    expect(numbers(output).slice(0, 5)).toEqual([BADF, 10, SUCCESS, SUCCESS, 3]);
    expect(logged.filter(([level]) => level !== "debug").map((line) => [...line])).toEqual([
      ["info", "one"],
      ["info", "twoone"],
      ["warning", "one"],
    ]);
  });

  test("files are not there, and what is not known is not supported", async () => {
    const { output } = await run(
      wasi("path_open", "(param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)") +
        wasi("fd_prestat_get", TWO) +
        wasi("sock_shutdown", TWO),
      `(i32.store (i32.const 1024) (call $fd_prestat_get (i32.const 3) (i32.const 2048)))
       (i32.store (i32.const 1028) (call $sock_shutdown (i32.const 3) (i32.const 0)))
       (call $path_open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 3) (i32.const 0) (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 2048))`,
    );
    expect(numbers(output).slice(0, 3)).toEqual([BADF, BADF, NOTSUP]);
  });

  test("an address outside of the memory is a fault of the module", async () => {
    const { output } = await run(
      wasi("args_sizes_get", TWO) + wasi("random_get", TWO),
      `(i32.store (i32.const 1024) (call $random_get (i32.const -8) (i32.const 32)))
       (call $args_sizes_get (i32.const -4) (i32.const 131072))`,
    );
    expect(numbers(output).slice(0, 2)).toEqual([FAULT, FAULT]);
  });

  test("nobody can sleep: a clock that is waited for has rung", async () => {
    const started = performance.now();
    const { output } = await run(
      wasi("poll_oneoff", FOUR),
      `(i64.store (i32.const 256) (i64.const 99)) (i64.store (i32.const 280) (i64.const 10000000000))
       (call $poll_oneoff (i32.const 256) (i32.const 512) (i32.const 1) (i32.const 1024))`,
    );
    expect(numbers(output).slice(0, 2)).toEqual([SUCCESS, 1]);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test("proc_exit ends the call as an error, and the next has a fresh instance", async () => {
    const call = run(wasi("proc_exit", "(param i32)"), "(call $proc_exit (i32.const 3)) (i32.const 0)");
    expect(await call.catch(({ failure, message }) => [failure, message])).toEqual([
      "error",
      'Cannot call "test" of "module": it called proc_exit(3)',
    ]);
  });

  test("every function of preview 1 can be imported", async () => {
    const all = WASI_FUNCTIONS.map((name) => `(import "${WASI_MODULE}" "${name}" (func))`).join("");
    const { output } = await run(all, "(i32.const 0)");
    expect(numbers(output)[0]).toBe(0);
  });
});

describe("Extism's functions", () => {
  test("all that plugin development kits import are there", async () => {
    const kernel = { length_unsafe: "(param i64) (result i64)", input_offset: "(result i64)" };
    const types = [...Object.entries(kernel), ...HOST_FUNCTIONS.map((name) => [name, ""] as const)];
    const { output } = await run(
      types.map(([name, type]) => `(import "${EXTISM_MODULE}" "${name}" (func ${type}))`).join(""),
      "(i32.const 0)",
    );
    expect(numbers(output)[0]).toBe(0);
  });

  test.each(["http_request", "http_status_code", "http_headers"])(
    "%s fails, as there is no network",
    async (name) => {
      const call = run(`(import "${EXTISM_MODULE}" "${name}" (func $http))`, "(call $http) (i32.const 0)");
      expect(await call.catch(({ failure, message }) => [failure, message])).toEqual([
        "trap",
        'Cannot call "test" of "module": it called HTTP, and there is no network',
      ]);
    },
  );

  test("a function that is imported as another kind of function cannot be used", async () => {
    const call = run(`(import "${EXTISM_MODULE}" "length_unsafe" (func))`, "(i32.const 0)");
    expect(await call.catch(({ failure, message }) => [failure, message])).toEqual([
      "load",
      'Cannot call "test" of "module": imported function extism:host/env:length_unsafe signature doesn\'t match the provided WebAssembly function\'s signature',
    ]);
  });

  test("a block that was freed is used again, and its length is then that of the new one", async () => {
    const { output } = await run(
      "",
      `(local $a i64) (local $b i64) (local $c i64)
       (local.set $a (call $alloc (i64.const 100)))
       (local.set $b (call $alloc (i64.const 10)))
       (call $free (local.get $a)) (call $free (local.get $a))
       (local.set $c (call $alloc (i64.const 50)))
       (i32.store (i32.const 1024) (i64.eq (local.get $a) (local.get $c)))
       (i32.store (i32.const 1028) (i32.wrap_i64 (call $length (local.get $c))))
       (i32.store (i32.const 1032) (i32.wrap_i64 (call $length (local.get $b))))
       (i32.store (i32.const 1036) (i32.wrap_i64 (call $length (i64.add (local.get $b) (i64.const 1)))))
       (i32.store (i32.const 1040) (i32.wrap_i64 (call $length (i64.const -8))))
       (i32.store (i32.const 1044) (i64.eqz (call $alloc (i64.const 0))))
       (i32.const 0)`,
    );
    expect(numbers(output).slice(0, 7)).toEqual([0, 1, 50, 10, 0, 0, 1]);
  });

  test("outside of the blocks and of the input there is 0 to read, and nothing to write", async () => {
    const { output } = await run(
      "",
      `(local $a i64)
       (local.set $a (call $alloc (i64.const 8)))
       (call $store_u64 (local.get $a) (i64.const 0x0102030405060708))
       (call $store_u64 (i64.const -4) (i64.const 7)) (call $store_u8 (i64.const 0x100000001) (i32.const 7))
       (i32.store (i32.const 1024) (i32.wrap_i64 (call $load_u64 (local.get $a))))
       (i32.store (i32.const 1028) (call $load_u8 (i64.add (local.get $a) (i64.const 7))))
       (i32.store (i32.const 1032) (i32.wrap_i64 (call $load_u64 (i64.const -4))))
       (i32.store (i32.const 1036) (call $load_u8 (i64.const 0x100000010)))
       (i32.store (i32.const 1040) (i32.wrap_i64 (call $input_load_u64 (i64.const 0))))
       (i32.store (i32.const 1044) (call $input_load_u8 (i64.const -1)))
       (i32.const 0)`,
    );
    expect(numbers(output).slice(0, 7)).toEqual([0, 0x05060708, 1, 0, 0, 0, 0]);
  });

  test("a variable that is set to nothing is gone", async () => {
    const { output } = await run(
      "",
      `(local $k i64)
       (local.set $k (call $block (i32.const 64) (i32.const 3)))
       (call $var_set (local.get $k) (call $block (i32.const 64) (i32.const 2)))
       (i32.store (i32.const 1024) (i32.wrap_i64 (call $length (call $var_get (local.get $k)))))
       (call $var_set (local.get $k) (i64.const 0))
       (i32.store (i32.const 1028) (i64.eqz (call $var_get (local.get $k))))
       (i32.const 0)`,
    );
    expect(numbers(output).slice(0, 3)).toEqual([0, 2, 1]);
  });
});
