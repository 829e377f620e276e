import { existsSync, statSync } from "node:fs";
import * as path from "node:path";

/** What `--register` was given, taken apart. */
export interface Spec {
  /** As the user wrote it. */
  readonly text: string;
  readonly file: string;
  /** Name of the export; absent: the default one. */
  readonly exportName?: string;
}

/** What a file with this extension is to `--register`. */
export type Kind = "script" | "wasm";

/** In the order in which they are tried behind a name. */
const KINDS: Readonly<Record<string, Kind>> = {
  ".ts": "script",
  ".mts": "script",
  ".cts": "script",
  ".js": "script",
  ".mjs": "script",
  ".cjs": "script",
  ".wasm": "wasm",
};
const TRIED = Object.keys(KINDS);

/** Where names are looked up. */
export interface Lookup {
  readonly cwd: string;
  /** Folders with a colon between them, as in `PATH`. */
  readonly searchPath: string;
}

/** Where the file of a {@link Spec} is, or why it cannot be had. */
export type Found =
  | { readonly path: string; readonly kind: Kind; readonly fault?: undefined }
  | { readonly path?: undefined; readonly fault: string };

/** `FILE:EXPORT` or `FILE`. A colon that no name follows belongs to the file. */
export function parseSpec(text: string): Spec {
  const [, file, exportName] = /^(.*):([\p{ID_Start}$_][\p{ID_Continue}$]*)$/u.exec(text) ?? [];
  return file === undefined || exportName === undefined ? { text, file: text } : { text, file, exportName };
}

/**
 * Finds the file: a path with an extension from the working directory; a name without one in the folders of
 * the search path and then in the working directory, with each extension that can be loaded.
 */
export function findFile({ file }: Spec, { cwd, searchPath }: Lookup): Found {
  if (file === "") return { fault: "saw no file, wanted FILE or FILE:CLASS" };
  const kind = KINDS[path.extname(file)];
  if (kind !== undefined) {
    const only = path.resolve(cwd, file);
    return existsSync(only) ? { path: only, kind } : { fault: `there is no file "${only}"` };
  }
  const isPlace = /^\.{0,2}\//.test(file);
  const folders = isPlace ? [cwd] : [...searchPath.split(":").filter((folder) => folder !== ""), cwd];
  const bases = [...new Set(folders.map((folder) => path.resolve(cwd, folder, file)))];
  const candidates = bases.flatMap((base) => TRIED.map((extension) => `${base}${extension}`));
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found === undefined) return { fault: notFound(file, bases) };
  return { path: found, kind: KINDS[path.extname(found)] ?? "script" };
}

function notFound(file: string, bases: readonly string[]): string {
  const known = TRIED.join(", ");
  const present = bases.find((base) => statSync(base, { throwIfNoEntry: false })?.isFile());
  if (present !== undefined) return `cannot load "${present}": wanted a file with one of ${known}`;
  const places = bases.map((base) => path.dirname(base)).join(", ");
  return `there is no "${path.basename(file)}" with one of ${known} in ${places}; other folders can be named in WCA_PATH`;
}
