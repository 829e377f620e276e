import * as fs from "node:fs";
import * as path from "node:path";
import { debianTree } from "../../tools/debian.ts";

const SOURCES = path.join(import.meta.dirname, "src");
const CACHE = path.join(import.meta.dirname, "../../.cache/resctrl-sim");

const WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wstrict-prototypes"];
const FLAGS = ["-std=c11", "-O2", "-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64", ...WARNINGS];
/** The linker warns of dlopen() in a static program: libfuse calls it for modules, of which there are none. */
const LINK = ["-static", "-pthread"];

export interface BuildOptions {
  /** Folder of what was built. Default: `.cache/resctrl-sim` of this repository. */
  readonly cache?: string;
}

/** Whether the simulator can be built here: throws the reason if it cannot. */
export function needCompiler(): string {
  const compiler = Bun.which("cc");
  if (compiler === null) throw new Error("no C compiler: no cc on PATH");
  return compiler;
}

/**
 * Path of the simulator's program, built if its sources are not those of an earlier build. It is one
 * static file, so that it runs in a virtual machine as well.
 */
export async function buildResctrlSim({ cache = CACHE }: BuildOptions = {}): Promise<string> {
  const compiler = needCompiler();
  const names = fs.readdirSync(SOURCES).sort();
  const hash = new Bun.CryptoHasher("sha256").update(JSON.stringify([FLAGS, LINK]));
  for (const name of names) hash.update(name).update(fs.readFileSync(path.join(SOURCES, name)));
  const program = path.join(cache, hash.digest("hex").slice(0, 16));
  if (fs.existsSync(program)) return program;
  const library = await debianTree({ package: "libfuse3-dev" });
  fs.mkdirSync(cache, { recursive: true });
  // Two test processes may build at once: each under its own name, the rename of the later one wins.
  const fresh = `${program}.${process.pid}.${Bun.nanoseconds()}`;
  const units = names.filter((name) => name.endsWith(".c")).map((name) => path.join(SOURCES, name));
  const [archive] = new Bun.Glob("usr/lib/*/libfuse3.a").scanSync({ cwd: library, absolute: true });
  if (archive === undefined) throw new Error(`Cannot find "libfuse3.a" in "${library}"`);
  const include = ["-isystem", path.join(library, "usr/include/fuse3")];
  await compile([compiler, ...FLAGS, ...include, "-o", fresh, ...units, archive, ...LINK]);
  fs.renameSync(fresh, program);
  return program;
}

async function compile(command: readonly string[]): Promise<void> {
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const complaint = await child.stderr.text();
  const status = await child.exited;
  if (status !== 0)
    throw new Error(`Cannot build the simulated resctrl: exit status ${status}\n${complaint}`);
}
