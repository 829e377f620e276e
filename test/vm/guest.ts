import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { debianProgram, debianTree } from "../../tools/debian.ts";

const CACHE = join(import.meta.dir, "../../.cache/vm");
const INIT = join(import.meta.dir, "init.sh");

/** In the order they are loaded: the packaged modules have no list of dependencies. */
const MODULES = [
  "virtio/virtio_ring",
  "virtio/virtio",
  "virtio/virtio_pci_legacy_dev",
  "virtio/virtio_pci_modern_dev",
  "virtio/virtio_pci",
  "block/virtio_blk",
];

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
export async function guest(): Promise<Guest> {
  const linux = await debianTree({ package: "linux-image-cloud-amd64", dependencies: /^linux-image-\d/ });
  const name = (await readdir(join(linux, "boot"))).find((file) => file.startsWith("vmlinuz-"));
  if (name === undefined) throw new Error(`Cannot boot a guest: no vmlinuz-* in "${linux}/boot"`);
  const release = name.slice("vmlinuz-".length);
  const recipe = Bun.hash(`${await Bun.file(INIT).text()} ${await Bun.file(import.meta.path).text()}`);
  const initramfs = join(CACHE, `initramfs-${release}-${recipe.toString(36)}.cpio`);
  if (!(await Bun.file(initramfs).exists())) {
    await build(initramfs, join(linux, "lib/modules", release, "kernel/drivers"));
  }
  return { kernel: join(linux, "boot", name), initramfs };
}

/** Two processes may build at once: each its own file, the later rename wins. */
async function build(initramfs: string, drivers: string): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const work = await mkdtemp(join(CACHE, ".building-"));
  try {
    const root = join(work, "root");
    const busybox = await lay(root, drivers);
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
async function lay(root: string, drivers: string): Promise<string> {
  const [busybox = ""] = await debianProgram({ package: "busybox-static", path: "bin/busybox" });
  const libc = await debianTree({ package: "libc6" });
  const copies = [
    [busybox, "bin/busybox"],
    [INIT, "init"],
    ...[...LIBRARIES, LOADER].map((file) => [join(libc, LIB, file), join(LIB, file)] as const),
    ...MODULES.map((file) => [join(drivers, `${file}.ko`), `modules/${file.split("/").pop()}.ko`] as const),
  ] as const;
  for (const [from, to] of copies) {
    await mkdir(dirname(join(root, to)), { recursive: true });
    await copyFile(from, join(root, to));
  }
  await mkdir(join(root, "lib64"));
  await symlink(`/${LIB}/${LOADER}`, join(root, "lib64", LOADER));
  await chmod(join(root, "init"), 0o755);
  await Bun.write(join(root, "modules/order"), MODULES.map((file) => file.split("/").pop()).join("\n"));
  return busybox;
}
