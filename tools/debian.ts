/*
 * Real programs out of Debian packages, for tests. Nothing is installed: apt resolves and downloads
 * with its state in `.cache/debian/`, `dpkg-deb -x` unpacks there. Neither needs root.
 */
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";

const CACHE = join(import.meta.dir, "../.cache/debian");

/**
 * Of the dependencies of a program the libraries that go along with it: not those that every Debian host has,
 * nor what is there to build C programs.
 */
export const LIBRARIES = /^lib(?!c6|c-|gcc-|crypt-|[a-z]+san\d|stdc|objc|tirpc|nsl|krb5-dev)/;

export interface DebianPackage {
  readonly package: string;
  /**
   * What is unpacked with the package: nothing else, all it depends on, or those of its dependencies
   * whose names match, which is what a meta package wants. Default: "none".
   */
  readonly dependencies?: "none" | "all" | RegExp;
  /** The oldest version that will do, as Debian compares them. Default: any. */
  readonly least?: string;
  /** Folder of the unpacked packages. Default: `.cache/debian` of this repository. */
  readonly cache?: string;
}

export interface DebianProgram extends DebianPackage {
  /** Path in the package, without the leading slash. */
  readonly path: string;
}

/** The folder in which the package's files are, as below `/`. Downloads only if it is not there yet. */
export async function debianTree(wanted: DebianPackage): Promise<string> {
  const { dependencies = "none", least = "0", cache = CACHE } = wanted;
  const tree = join(cache, treeName(wanted.package, dependencies));
  if (await isDirectory(tree)) return tree;
  for (const program of ["apt-get", "dpkg-deb"]) {
    if (Bun.which(program) === null) {
      throw new Error(
        `Cannot get Debian package "${wanted.package}": no ${program} on PATH, use a Debian host`,
      );
    }
  }
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, ".unpacking-"));
  try {
    await unpack(work, { ...wanted, dependencies, least, cache });
    await publish(join(work, "tree"), tree);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return tree;
}

/**
 * The command line that starts the program. With all dependencies it goes through the unpacked
 * loader, since another libc than the host's may have come with them.
 */
export async function debianProgram(wanted: DebianProgram): Promise<readonly string[]> {
  const tree = await debianTree(wanted);
  const program = join(tree, wanted.path);
  if (!(await Bun.file(program).exists())) {
    throw new Error(
      `Cannot find "${wanted.path}" in Debian package "${wanted.package}": "${program}" is missing`,
    );
  }
  if (wanted.dependencies !== "all") return [program];
  const folders = libraryFolders(tree);
  const [loader] = folders.flatMap((cwd) => [
    ...new Bun.Glob("ld-linux-*.so.*").scanSync({ cwd, absolute: true }),
  ]);
  if (loader === undefined) throw new Error(`Cannot start "${program}": no ld-linux-*.so.* in "${tree}"`);
  return [loader, "--library-path", folders.join(":"), program];
}

function treeName(name: string, dependencies: "none" | "all" | RegExp): string {
  if (dependencies === "none") return name;
  if (dependencies === "all") return `${name}+all`;
  return `${name}+${dependencies.source.replaceAll(/[^a-z0-9.-]/g, "_")}`;
}

async function isDirectory(path: string): Promise<boolean> {
  return readdir(path).then(
    () => true,
    () => false,
  );
}

async function unpack(work: string, wanted: Required<DebianPackage>): Promise<void> {
  const fresh = join(wanted.cache, ".apt-lists");
  const lists = (await isDirectory(fresh)) ? fresh : "/var/lib/apt/lists";
  await download(wanted, { work, lists }).catch(async () => {
    // The lists are absent, or so old that the mirror has dropped what they name.
    const complaint = await updateLists({ work, lists: fresh });
    await download(wanted, { work, lists: fresh }).catch((error: Error) => {
      throw new Error(`${error.message}${complaint}`, { cause: error });
    });
  });
  for (const archive of new Bun.Glob("*.deb").scanSync({ cwd: work, absolute: true })) {
    await run(["dpkg-deb", "-x", archive, join(work, "tree")]);
  }
}

interface AptState {
  readonly work: string;
  readonly lists: string;
}

