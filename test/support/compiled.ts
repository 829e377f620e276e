import * as fs from "node:fs";
import * as path from "node:path";

const ROOT = path.join(import.meta.dirname, "../..");
const CACHE = path.join(ROOT, ".cache/compiled");
/** Everything that goes into the executable. */
const SOURCES = ["src", "native", "package.json", "bun.lock", "tools/build.ts"];

const ATTEMPTS = 5;
/** Executables are large and each change of a source makes another one. Younger ones may be in use. */
const KEPT = 3;
const IN_USE_MS = 30 * 60_000;

let building: Promise<string> | undefined;

/**
 * Path of the stock executable made from the sources as they are. It is built when it is not there yet, by
 * one process at a time, and kept for later runs: do not change the file, and give it a copy of its own
 * name if the name matters.
 */
export function compiledWca(): Promise<string> {
  building ??= build();
  return building;
}

async function build(): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const key = keyOfSources();
    const folder = path.join(CACHE, key);
    await buildInto(folder);
    const now = new Date();
    fs.utimesSync(folder, now, now);
    prune();
    // Somebody may write a source meanwhile: then it is not what its key says.
    if (keyOfSources() === key) return path.join(folder, "wca");
    fs.rmSync(folder, { recursive: true, force: true });
    if (attempt === ATTEMPTS) throw new Error("Cannot build the executable: its sources do not rest");
  }
}

/** In a folder that gets its name when it is complete, under a lock that ends with its process. */
async function buildInto(folder: string): Promise<void> {
  const finished = path.join(folder, "wca");
  if (fs.existsSync(finished)) return;
  fs.mkdirSync(CACHE, { recursive: true });
  const work = fs.mkdtempSync(path.join(CACHE, "unfinished-"));
  try {
    const script =
      'test -e "$2/wca" || { "$0" tools/build.ts --target native --outfile "$1/wca" && mv -T "$1" "$2"; }';
    const command = ["flock", path.join(CACHE, "lock"), "sh", "-c", script, process.execPath, work, folder];
    const builder = Bun.spawn(command, { cwd: ROOT, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    const [output, errors] = await Promise.all([
      new Response(builder.stdout).text(),
      new Response(builder.stderr).text(),
    ]);
    if ((await builder.exited) !== 0) throw new Error(`Cannot build the executable: ${errors}${output}`);
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

/** A hash over names and contents. */
function keyOfSources(): string {
  const hasher = new Bun.CryptoHasher("sha256").update(Bun.version);
  for (const source of SOURCES) {
    for (const file of filesOf(path.join(ROOT, source)))
      hasher.update(`\0${path.relative(ROOT, file)}\0`).update(fs.readFileSync(file));
  }
  return hasher.digest("hex").slice(0, 32);
}

function filesOf(source: string): readonly string[] {
  if (fs.statSync(source).isFile()) return [source];
  const entries = fs.readdirSync(source, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

function prune(): void {
  const folders = fs
    .readdirSync(CACHE, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => path.join(CACHE, entry.name))
    .map((folder) => ({ folder, usedMs: fs.statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.usedMs - a.usedMs);
  for (const { folder, usedMs } of folders.slice(KEPT)) {
    if (Date.now() - usedMs > IN_USE_MS) fs.rmSync(folder, { recursive: true, force: true });
  }
}
