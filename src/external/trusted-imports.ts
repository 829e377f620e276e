import { statSync } from "node:fs";
import { isBuiltin } from "node:module";
import * as path from "node:path";
import { readTrustedBytes } from "../config/trusted-file.ts";
import { ConfigError } from "../model/errors.ts";
import { realPath } from "./real-path.ts";
import { WCA_MODULE } from "./wca-module.ts";

/** How a file is parsed for its imports; others are checked and not parsed. */
const LOADERS: Readonly<Record<string, "ts" | "tsx" | "js" | "jsx">> = {
  ".ts": "ts",
  ".mts": "ts",
  ".cts": "ts",
  ".tsx": "tsx",
  ".js": "js",
  ".mjs": "js",
  ".cjs": "js",
  ".jsx": "jsx",
};

/** More than any component has: whoever comes here has imported something by mistake. */
const MAX_FILES = 20_000;
const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
/** Whoever can write the folder can take away only what is his own. */
const STICKY = 0o1000;

/**
 * The file and everything that it imports, packages too: text by real path. Throws a `ConfigError` when
 * somebody else than us or root can change one of them. What cannot be found or parsed is left to the import
 * itself, and so are imports of computed names.
 */
export function readTrustedImports(entry: string, uid: number): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  const folders = new Set<string>();
  const waiting = [entry];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    const bytes = readTrustedBytes(file, { uid: isPackaged(file) ? ownerOf(file) : uid });
    const real = realPath(file);
    if (texts.has(real)) continue;
    for (const place of [path.dirname(file), path.dirname(real)]) checkFolders(place, { uid, folders });
    if (texts.size === MAX_FILES) throw fault(entry, `imports more than ${MAX_FILES} files`);
    const text = new TextDecoder().decode(bytes);
    texts.set(real, text);
    waiting.push(...importedBy(real, text));
  }
  return texts;
}

/**
 * Files of packages have the owner's number that their packer had: some package managers keep it. Their
 * folders are ours all the same, so nobody else can have put them there.
 */
function isPackaged(file: string): boolean {
  return file.includes("/node_modules/");
}

function ownerOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.uid ?? 0;
}

function importedBy(file: string, text: string): readonly string[] {
  const loader = LOADERS[path.extname(file)];
  if (loader === undefined) return [];
  return specifiersIn(text, loader)
    .filter((specifier) => specifier !== WCA_MODULE && !isBuiltin(specifier))
    .map((specifier) => resolved(specifier, file))
    .filter((found) => found !== undefined);
}

function specifiersIn(text: string, loader: "ts" | "tsx" | "js" | "jsx"): readonly string[] {
  try {
    return new Bun.Transpiler({ loader }).scanImports(text).map((found) => found.path);
  } catch {
    // A syntax error, which the import tells better.
    return [];
  }
}

/** Nothing when there is no such file, or when it is a module of the program. */
function resolved(specifier: string, importer: string): string | undefined {
  try {
    const found = Bun.resolveSync(specifier, path.dirname(importer));
    return path.isAbsolute(found) && !found.startsWith("/$bunfs/") ? found : undefined;
  } catch {
    return undefined;
  }
}

interface FolderCheck {
  readonly uid: number;
  /** Those already found to be fine. */
  readonly folders: Set<string>;
}

/** Throws a `ConfigError` when somebody else than us or root can put another file in the place of this one. */
export function checkTrustedFolders(file: string, uid: number): void {
  const folders = new Set<string>();
  for (const place of [path.dirname(file), path.dirname(realPath(file))])
    checkFolders(place, { uid, folders });
}

/** Whoever can write a folder on the way to a file can put another file in its place. */
function checkFolders(folder: string, { uid, folders }: FolderCheck): void {
  for (let current = realPath(folder); !folders.has(current); current = path.dirname(current)) {
    const { mode, uid: owner, gid } = statSync(current);
    if (owner !== uid && owner !== 0) {
      throw fault(
        current,
        `saw a folder of owner ${owner}, wanted the user ${uid} that runs the agent, or root`,
      );
    }
    const byGroup = (mode & GROUP_WRITES) !== 0 && gid !== 0;
    if ((byGroup || (mode & OTHERS_WRITE) !== 0) && (mode & STICKY) === 0) {
      throw fault(current, `saw a folder that others can write: chmod go-w ${current}`);
    }
    folders.add(current);
  }
}

function fault(at: string, message: string): ConfigError {
  return new ConfigError([{ at, path: "", message }]);
}
