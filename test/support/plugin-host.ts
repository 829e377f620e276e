import { createPlugin } from "@extism/extism";
import type { Log } from "../../src/model/log.ts";
import { Sandbox } from "../../src/wasm/sandbox.ts";
import { wasiStub } from "./wasi-stub.ts";

/** Something that runs a module: ours, or Extism's own. */
export interface PluginHost extends AsyncDisposable {
  call(exportName: string, input: Uint8Array): Promise<Uint8Array>;
}

export interface HostedModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Extism's config. */
  readonly config: Readonly<Record<string, string>>;
  readonly log: Log;
}

export const PLUGIN_HOSTS: Readonly<Record<string, (module: HostedModule) => Promise<PluginHost>>> = {
  "the sandbox": inSandbox,
  "the official SDK": inSdk,
};

async function inSandbox(module: HostedModule): Promise<PluginHost> {
  const sandbox = new Sandbox({ name: "test", ...module });
  await sandbox.start();
  return {
    call: (exportName, input) => sandbox.call(exportName, input),
    [Symbol.asyncDispose]: () => sandbox.close(),
  };
}

async function inSdk({ bytes, config }: HostedModule): Promise<PluginHost> {
  const wasi = wasiStub(bytes);
  using _ = wasi.capture();
  const plugin = await createPlugin(await WebAssembly.compile(wasi.module), {
    config: { ...config },
    functions: wasi.functions,
    useWasi: false,
  });
  return {
    async call(exportName, input) {
      const output = await plugin.call(exportName, input);
      return output === null ? new Uint8Array(0) : Uint8Array.from(output.bytes());
    },
    [Symbol.asyncDispose]: () => plugin.close(),
  };
}