async function download(wanted: Required<DebianPackage>, state: AptState): Promise<void> {
  const names = wanted.dependencies === "none" ? [wanted.package] : await resolve(wanted, state);
  await apt(["download", ...names], state);
  await requireVersion(wanted, state.work);
}

/** Lists that are out of date, or lack Debian's security updates, have an older one. */
async function requireVersion(
  { package: name, least }: Required<DebianPackage>,
  work: string,
): Promise<void> {
  const [archive = ""] = new Bun.Glob(`${name}_*.deb`).scanSync({ cwd: work, absolute: true });
  const version = (await run(["dpkg-deb", "--field", archive, "Version"])).trim();
  const { exitCode } = Bun.spawnSync(["dpkg", "--compare-versions", version, "ge", least]);
  if (exitCode === 0) return;
  for (const old of new Bun.Glob("*.deb").scanSync({ cwd: work, absolute: true })) await rm(old);
  throw new Error(`Cannot get Debian package "${name}": saw version ${version}, wanted ${least} or later`);
}

async function resolve(wanted: Required<DebianPackage>, state: AptState): Promise<string[]> {
  const { dependencies } = wanted;
  const answer = await apt(["install", "--no-install-recommends", "--print-uris", wanted.package], state);
  // 'http://deb.debian.org/…/b/busybox_1.35_amd64.deb' busybox_1.35_amd64.deb 928188 SHA256:…
  const names = [...answer.matchAll(/^'\S+' ([^_\s]+)_\S+\.deb /gm)].map((line) => line[1] ?? "");
  return dependencies instanceof RegExp
    ? names.filter((name) => name === wanted.package || dependencies.test(name))
    : names;
}

/**
 * The lists arrive under a private name and are renamed, as two processes may do this at once. What
 * failed is returned as text: of several sources the one that matters may be among the good ones.
 */
async function updateLists({ work, lists }: AptState): Promise<string> {
  const fresh = join(work, "lists");
  await mkdir(join(fresh, "partial"), { recursive: true });
  const complaint = await apt(["update"], { work, lists: fresh }).then(
    () => "",
    (error: Error) => `\n${error.message}`,
  );
  await rm(lists, { recursive: true, force: true });
  if ((await readdir(fresh)).some((file) => file.includes("_Packages"))) await publish(fresh, lists);
  return complaint;
}

/**
 * Read after the machine's own configuration. With an empty dpkg status nothing counts as installed, so
 * that every host gets the same closure; user `_apt` could not write here; hooks would touch the host.
 */
function aptConfig({ work, lists }: AptState): string {
  return `
    Dir::State "${work}/state";
    Dir::State::lists "${lists}";
    Dir::State::status "/dev/null";
    Dir::Cache "${work}/cache";
    APT::Sandbox::User "root";
    APT::Update::Error-Mode "any";
    Debug::NoLocking "true";
    Acquire::Retries "2";
    Acquire::http::Timeout "30";
    Acquire::https::Timeout "30";
    #clear APT::Update::Pre-Invoke;
    #clear APT::Update::Post-Invoke;
    #clear APT::Update::Post-Invoke-Success;
  `;
}

async function apt(words: readonly string[], state: AptState): Promise<string> {
  await mkdir(join(state.work, "cache/archives/partial"), { recursive: true });
  const config = join(state.work, "apt.conf");
  await Bun.write(config, aptConfig(state));
  return run(["apt-get", "-qq", ...words, "-c", config], state.work);
}

async function run(command: readonly string[], cwd = "/"): Promise<string> {
  const env = { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };
  const child = Bun.spawn([...command], { cwd, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [output, complaint, status] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  if (status === 0) return output;
  throw new Error(`Cannot run "${command.join(" ")}": exit status ${status}, ${complaint.trim()}`);
}

/** The loser of a race finds the winner's folder, which holds the same. */
async function publish(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
  }
}

/**
 * Where the loader and the libraries are: of Debian 12 in `/lib`, since Debian 13 in `/usr/lib`; a few
 * packages put theirs straight into `/usr/lib`.
 */
export function libraryFolders(tree: string): string[] {
  return ["lib/*-linux-gnu*", "usr/lib/*-linux-gnu*", "usr/lib"].flatMap((pattern) => [
    ...new Bun.Glob(pattern).scanSync({ cwd: tree, absolute: true, onlyFiles: false }),
  ]);
}
