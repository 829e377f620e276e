import { ModuleFault } from "../byte-reader.ts";
import type { LoadHead } from "../frames.ts";
import { EXTISM_MODULE, WASI_MODULE } from "../imports.ts";
import { printable } from "../printable.ts";
import { Variables } from "../variables.ts";
import { vet } from "../vet.ts";
import { Blocks } from "./blocks.ts";
import { extismImports } from "./extism.ts";
import { GuestFault, messageOf } from "./fault.ts";
import { Lines } from "./lines.ts";
import { wasiImports } from "./wasi.ts";

const UTF8 = new TextDecoder();
const KEPT = { keepsInstance: true };

interface Loaded {
  readonly head: LoadHead;
  readonly variables: Uint8Array;
  readonly init: Uint8Array;
  readonly bytes: Uint8Array;
}

/** A module with its present instance. Nothing of it runs before `renew`. */
export class GuestModule {
  readonly lines: Lines;
  readonly exports: readonly string[];
  readonly #head: LoadHead;
  readonly #init: Uint8Array;
  readonly #module: WebAssembly.Module;
  readonly #config: ReadonlyMap<string, string>;
  readonly #variables: Variables;
  readonly #changed = new Set<string>();
  #instance: { readonly blocks: Blocks; readonly exports: WebAssembly.Instance["exports"] } | undefined;

  /** Throws {@link GuestFault} `load` when the module cannot be used. */
  constructor({ head, variables, init, bytes }: Loaded) {
    this.#head = head;
    this.#init = init;
    this.#config = new Map(Object.entries(head.config));
    this.lines = new Lines(head.logLines);
    this.#variables = new Variables(head.variableBytes);
    this.#variables.merge(variables);
    try {
      const vetted = vet(bytes, head);
      this.exports = vetted.exports;
      this.#module = new WebAssembly.Module(vetted.bytes as Uint8Array<ArrayBuffer>);
    } catch (error) {
      if (error instanceof ModuleFault) throw new GuestFault("load", error.message);
      if (error instanceof WebAssembly.CompileError) throw new GuestFault("load", messageOf(error));
      throw error;
    }
  }

  get hasInstance(): boolean {
    return this.#instance !== undefined;
  }

  /** Makes a fresh instance: start function, `_initialize`, `init`. */
  renew(): void {
    this.forget();
    const blocks = new Blocks(this.#head.memoryBytes + this.#head.inputBytes);
    blocks.beginCall(0);
    const { instance, start } = this.#instantiate(blocks);
    this.#instance = { blocks, exports: instance.exports };
    start();
    if (this.#head.hasInit && instance.exports["init"] !== undefined) {
      this.input(this.#init.length).set(this.#init);
      this.run("init");
    }
  }

  /** The instance is not to be used any more. */
  forget(): void {
    if (this.#instance === undefined) return;
    this.#instance = undefined;
    // Its memory has gone only then, and there may not be room for two.
    Bun.gc(true);
  }

  /** Where the input of the next `run` has to be written. */
  input(length: number): Uint8Array {
    return this.#present().blocks.beginCall(length);
  }

  /** The output, which is valid until the next call. */
  run(name: string): Uint8Array {
    const { blocks, exports } = this.#present();
    const found = Object.hasOwn(exports, name) ? exports[name] : undefined;
    if (typeof found !== "function") throw new GuestFault("error", `it has no function "${name}"`, KEPT);
    if (found.length > 0) throw new GuestFault("error", `its function "${name}" takes parameters`, KEPT);
    const code: unknown = found();
    const text = this.errorText();
    // A text says it as well, as in Extism's own hosts.
    if (text !== "" || (code !== undefined && code !== 0)) {
      throw new GuestFault("error", text === "" ? `"${name}" returned ${String(code)}` : text, KEPT);
    }
    const { output } = blocks;
    if (output.length > this.#head.outputBytes) {
      throw new GuestFault(
        "output",
        `it answered ${output.length} bytes, wanted at most ${this.#head.outputBytes}`,
        KEPT,
      );
    }
    return output;
  }

  /** What the module says about its failure; empty when it says nothing. */
  errorText(): string {
    const bytes = this.#instance?.blocks.error;
    return bytes === undefined ? "" : printable(UTF8.decode(bytes.subarray(0, 4096)));
  }

  /** Variables that were set since the last time, for the agent. */
  takeChanges(): Uint8Array {
    const changes = this.#variables.encode(this.#changed);
    this.#changed.clear();
    return changes;
  }

  #present(): { readonly blocks: Blocks; readonly exports: WebAssembly.Instance["exports"] } {
    if (this.#instance === undefined) throw new GuestFault("trap", "it has no instance");
    return this.#instance;
  }

  #instantiate(blocks: Blocks): { readonly instance: WebAssembly.Instance; readonly start: () => void } {
    let memory: WebAssembly.Memory | undefined;
    const world = {
      config: this.#config,
      variables: this.#variables,
      changed: this.#changed,
      lines: this.lines,
    };
    const memoryOf = () => {
      if (memory === undefined) throw new GuestFault("trap", "it called WASI before its memory was there");
      return memory;
    };
    const instance = new WebAssembly.Instance(this.#module, {
      [EXTISM_MODULE]: extismImports(blocks, world),
      [WASI_MODULE]: wasiImports(memoryOf, this.lines),
    });
    const exported = instance.exports["memory"];
    if (exported instanceof WebAssembly.Memory) memory = exported;
    return {
      instance,
      start: () => {
        // Reactors of WASI and of C++; commands (`_start`) would end with proc_exit.
        const initialize = instance.exports["_initialize"] ?? instance.exports["__wasm_call_ctors"];
        if (typeof initialize === "function" && initialize.length === 0) initialize();
      },
    };
  }
}
