import type { HostileModule, HostileModules } from "./hostile-module.ts";
import { DATA, data, pluginText } from "./plugin-text.ts";

function refused(imports: string, says: RegExp): HostileModule {
  return { module: () => pluginText({ imports }), fails: ["load"], says };
}

/** A module that says that it is a detector and has this in place of `detect`. */
function having(insteadOfDetect: string): HostileModule {
  return {
    module: () => pluginText({ insteadOfDetect }),
    fails: ["load", "error", "trap"],
    says: /detect/,
  };
}

const DESCRIBE = '(func (export "describe") (result i32) (i32.const 0))';

/** Plugins that import what they may not have, or export what cannot be called. */
export const LINKS: HostileModules = {
  "an unknown module imported": refused('(import "wasi_unstable" "fd_write" (func))', /wasi_unstable/),
  "an unknown function of Extism imported": refused('(import "extism:host/env" "shell" (func))', /shell/),
  "a host function of its own imported": refused(
    '(import "extism:host/user" "exec" (func))',
    /extism:host\/user/,
  ),
  "what resets Extism's memory imported": refused('(import "extism:host/env" "reset" (func))', /reset/),
  "the function Object imported": refused(
    '(import "extism:host/env" "constructor" (func (param i64) (result externref)))',
    /constructor/,
  ),
  "the function Function imported": refused(
    '(import "constructor" "constructor" (func (param i64) (result externref)))',
    /constructor/,
  ),
  "__proto__ imported": refused('(import "__proto__" "toString" (func (result externref)))', /__proto__/),
  "strings of JavaScript imported": refused(
    '(import "wasm:js-string" "length" (func (param externref) (result i32)))',
    /wasm:js-string/,
  ),
  "a global imported": refused('(import "extism:host/env" "alloc" (global i64))', /alloc/),
  "a memory imported": {
    module: () =>
      `(module (import "extism:host/env" "memory" (memory 1)) ${DESCRIBE}
        (func (export "detect") (result i32) (i32.const 0)))`,
    fails: ["load"],
    says: /memory/,
  },
  "a table imported": refused('(import "extism:host/env" "alloc" (table 1 funcref))', /alloc/),
  "a function imported with another type": {
    module: () =>
      `(module (import "extism:host/env" "alloc" (func $alloc (param f64 f64) (result f64)))
        (memory (export "memory") 1) ${DESCRIBE}
        (func (export "detect") (result i32) (drop (call $alloc (f64.const 1) (f64.const nan))) (i32.const 0)))`,
    fails: ["load", "trap", "error", "output"],
    says: /./,
  },
  http_request: {
    module: () =>
      pluginText({
        imports: '(import "extism:host/env" "http_request" (func $http (param i64 i64) (result i64)))',
        items: data(DATA, '{"url":"http://127.0.0.1:9/","method":"GET"}'),
        detect: `(drop (call $http (call $put (i32.const ${DATA}) (i32.const 44)) (i64.const 0))) (i32.const 0)`,
      }),
    fails: ["error", "trap", "load"],
    says: /http|network/i,
  },
  "no exports": { module: () => "(module)", fails: ["load"], says: /no export "describe"/ },
  "no detect": having(""),
  "a detect that takes an argument": having(
    '(func (export "detect") (param i32) (result i32) (i32.const 0))',
  ),
  "a detect that returns i64": having('(func (export "detect") (result i64) (i64.const 1))'),
  "a detect that returns a reference": having(
    '(func (export "detect") (result externref) (ref.null extern))',
  ),
  "a detect that returns 1000 numbers": having(
    `(func (export "detect") (result ${"i32 ".repeat(1000)}) ${"(i32.const 0) ".repeat(1000)})`,
  ),
  "a detect that is a global": having('(global (export "detect") i32 (i32.const 0))'),
};
