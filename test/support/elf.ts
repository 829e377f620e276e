import * as fs from "node:fs";

/** `e_machine` of the ELF header. */
const MACHINES: Readonly<Record<number, string>> = { 62: "x86-64", 183: "aarch64" };

/** What kind of machine an executable is for, and which loader starts it. */
export function elfOf(file: string): { readonly machine: string | undefined; readonly loader: string } {
  const bytes = Buffer.alloc(4096);
  const descriptor = fs.openSync(file, "r");
  fs.readSync(descriptor, bytes, 0, bytes.length, 0);
  fs.closeSync(descriptor);
  const [loader = ""] = /\/lib[\w/.-]*\/ld-[\w.-]+/.exec(bytes.toString("latin1")) ?? [];
  return { machine: MACHINES[bytes.readUInt16LE(18)], loader };
}
