import { KernelError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import { isRemoval } from "./directory.ts";

/** Names of entries that were found to be files, by mount: they are files in every cgroup of it. */
export type ControlFileNames = Map<string, Set<string>>;

/** Sub-cgroup → mount points in which it exists, in the order of the hierarchies. Sorted by name. */
export type Children = ReadonlyMap<string, readonly string[]>;

const NONE: Children = new Map();

/** What is known of the directory in one hierarchy. */
interface Listing {
  /** Sub-directories by the link count; nothing while the directory is not there. */
  count: number | undefined;
  names: readonly string[];
}

/**
 * The sub-cgroups of one cgroup in all hierarchies. A directory is listed again only when its link count
 * changed or when the caller found a sub-cgroup gone (another may have come in its place).
 */
export class CgroupChildren {
  readonly #host: Host;
  readonly #path: string;
  readonly #files: ControlFileNames;
  readonly #listings = new Map<string, Listing>();
  #children: Children = NONE;
  #mounts: readonly string[] = [];
  #found = false;

  constructor(host: Host, path: string, files: ControlFileNames) {
    this.#host = host;
    this.#path = path;
    this.#files = files;
  }

  /** False when no hierarchy had the directory at the last look. */
  get found(): boolean {
    return this.#found;
  }

  /** The same map as before when nothing changed. */
  list(mounts: readonly string[], relist: boolean): Children {
    let changed = mounts !== this.#mounts;
    this.#mounts = mounts;
    this.#found = false;
    for (const mount of mounts) {
      if (this.#look(mount, relist)) changed = true;
    }
    if (changed) this.#children = this.#union();
    return this.#children;
  }

  /** True when the names may have changed. */
  #look(mount: string, relist: boolean): boolean {
    const listing = this.#listingOf(mount);
    const count = this.#count(mount);
    if (count !== undefined) this.#found = true;
    // A file system that does not count sub-directories (btrfs) says -1: nothing can be concluded from it.
    if (count === listing.count && count !== -1 && !(relist && count !== 0)) return false;
    listing.count = count;
    listing.names = count === undefined || count === 0 ? [] : this.#subdirectories(mount);
    return true;
  }

  #listingOf(mount: string): Listing {
    const known = this.#listings.get(mount);
    if (known !== undefined) return known;
    const listing: Listing = { count: undefined, names: [] };
    this.#listings.set(mount, listing);
    return listing;
  }

  #count(mount: string): number | undefined {
    try {
      return this.#host.subdirectories(mount + this.#path);
    } catch (error) {
      if (isRemoval(error)) return undefined;
      throw error;
    }
  }

  #subdirectories(mount: string): readonly string[] {
    const directory = mount + this.#path;
    try {
      return this.#host
        .list(directory)
        .filter((name) => this.#isDirectory(mount, `${directory}/${name}`, name));
    } catch (error) {
      if (isRemoval(error)) return [];
      throw error;
    }
  }

  #isDirectory(mount: string, path: string, name: string): boolean {
    const files = this.#files.get(mount) ?? new Set();
    this.#files.set(mount, files);
    if (files.has(name)) return false;
    try {
      if (this.#host.subdirectories(path) >= 0) return true;
      this.#host.list(path);
      return true;
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      if (error.code === "ENOTDIR") files.add(name);
      return false;
    }
  }

  #union(): Children {
    const union = new Map<string, string[]>();
    for (const mount of this.#mounts) {
      for (const name of this.#listings.get(mount)?.names ?? []) {
        const mounts = union.get(name);
        if (mounts === undefined) union.set(name, [mount]);
        else mounts.push(mount);
      }
    }
    return new Map([...union].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
