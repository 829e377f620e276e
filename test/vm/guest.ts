import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { debianProgram, debianTree } from "../../tools/debian.ts";

const CACHE = join(import.meta.dir, "../../.cache/vm");
const INIT = join(import.meta.dir, "init.sh");

/** Debian's kernels, and their modules in the order they are loaded: the packages have no list of dependencies. */
const KERNELS = {
  "6.1": {
    package: "linux-image-cloud-amd64",
    modules: [
      "virtio/virtio_ring.ko",
      "virtio/virtio.ko",
      "virtio/virtio_pci_legacy_dev.ko",
      "virtio/virtio_pci_modern_dev.ko",
      "virtio/virtio_pci.ko",
      "block/virtio_blk.ko",
    ],
  },
  // Has DAMON. The rest of virtio is built in; busybox unpacks.
  "6.12": { package: "linux-image-6.12-cloud-amd64", modules: ["block/virtio_blk.ko.xz"] },
} as const;

export type GuestKernel = keyof typeof KERNELS;

/** What a program made by `bun build --compile` is linked with, and the loader that it names. */
const LIBRARIES = ["libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1"];
const LOADER = "ld-linux-x86-64.so.2";
const LIB = "lib/x86_64-linux-gnu";

/** What qemu boots: paths on this machine. */
export interface Guest {
  readonly kernel: string;
  readonly initramfs: string;
}

/** The kernel is Debian's; the initramfs is built once per kernel and `init.sh`, in `.cache/vm/`. */
export async function guest(kernel: GuestKernel = "6.1"): Promise<Guest> {
  const { package: image, modules } = KERNELS[kernel];
  const linux = await debianTree({ package: image, dependencies: /^linux-image-\d/ });
  const name = (await readdir(join(linux, "boot"))).find((file) => file.startsWith("vmlinuz-"));
  if (name === undefined) throw new Error(`Cannot boot a guest: no vmlinuz-* in "${linux}/boot"`);
  const release = name.slice("vmlinuz-".length);
  const recipe = Bun.hash(`${await Bun.file(INIT).text()} ${await Bun.file(import.meta.path).text()}`);
  const initramfs = join(CACHE, `initramfs-${release}-${recipe.toString(36)}.cpio`);
  if (!(await Bun.file(initramfs).exists())) {
    const drivers = join(linux, "lib/modules", release, "kernel/drivers");
    await build(
      initramfs,
      modules.map((file) => join(drivers, file)),
    );
  }
  return { kernel: join(linux, "boot", name), initramfs };
}

/** Two processes may build at once: each its own file, the later rename wins. */
async function build(initramfs: string, modules: readonly string[]): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const work = await mkdtemp(join(CACHE, ".building-"));
  try {
    const root = join(work, "root");
    const busybox = await lay(root, modules);
    const cpio = Bun.spawn([busybox, "cpio", "-o", "-H", "newc", "-F", join(work, "cpio")], {
      cwd: root,
      stdin: Buffer.from(
        [...new Bun.Glob("**").scanSync({ cwd: root, onlyFiles: false, dot: true })].sort().join("\n"),
      ),
      stdout: "ignore",
      stderr: "pipe",
    });
    const complaint = await cpio.stderr.text();
    if ((await cpio.exited) !== 0) throw new Error(`Cannot build "${initramfs}": ${complaint.trim()}`);
    await rename(join(work, "cpio"), initramfs);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Returns the busybox that runs here as well. */
async function lay(root: string, modules: readonly string[]): Promise<string> {
  const [busybox = ""] = await debianProgram({ package: "busybox-static", path: "bin/busybox" });
  const libc = await debianTree({ package: "libc6" });
  const copies = [
    [busybox, "bin/busybox"],
    [INIT, "init"],
    ...[...LIBRARIES, LOADER].map((file) => [join(libc, LIB, file), join(LIB, file)] as const),
    ...modules.map((file) => [file, `modules/${moduleName(file)}.ko`] as const),
  ] as const;
  for (const [from, to] of copies) {
    await mkdir(dirname(join(root, to)), { recursive: true });
    await copyFile(from, join(root, to));
  }
  await mkdir(join(root, "lib64"));
  await symlink(`/${LIB}/${LOADER}`, join(root, "lib64", LOADER));
  await chmod(join(root, "init"), 0o755);
  await Bun.write(join(root, "modules/order"), modules.map(moduleName).join("\n"));
  return busybox;
}

function moduleName(file: string): string {
  return basename(file).replace(/[.].*/, "");
}
