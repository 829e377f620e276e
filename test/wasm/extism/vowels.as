// AssemblyScript; named so that nobody takes it for TypeScript.
import { Config, Host, Var } from "@extism/as-pdk";
import { error_set } from "@extism/as-pdk/lib/env";
import { Memory } from "@extism/as-pdk/lib/pdk";

export function onAbort(message: string | null, file: string | null, line: u32, column: u32): void {}

export function count_vowels(): i32 {
  const text = Host.inputString();
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    if ("aeiouAEIOU".includes(text.charAt(i))) count++;
  }
  const thing = Config.get("thing");
  Host.outputString('{"count":' + count.toString() + ',"config":"' + (thing == null ? "" : thing) + '"}');
  return 0;
}

export function remember(): i32 {
  Var.set("what", Host.input());
  return 0;
}

export function recall(): i32 {
  const what = Var.get("what");
  if (what != null) Host.output(what);
  return 0;
}

export function shout(): i32 {
  Host.outputString(Host.inputString().toUpperCase());
  return 0;
}

export function fail(): i32 {
  // The PDK has no words for it.
  error_set(Memory.allocateString(Host.inputString()).offset);
  return 1;
}
