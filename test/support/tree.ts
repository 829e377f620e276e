import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { type HostOptions, KernelHost } from "../../src/kernel/host.ts";

/** A machine laid out as a literal: path (without the leading slash) → content. A trailing slash makes a directory. */
export interface Tree extends Disposable {
  readonly root: string;
  readonly host: KernelHost;
  write(file: string, content: string | Uint8Array): void;
  remove(file: string): void;
}

/** Makes the files below a temporary directory; `using` removes them at the end of the scope. */
export function tempTree(
  files: Readonly<Record<string, string | Uint8Array>>,
  options: Omit<HostOptions, "root"> = {},
): Tree {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "wca-tree-"));
  function write(file: string, content: string | Uint8Array): void {
    const target = path.join(root, file);
    if (file.endsWith("/")) {
      fs.mkdirSync(target, { recursive: true });
      return;
    }
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, content);
  }
  for (const [file, content] of Object.entries(files)) write(file, content);
  return {
    root,
    host: new KernelHost({ root, hostname: "test-host", ...options }),
    write,
    remove: (file) => fs.rmSync(path.join(root, file), { recursive: true, force: true }),
    [Symbol.dispose]: () => fs.rmSync(root, { recursive: true, force: true }),
  };
}
