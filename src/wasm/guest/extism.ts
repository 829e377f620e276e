import type { LineLevel } from "../frames.ts";
import { type HostFunction, KERNEL_FUNCTIONS } from "../imports.ts";
import type { Variables } from "../variables.ts";
import type { Blocks } from "./blocks.ts";
import { GuestFault } from "./fault.ts";
import type { Lines } from "./lines.ts";

const UTF8 = new TextDecoder();
const ENCODER = new TextEncoder();
/** Level "trace": the agent leaves out what nobody wants to see. */
const EVERYTHING = 0;

/** What the functions of Extism work on. */
export interface ExtismWorld {
  readonly config: ReadonlyMap<string, string>;
  readonly variables: Variables;
  /** Names of the variables that were set in this call. */
  readonly changed: Set<string>;
  readonly lines: Lines;
}

/** Imports of `extism:host/env`. */
export function extismImports(blocks: Blocks, world: ExtismWorld): Bun.WebAssembly.ModuleImports {
  const kernel = Object.fromEntries(KERNEL_FUNCTIONS.map((name) => [name, blocks.function(name)]));
  const host: Record<HostFunction, (...words: bigint[]) => bigint | number | undefined> = {
    config_get: (name = 0n) => {
      const value = world.config.get(textOf(blocks, name));
      return value === undefined ? 0n : blocks.store(ENCODER.encode(value));
    },
    var_get: (name = 0n) => {
      const value = world.variables.get(textOf(blocks, name));
      return value === undefined ? 0n : blocks.store(value);
    },
    var_set: (name = 0n, value = 0n) => {
      setVariable(world, textOf(blocks, name), value === 0n ? undefined : blocks.read(value).slice());
      return undefined;
    },
    log_trace: logger("trace"),
    log_debug: logger("debug"),
    log_info: logger("info"),
    log_warn: logger("warning"),
    log_error: logger("error"),
    get_log_level: () => EVERYTHING,
    http_request: noNetwork,
    http_status_code: noNetwork,
    http_headers: noNetwork,
  };
  return { ...kernel, ...host };

  function logger(level: LineLevel): (at?: bigint) => undefined {
    return (at = 0n) => {
      world.lines.add(level, blocks.read(at));
      return undefined;
    };
  }
}

function setVariable({ variables, changed }: ExtismWorld, name: string, value: Uint8Array | undefined): void {
  if (!variables.set(name, value)) {
    throw new GuestFault(
      "memory",
      `the variable "${name.slice(0, 60)}" of ${value?.length ?? 0} bytes does not fit beside the ${variables.bytes} bytes of variables`,
    );
  }
  changed.add(name);
}

function noNetwork(): never {
  throw new GuestFault("trap", "it called HTTP, and there is no network");
}

function textOf(blocks: Blocks, at: bigint): string {
  return UTF8.decode(blocks.read(at));
}
