type Functions = Record<string, Record<string, (context: unknown, ...words: number[]) => number>>;

const WASI = "wasi_snapshot_preview1";
/** As long as the name, so that it can be written over it. */
const OTHER_NAME = "wasi_snapshot_in_tests";
const SUCCESS = 0;
const BADF = 8;

/**
 * What a module made for WASI needs of it, without a capability: on Bun the SDK has no WASI of its own, and takes
 * nobody else's under that name, therefore the module's imports are renamed. `capture` gets hold of the memory of
 * the instance that is made before what it returns is disposed of.
 */
export function wasiStub(wasm: Uint8Array): {
  readonly module: Uint8Array;
  readonly functions: Functions;
  readonly capture: () => Disposable;
} {
  let exported: WebAssembly.Instance["exports"] | undefined;
  const view = (): DataView => {
    const memory = exported?.["memory"];
    if (!(memory instanceof WebAssembly.Memory)) throw new Error("Cannot find the memory of the module");
    return new DataView(memory.buffer);
  };
  return { module: renamed(wasm), functions: { [OTHER_NAME]: calls(view) }, capture };

  function capture(): Disposable {
    const { instantiate } = WebAssembly;
    // The SDK calls `_initialize` before it gives its instance away.
    WebAssembly.instantiate = (async (module: WebAssembly.Module, imports: Bun.WebAssembly.Imports) => {
      const instance = await instantiate(module, imports);
      exported = instance.exports;
      return instance;
    }) as typeof instantiate;
    return {
      [Symbol.dispose]() {
        WebAssembly.instantiate = instantiate;
      },
    };
  }
}

function renamed(wasm: Uint8Array): Uint8Array {
  const bytes = Buffer.from(wasm);
  for (let at = bytes.indexOf(WASI); at !== -1; at = bytes.indexOf(WASI, at)) bytes.write(OTHER_NAME, at);
  return new Uint8Array(bytes);
}

function calls(view: () => DataView): Functions[string] {
  const twoZeros = (_: unknown, first: number, second: number) => {
    view().setUint32(first, 0, true);
    view().setUint32(second, 0, true);
    return SUCCESS;
  };
  return {
    args_get: () => SUCCESS,
    args_sizes_get: twoZeros,
    environ_get: () => SUCCESS,
    environ_sizes_get: twoZeros,
    clock_time_get: (_: unknown, _clock: number, _precision: number, at: number) => {
      view().setBigUint64(at, BigInt(Bun.nanoseconds()), true);
      return SUCCESS;
    },
    random_get: (_: unknown, at: number, length: number) => {
      crypto.getRandomValues(new Uint8Array(view().buffer, at, length));
      return SUCCESS;
    },
    fd_write: (_: unknown, _descriptor: number, vectors: number, count: number, at: number) => {
      let length = 0;
      for (let i = 0; i < count; i++) length += view().getUint32(vectors + 8 * i + 4, true);
      view().setUint32(at, length, true);
      return SUCCESS;
    },
    poll_oneoff: (_: unknown, _in: number, _out: number, _count: number, at: number) => {
      view().setUint32(at, 0, true);
      return SUCCESS;
    },
    sched_yield: () => SUCCESS,
    proc_exit: (_: unknown, code: number) => {
      throw new Error(`proc_exit(${code})`);
    },
    fd_close: () => BADF,
    fd_fdstat_get: () => BADF,
    fd_fdstat_set_flags: () => BADF,
    fd_prestat_get: () => BADF,
    fd_prestat_dir_name: () => BADF,
    fd_read: () => BADF,
    fd_seek: () => BADF,
  };
}
