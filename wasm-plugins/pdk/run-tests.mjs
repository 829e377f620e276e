/*
 * node run-tests.mjs MODULE.wasm
 *
 * Runs each export of the module that is named test…, in an instance of its own, with a stand-in for what the agent
 * offers and the few functions of `wca:test` that the checks of the languages need. Prints what failed, by name;
 * the exit status is 1 then.
 */

import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";

const HEAP_BYTES = 1 << 20;

/** The agent's side of one instance. */
class Agent {
  failures = [];
  #exports;
  #heap = new DataView(new ArrayBuffer(HEAP_BYTES));
  #lengths = new Map();
  /** No block begins at 0, which means none. */
  #used = 8n;
  #input = new DataView(new ArrayBuffer(0));
  #options = new Map();
  #output = "";
  #reason = "";

  constructor(module) {
    const imports = { "extism:host/env": this.#extism(), "wca:test": this.#checks() };
    this.#exports = new WebAssembly.Instance(module, imports).exports;
  }

  run(name) {
    try {
      this.#exports[name]();
    } catch (error) {
      this.failures.push(`it ended with ${this.#reason || error}`);
    }
  }

  #extism() {
    return {
      alloc: (size) => this.#alloc(size),
      free: (block) => void this.#lengths.delete(block),
      length: (block) => this.#lengths.get(block) ?? 0n,
      load_u8: (at) => this.#heap.getUint8(Number(at)),
      store_u8: (at, byte) => this.#heap.setUint8(Number(at), byte),
      store_u64: (at, word) => this.#heap.setBigUint64(Number(at), word, true),
      input_length: () => BigInt(this.#input.byteLength),
      input_load_u8: (at) => this.#input.getUint8(Number(at)),
      input_load_u64: (at) => this.#input.getBigUint64(Number(at), true),
      output_set: (block) => {
        this.#output = this.#block(block);
      },
      error_set: (block) => {
        this.#reason = this.#block(block);
      },
      config_get: (key) => this.#option(this.#block(key)),
      log_info: () => undefined,
    };
  }

  #checks() {
    return {
      failed: (at, length) => void this.failures.push(this.#text(at, length)),
      differ: (at, length, got, wanted) => {
        this.failures.push(`${this.#text(at, length)}: got ${got}, wanted ${wanted}`);
      },
      set_input: (at, length) => {
        this.#input = new DataView(this.#bytes(at, length).buffer);
      },
      set_option: (at, length, valueAt, valueLength) => {
        this.#options.set(this.#text(at, length), this.#text(valueAt, valueLength));
      },
      answers: (at, length) => {
        const wanted = this.#text(at, length);
        if (!isDeepStrictEqual(JSON.parse(this.#output || "null"), JSON.parse(wanted))) {
          this.failures.push(`answer: got ${this.#output}, wanted ${wanted}`);
        }
      },
      refuses: (index, at, length) => this.#refuses(index, this.#text(at, length)),
    };
  }

  /** Calls a function of the module's table, which has to end with that reason. */
  #refuses(index, reason) {
    this.#reason = "";
    let ended = "it went well";
    try {
      this.#exports.table.get(index)();
    } catch (error) {
      ended = this.#reason || String(error);
    }
    this.#reason = "";
    if (!ended.startsWith(reason)) this.failures.push(`refusal: got "${ended}", wanted "${reason}"`);
  }

  #alloc(size) {
    const block = this.#used;
    this.#used += (size + 15n) & ~7n;
    this.#lengths.set(block, size);
    return block;
  }

  #block(block) {
    const length = Number(this.#lengths.get(block) ?? 0n);
    return new TextDecoder().decode(new Uint8Array(this.#heap.buffer, Number(block), length));
  }

  #option(name) {
    const text = this.#options.get(name);
    if (text === undefined) return 0n;
    const bytes = new TextEncoder().encode(text);
    const block = this.#alloc(BigInt(bytes.length));
    new Uint8Array(this.#heap.buffer).set(bytes, Number(block));
    return block;
  }

  #bytes(at, length) {
    return new Uint8Array(this.#exports.memory.buffer).slice(at, at + length);
  }

  #text(at, length) {
    return new TextDecoder().decode(this.#bytes(at, length));
  }
}

function main([path]) {
  if (path === undefined) {
    console.error("Cannot run tests: got no module, wanted run-tests.mjs MODULE.wasm");
    return 1;
  }
  const module = new WebAssembly.Module(readFileSync(path));
  const names = WebAssembly.Module.exports(module)
    .map(({ name }) => name)
    .filter((name) => name.startsWith("test"));
  let failed = names.length === 0 ? 1 : 0;
  for (const name of names) {
    const agent = new Agent(module);
    agent.run(name);
    if (agent.failures.length > 0) failed++;
    for (const failure of agent.failures) console.error(`${name}: ${failure}`);
  }
  console.log(`${names.length} tests, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
