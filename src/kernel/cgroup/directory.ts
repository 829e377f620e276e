import { KernelError } from "../../model/errors.ts";
import type { Host, KernelFile } from "../../model/host.ts";

/** Tiny files of every cgroup but the v2 root: of v1, and of v2. */
const PULSE_FILES = ["notify_on_release", "cgroup.max.depth"];

/** Errnos that say that a cgroup was removed: by path, and through a kept descriptor. */
const GONE: ReadonlySet<string> = new Set(["ENOENT", "ENODEV"]);

/** True when the error says that the cgroup of a path or of a kept file was removed. */
export function isRemoval(error: unknown): boolean {
  return error instanceof KernelError && GONE.has(error.code);
}

/** True when the error says that a v2 cgroup is threaded: it does not tell its processes, its domain does. */
export function isThreaded(error: unknown): boolean {
  return error instanceof KernelError && (error.code === "EOPNOTSUPP" || error.code === "ENOTSUP");
}

/** Mount points in which the cgroup exists, in the given order. */
export function mountsOf(host: Host, mounts: readonly string[], path: string): readonly string[] {
  return mounts.filter((mount) => host.identity(mount + path) !== undefined);
}

/** The directory of a cgroup in the first of the mounts that has it; nothing when none does. */
export function findDirectory(
  host: Host,
  mounts: readonly string[],
  path: string,
): CgroupDirectory | undefined {
  for (const mount of mounts) {
    const directory = openDirectory(host, mount, path);
    if (directory !== undefined) return directory;
  }
  return undefined;
}

function openDirectory(host: Host, mount: string, path: string): CgroupDirectory | undefined {
  const pulse = host.live ? keepPulse(host, mount + path) : undefined;
  const identity = host.identity(mount + path);
  if (identity === undefined) {
    pulse?.close();
    return undefined;
  }
  const directory = new CgroupDirectory(host, { mount, path, identity, pulse });
  if (directory.alive()) return directory;
  // What was opened first is gone: the cgroup was replaced in between.
  directory.close();
  return openDirectory(host, mount, path);
}

/** Opens a tiny file if its descriptor can be kept: one that is opened at each read tells nothing of identity. */
function keepPulse(host: Host, directory: string): KernelFile | undefined {
  if (host.freeDescriptors === 0) return undefined;
  for (const name of PULSE_FILES) {
    try {
      return host.open(`${directory}/${name}`);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
    }
  }
  return undefined;
}

interface Found {
  readonly mount: string;
  readonly path: string;
  readonly identity: number;
  /** Kept open; its reads fail with ENODEV once the cgroup was removed, whoever has the name then. */
  readonly pulse: KernelFile | undefined;
}

/**
 * One cgroup in one hierarchy, known by inode. Made by {@link findDirectory}. Asking whether it is alive
 * costs one read of a kept descriptor (0.5 µs), or a stat (2.5 µs) where none could be kept and on a
 * recorded machine, whose removed files stay readable.
 */
export class CgroupDirectory {
  readonly mount: string;
  /** Below the mount point, with a leading slash; empty for its root. */
  readonly path: string;
  /** Inode. */
  readonly identity: number;
  readonly #host: Host;
  #pulse: KernelFile | undefined;

  constructor(host: Host, { mount, path, identity, pulse }: Found) {
    this.#host = host;
    this.mount = mount;
    this.path = path;
    this.identity = identity;
    this.#pulse = pulse;
  }

  /** False once the cgroup was removed, also when another one has its name now. */
  alive(): boolean {
    try {
      if (this.#pulse !== undefined) {
        this.#pulse.read();
        return true;
      }
    } catch (error) {
      if (isRemoval(error)) return false;
      if (!(error instanceof KernelError)) throw error;
      this.close();
    }
    return this.#host.identity(this.mount + this.path) === this.identity;
  }

  close(): void {
    this.#pulse?.close();
    this.#pulse = undefined;
  }
}
