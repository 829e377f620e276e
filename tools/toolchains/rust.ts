import { cp, mkdir, mkdtemp, readdir, rename, rm, symlink } from "node:fs/promises";
import { join, relative } from "node:path";
import { debianTree, LIBRARIES, libraryFolders } from "../debian.ts";
import { lock } from "../lock.ts";
import { HOST_TOOLCHAIN, type Toolchain } from "./toolchain.ts";
import { wrapper } from "./wrapper.ts";

const CACHE = join(import.meta.dir, "../../.cache");
const TARGET = "wasm32-unknown-unknown";
/** Of the Rust that Debian 12 builds its browsers with. It grows with them. */
const LEAST_VERSION = "1.96";

/**
 * Rust for wasm32-unknown-unknown. The host's when it has that target, or else Debian's compiler, unpacked below
 * `.cache`, with a standard library that is built once: that takes about a minute. Throws why neither is possible.
 */
export async function rustToolchain(
  options: { readonly cache?: string; readonly useHost?: boolean } = {},
): Promise<Toolchain> {
  const { cache = CACHE, useHost = true } = options;
  if (useHost && (await hostHasTarget())) return HOST_TOOLCHAIN;
  if (Bun.which("cc") === null) {
    throw new Error("Cannot run Rust: no cc on PATH, which links what cargo runs, install gcc and libc6-dev");
  }
  const debian = join(cache, "debian");
  const tree = await debianTree({
    package: "cargo-web",
    dependencies: new RegExp(`^rustc-web$|${LIBRARIES.source}`),
    least: LEAST_VERSION,
    cache: debian,
  });
  const llvm = llvmOf(tree);
  const lld = await debianTree({ package: `lld-${llvm}`, cache: debian });
  const rust = join(cache, "rust");
  await mkdir(rust, { recursive: true });
  const bin = join(rust, "bin");
  const sysroot = join(rust, "sysroot");
  await wrappers({ bin, tree, sysroot });
  const toolchain: Toolchain = {
    folders: [bin],
    env: { [linkerVariable()]: join(lld, `usr/lib/llvm-${llvm}/bin/wasm-ld`) },
  };
  if (!(await isThere(sysroot))) {
    await using _ = await lock(join(rust, "lock"));
    if (!(await isThere(sysroot))) await buildSysroot({ rust, tree, sysroot, toolchain });
  }
  return toolchain;
}

async function hostHasTarget(): Promise<boolean> {
  if (Bun.which("cargo") === null || Bun.which("rustc") === null) return false;
  const { exitCode, stdout } = Bun.spawnSync(["rustc", "--print", "target-libdir", "--target", TARGET], {
    stderr: "ignore",
  });
  const folder = stdout.toString().trim();
  return exitCode === 0 && (await readdir(folder).catch(() => [])).some((file) => file.startsWith("libstd-"));
}

function linkerVariable(): string {
  return `CARGO_TARGET_${TARGET.toUpperCase().replaceAll("-", "_")}_LINKER`;
}

/** Version of the LLVM that came with rustc: objects are best linked by the same. */
function llvmOf(tree: string): string {
  const [library = ""] = libraryFolders(tree).flatMap((cwd) => [
    ...new Bun.Glob("libLLVM.so.*").scanSync({ cwd, onlyFiles: false }),
  ]);
  return /^libLLVM\.so\.(\d+)/.exec(library)?.[1] ?? "";
}

/** The source that rustc was built from. */
async function sourceOf(tree: string, cache: string): Promise<string> {
  const env = { LD_LIBRARY_PATH: libraryFolders(tree).join(":") };
  const { stdout } = Bun.spawnSync([join(tree, "usr/bin/rustc"), "--version"], { env });
  const version = /^rustc (\S+)/.exec(stdout.toString())?.[1] ?? "";
  const sources = join(await debianTree({ package: "rust-web-src", least: version, cache }), "usr/src");
  const folder = join(sources, `rustc-${version}`);
  if (await isThere(folder)) return folder;
  const seen = (await readdir(sources)).join(", ");
  throw new Error(`Cannot build Rust's std for ${TARGET}: saw ${seen}, wanted rustc-${version}`);
}

