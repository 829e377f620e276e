import type { Host } from "../../model/host.ts";
import { Census } from "./census.ts";
import { CgroupChildren, type Children, type ControlFileNames } from "./children.ts";
import { type CgroupDirectory, findDirectory, mountsOf } from "./directory.ts";
import { type CgroupLayout, taskHierarchies } from "./layout.ts";
import { Occupancy } from "./occupancy.ts";

/** What all branches of a tree share. */
interface Ground {
  readonly host: Host;
  readonly layout: CgroupLayout;
  readonly files: ControlFileNames;
  readonly enters: (path: string) => boolean;
  /** Cgroups may have been made since the last walk: look at every link count. */
  looks: boolean;
  /** A known cgroup was found gone. */
  lost: boolean;
  /** A branch came or went. */
  changed: boolean;
}

export interface TreeOptions {
  /** Whether to walk below this cgroup. Default: always. */
  readonly enters?: (path: string) => boolean;
}

/** One cgroup as long as it lives; a cgroup of the same name made later is another branch. */
export class CgroupBranch {
  readonly path: string;
  readonly identity: number;
  readonly depth: number;
  readonly #ground: Ground;
  readonly #directory: CgroupDirectory;
  readonly #children: CgroupChildren | undefined;
  readonly #occupancy: Occupancy;
  readonly #branches = new Map<string, CgroupBranch>();
  #mounts: readonly string[];
  #known: Children | undefined;
  /** A sub-cgroup was listed but gone when it was looked at, or there are new mounts: list again. */
  #missed = false;
  #occupied = false;
  #populated = false;

  constructor(
    ground: Ground,
    directory: CgroupDirectory,
    { mounts, depth }: { mounts: readonly string[]; depth: number },
  ) {
    this.#ground = ground;
    this.#directory = directory;
    this.#mounts = mounts;
    this.path = directory.path;
    this.identity = directory.identity;
    this.depth = depth;
    const { host, layout, files, enters } = ground;
    this.#children = enters(this.path) ? new CgroupChildren(host, this.path, files) : undefined;
    this.#occupancy = new Occupancy(host, layout, this.path);
  }

  /** Holds processes itself. */
  get occupied(): boolean {
    return this.#occupied;
  }

  /** Holds processes, itself or anywhere below. */
  get populated(): boolean {
    return this.#populated;
  }

  get isLeaf(): boolean {
    return this.#branches.size === 0;
  }

  /** The directory with the identity is still in the first of these hierarchies. */
  isIn(mounts: readonly string[]): boolean {
    return mounts[0] === this.#directory.mount;
  }

  moveTo(mounts: readonly string[]): void {
    this.#mounts = mounts;
    this.#missed = true;
  }

