import type { HostileModule, HostileModules } from "./hostile-module.ts";
import { concat, HEADER, moduleOf } from "./module-bytes.ts";

function notAModule(bytes: () => Uint8Array): HostileModule {
  return { module: bytes, fails: ["load"], says: /./ };
}

function plain(): Uint8Array {
  return moduleOf({ code: concat([0, 0x41, 0, 0x0b]) });
}

const utf8 = new TextEncoder();

/** Files that are not modules. */
export const FILES: HostileModules = {
  "an empty file": notAModule(() => new Uint8Array(0)),
  "a header and nothing else": { module: () => Uint8Array.from(HEADER), fails: ["load"], says: /./ },
  "a text file": notAModule(() => utf8.encode("export function detect() {}\n")),
  "a module as text": notAModule(() => utf8.encode("(module)")),
  "a component of the component model": notAModule(() =>
    Uint8Array.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]),
  ),
  "a module of version 2": notAModule(() => plain().with(4, 2)),
  "a truncated module": notAModule(() => plain().subarray(0, -5)),
  "a module with a byte too many": notAModule(() => concat(plain(), [0xff])),
  "100 MB of zeros": notAModule(() => new Uint8Array(100_000_000)),
};