/** The linker is started by rustc, and so finds LLVM among rustc's libraries. */
async function wrappers({
  bin,
  tree,
  sysroot,
}: {
  readonly bin: string;
  readonly tree: string;
  readonly sysroot: string;
}): Promise<void> {
  const libraries = [tree];
  for (const program of ["rustc", "rustdoc"]) {
    const args = ["--sysroot", sysroot];
    await wrapper(join(bin, program), join(tree, "usr/bin", program), { libraries, args });
  }
  const env = { RUSTC: join(bin, "rustc"), RUSTDOC: join(bin, "rustdoc") };
  await wrapper(join(bin, "cargo"), join(tree, "usr/bin/cargo"), { libraries, env });
}

/**
 * Debian has no standard library for the target, but its source with all that it needs. It is built where it
 * belongs in the end, as the wrappers say, and only taken for finished once its last folder is there.
 */
async function buildSysroot({
  rust,
  tree,
  sysroot,
  toolchain,
}: {
  readonly rust: string;
  readonly tree: string;
  readonly sysroot: string;
  readonly toolchain: Toolchain;
}): Promise<void> {
  const work = await mkdtemp(join(rust, ".building-"));
  try {
    const source = await sourceOf(tree, work);
    const unfinished = join(work, "sysroot/lib/rustlib");
    await mkdir(join(unfinished, "src"), { recursive: true });
    const hosts = (await readdir(join(tree, "usr/lib/rustlib"))).filter((name) => name !== "src");
    for (const host of hosts) await symlink(join(tree, "usr/lib/rustlib", host), join(unfinished, host));
    await symlink(source, join(unfinished, "src/rust"));
    await wrappers({ bin: join(work, "bin"), tree, sysroot: join(work, "sysroot") });
    const libraries = await buildStd({ work, vendor: join(source, "library/vendor"), toolchain });
    const target = join(unfinished, TARGET, "lib");
    await mkdir(target, { recursive: true });
    for (const file of await readdir(libraries)) {
      if (file.endsWith(".rlib") && !file.startsWith("libnothing-")) {
        await cp(join(libraries, file), join(target, file));
      }
    }
    await rm(join(unfinished, "src"), { recursive: true });
    // Relative to where it will be, as a cache may be moved or shared.
    const here = join(sysroot, "lib/rustlib");
    for (const host of hosts) {
      await rm(join(unfinished, host));
      await symlink(relative(here, join(tree, "usr/lib/rustlib", host)), join(unfinished, host));
    }
    await rename(join(work, "sysroot"), sysroot);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Along with an empty crate, as cargo builds it for others only. Answers the folder with the libraries. */
async function buildStd({
  work,
  vendor,
  toolchain,
}: {
  readonly work: string;
  readonly vendor: string;
  readonly toolchain: Toolchain;
}): Promise<string> {
  const manifest = `[package]\nname = "nothing"\nversion = "0.0.0"\nedition = "2021"\n[lib]\npath = "lib.rs"\n`;
  await Bun.write(join(work, "nothing/Cargo.toml"), manifest);
  await Bun.write(join(work, "nothing/lib.rs"), "");
  const command = [
    join(work, "bin/cargo"),
    "build",
    "--release",
    "--offline",
    `--target=${TARGET}`,
    "-Zbuild-std=std,panic_abort",
    `--config=source.crates-io.replace-with="vendor"`,
    `--config=source.vendor.directory="${vendor}"`,
  ];
  const child = Bun.spawn(command, {
    cwd: join(work, "nothing"),
    env: {
      ...process.env,
      ...toolchain.env,
      CARGO_HOME: join(work, "home"),
      CARGO_TARGET_DIR: join(work, "target"),
      // -Z is for nightly compilers otherwise.
      RUSTC_BOOTSTRAP: "1",
      // So that plugins can be optimized together with it.
      RUSTFLAGS: "-Cembed-bitcode=yes",
    },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const [complaint, status] = await Promise.all([child.stderr.text(), child.exited]);
  if (status !== 0)
    throw new Error(`Cannot build Rust's std for ${TARGET}: exit status ${status}, ${complaint}`);
  return join(work, "target", TARGET, "release/deps");
}

async function isThere(folder: string): Promise<boolean> {
  return readdir(folder).then(
    () => true,
    () => false,
  );
}
