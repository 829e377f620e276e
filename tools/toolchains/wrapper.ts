import { chmod, mkdir, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { libraryFolders } from "../debian.ts";

/** Writes a script that starts the program with these libraries, arguments and variables first. */
export async function wrapper(
  file: string,
  program: string,
  how: {
    /** Unpacked packages. */
    readonly libraries: readonly string[];
    readonly args?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  },
): Promise<void> {
  const { libraries, args = [], env = {} } = how;
  const folders = libraries.flatMap(libraryFolders);
  const variables = Object.entries({ LD_LIBRARY_PATH: folders.join(":"), ...env });
  const words = [
    ...variables.map(([name, value]) => `${name}=${quoted(value)}`),
    "exec",
    ...[program, ...args].map(quoted),
  ];
  await mkdir(dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}`;
  await Bun.write(unfinished, `#!/bin/sh\n${words.join(" ")} "$@"\n`);
  await chmod(unfinished, 0o755);
  await rename(unfinished, file);
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
