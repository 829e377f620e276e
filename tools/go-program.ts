/* Go programs of our own for tests, built with the host's Go out of the modules that their go.mod pins. */
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { lock } from "./lock.ts";

const CACHE = join(import.meta.dir, "../.cache/go");

export interface GoProgramOptions {
  /** The main package: `.`, or one of a module that go.mod requires. Default: ".". */
  readonly main?: string;
  /** Build tags. Default: none. */
  readonly tags?: readonly string[];
  /** Folder of the built programs. Default: `.cache/go` of this repository. */
  readonly cache?: string;
}

/**
 * Path of the program whose `go.mod`, `go.sum` and main package are in the directory. Built only when the
 * cache has none of the same files; of several processes that want it at once one builds and the others wait.
 * Throws what the compiler said, or that there is no Go on PATH.
 */
export async function goProgram(directory: string, options: GoProgramOptions = {}): Promise<string> {
  const { main = ".", tags = [], cache = CACHE } = options;
  const source = resolve(directory);
  const program = join(cache, `${basename(source)}-${await fingerprint(source, [main, ...tags])}`);
  if (await isFile(program)) return program;
  if (Bun.which("go") === null) {
    throw new Error(`Cannot build "${source}": no go on PATH, install Go as new as its go.mod wants`);
  }
  await mkdir(cache, { recursive: true });
  await using _ = await lock(`${program}.lock`);
  if (await isFile(program)) return program;
  const unfinished = `${program}.${process.pid}.tmp`;
  try {
    await build({ source, main, tags, outfile: unfinished });
    await rename(unfinished, program);
  } finally {
    await rm(unfinished, { force: true });
  }
  return program;
}

/** Of the names and bytes of all files, how and for which machine it is built. */
async function fingerprint(source: string, how: readonly string[]): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256").update(JSON.stringify([process.platform, process.arch, how]));
  for (const file of (await readdir(source, { recursive: true })).sort()) {
    const path = join(source, file);
    if (!(await isFile(path))) continue;
    const bytes = await Bun.file(path).bytes();
    hash.update(JSON.stringify([file, bytes.length])).update(bytes);
  }
  return hash.digest("hex").slice(0, 16);
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

interface Build {
  readonly source: string;
  readonly main: string;
  readonly tags: readonly string[];
  readonly outfile: string;
}

/** Links nothing of the host's libc, and takes exactly the versions of go.mod. */
async function build({ source, main, tags, outfile }: Build): Promise<void> {
  const command = ["go", "build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-tags", tags.join(",")];
  const env = { ...process.env, CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "" };
  const child = Bun.spawn([...command, "-o", outfile, main], {
    cwd: source,
    env,
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const [complaint, status] = await Promise.all([child.stderr.text(), child.exited]);
  if (status !== 0) throw new Error(`Cannot build "${source}": exit status ${status}, ${complaint.trim()}`);
}