  /** Looks at the cgroup and all below it; false when it is gone. */
  visit(): boolean {
    if (!this.#directory.alive()) return false;
    if (this.#children !== undefined) this.#visitBelow(this.#children);
    // The processes of the root are of no interest, and there may be thousands.
    this.#occupied = this.depth > 0 && this.#occupancy.holdsProcesses(this.#mounts);
    this.#populated = this.#occupied;
    for (const branch of this.#branches.values()) this.#populated ||= branch.populated;
    return true;
  }

  collect(into: CgroupBranch[]): void {
    into.push(this);
    for (const branch of this.#branches.values()) branch.collect(into);
  }

  close(): void {
    this.#directory.close();
    this.#occupancy.close();
    for (const branch of this.#branches.values()) branch.close();
    this.#branches.clear();
  }

  #visitBelow(children: CgroupChildren): void {
    let lost = this.#missed;
    this.#missed = false;
    for (const [name, branch] of this.#branches) {
      if (branch.visit()) continue;
      lost = true;
      this.#remove(name, branch);
    }
    if (lost) this.#ground.lost = true;
    else if (this.#known !== undefined && !this.#ground.looks) return;
    const known = children.list(this.#mounts, lost);
    if (known !== this.#known) {
      this.#known = known;
      this.#grow(known);
    }
  }

  #grow(children: Children): void {
    for (const [name, branch] of this.#branches) {
      const mounts = children.get(name);
      if (mounts !== undefined && branch.isIn(mounts)) branch.moveTo(mounts);
      else this.#remove(name, branch);
    }
    for (const [name, mounts] of children) {
      if (!this.#branches.has(name)) this.#add(name, mounts);
    }
  }

  #add(name: string, mounts: readonly string[]): void {
    const directory = findDirectory(this.#ground.host, mounts, `${this.path}/${name}`);
    const branch = directory && new CgroupBranch(this.#ground, directory, { mounts, depth: this.depth + 1 });
    if (branch === undefined || !branch.visit()) {
      branch?.close();
      this.#missed = true;
      return;
    }
    this.#branches.set(name, branch);
    this.#ground.changed = true;
  }

  #remove(name: string, branch: CgroupBranch): void {
    branch.close();
    this.#branches.delete(name);
    this.#ground.changed = true;
  }
}

/** The cgroups below one root in the union of the task hierarchies, followed from round to round. */
export class CgroupTree {
  readonly #ground: Ground;
  readonly #mounts: readonly string[];
  readonly #rootPath: string;
  #root: CgroupBranch | undefined;
  #rootMounts: readonly string[] = [];
  #branches: readonly CgroupBranch[] = [];
  /** Where all cgroups are known and can be counted. */
  readonly #census: Census | undefined;
  #count: number | undefined;

  /** `rootPath` is empty for the root of the hierarchies. */
  constructor(host: Host, layout: CgroupLayout, rootPath: string, options: TreeOptions = {}) {
    const { enters = () => true } = options;
    this.#ground = { host, layout, enters, files: new Map(), looks: true, lost: false, changed: false };
    const { version, v2 } = layout;
    const countable = version === "v2" && v2 !== undefined && options.enters === undefined;
    this.#census = countable ? new Census(host, v2, rootPath) : undefined;
    this.#mounts = taskHierarchies(layout);
    this.#rootPath = rootPath;
  }

  /** The root was there at the last walk. */
  get found(): boolean {
    return this.#root !== undefined;
  }

  /** All cgroups but the root, sorted by path; the same array when none came or went. */
  walk(): readonly CgroupBranch[] {
    const ground = this.#ground;
    const count = this.#census?.count();
    ground.changed = false;
    ground.lost = false;
    ground.looks = count === undefined || count !== this.#count;
    this.#count = count;
    this.#visitRoot();
    if (ground.lost && !ground.looks) {
      // Another one may have been made elsewhere instead of the one that is gone.
      ground.looks = true;
      this.#visitRoot();
    }
    if (!ground.changed) return this.#branches;
    const branches: CgroupBranch[] = [];
    this.#root?.collect(branches);
    this.#branches = branches.slice(1).sort((a, b) => (a.path < b.path ? -1 : 1));
    return this.#branches;
  }

  close(): void {
    this.#root?.close();
    this.#census?.close();
    this.#root = undefined;
    this.#count = undefined;
    this.#branches = [];
  }

  #visitRoot(): void {
    const mounts = mountsOf(this.#ground.host, this.#mounts, this.#rootPath);
    if (mounts.join() !== this.#rootMounts.join()) {
      this.#rootMounts = mounts;
      if (this.#root?.isIn(mounts)) this.#root.moveTo(mounts);
    }
    if (this.#root?.isIn(mounts) && this.#root.visit()) return;
    this.#root?.close();
    this.#root = undefined;
    this.#ground.changed = true;
    const directory = findDirectory(this.#ground.host, mounts, this.#rootPath);
    if (directory === undefined) return;
    this.#root = new CgroupBranch(this.#ground, directory, { mounts: this.#rootMounts, depth: 0 });
    if (!this.#root.visit()) this.close();
  }
}
