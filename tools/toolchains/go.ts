import { chmod, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { debianTree } from "../debian.ts";
import { lock } from "../lock.ts";
import { HOST_TOOLCHAIN, type Toolchain } from "./toolchain.ts";

const CACHE = join(import.meta.dir, "../../.cache");
/** The first that can make what WASI calls a reactor. */
const LEAST_MINOR = 24;
/** What is fetched when the host's is older; .ci/run takes the same. */
const WANTED = "1.26.7";
/** Debian 12's, good enough to fetch modules. */
const DEBIAN = "1.19";

/**
 * Go that builds for WASI. The host's if it is new enough, or else one fetched as a module, by the host's Go or by
 * one of a Debian package, unpacked below `.cache`. Throws why neither is possible.
 */
export async function goToolchain(
  options: { readonly cache?: string; readonly useHost?: boolean } = {},
): Promise<Toolchain> {
  const { cache = CACHE, useHost = true } = options;
  const host = useHost ? Bun.which("go") : null;
  if (host !== null && minorOf(host) >= LEAST_MINOR) return HOST_TOOLCHAIN;
  const root = await fetchGo(host, cache);
  return { folders: [join(root, "bin")], env: { GOTOOLCHAIN: "local", GOROOT: root } };
}

function minorOf(go: string): number {
  const { stdout } = Bun.spawnSync([go, "env", "GOVERSION"], { stderr: "ignore" });
  return Number(/^go1\.(\d+)/.exec(stdout.toString())?.[1] ?? 0);
}

/** Folder of the fetched Go. */
async function fetchGo(host: string | null, cache: string): Promise<string> {
  const arch = process.arch === "x64" ? "amd64" : process.arch;
  const name = `golang.org/toolchain@v0.0.1-go${WANTED}.linux-${arch}`;
  const modules = join(cache, "go-modules");
  const root = join(modules, name);
  if (await isComplete(root)) return root;
  if (host === null && Bun.which("apt-get") === null) {
    throw new Error(`Cannot fetch Go ${WANTED}: no apt-get on PATH to get a Go to begin with, install Go`);
  }
  await mkdir(modules, { recursive: true });
  await using _ = await lock(join(modules, "lock"));
  if (await isComplete(root)) return root;
  const work = await mkdtemp(join(modules, ".fetching-"));
  try {
    await download(name, { go: host ?? (await debianGo(work)), modules });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  // Archives of modules know no permissions.
  for (const folder of ["pkg/tool", "bin"]) {
    for (const file of await readdir(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (file.isFile()) await chmod(join(file.parentPath, file.name), 0o755);
    }
  }
  return root;
}

async function debianGo(cache: string): Promise<string> {
  const dependencies = new RegExp(`^golang-${DEBIAN}-src$`);
  const tree = await debianTree({ package: `golang-${DEBIAN}-go`, dependencies, cache });
  return join(tree, `usr/lib/go-${DEBIAN}/bin/go`);
}

async function download(
  name: string,
  { go, modules }: { readonly go: string; readonly modules: string },
): Promise<void> {
  const env = { ...process.env, GOMODCACHE: modules, GOFLAGS: "-modcacherw", GOTOOLCHAIN: "local" };
  const child = Bun.spawn([go, "mod", "download", "-json", name], {
    cwd: "/",
    env,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [answer, complaint, status] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  if (status !== 0) {
    throw new Error(`Cannot fetch "${name}": "${go}" ended with status ${status}, ${answer}${complaint}`);
  }
}

/** What is made executable last. */
async function isComplete(root: string): Promise<boolean> {
  return Bun.which(join(root, "bin/go")) !== null && Bun.which(join(root, "bin/gofmt")) !== null;
}
