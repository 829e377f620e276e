import type { Host } from "../../model/host.ts";
import { DecimalReader } from "../decimal.ts";
import { CgroupChildren, type Children, type ControlFileNames } from "./children.ts";
import { isRemoval, isThreaded } from "./directory.ts";

const FILES = {
  threads: { v1: "tasks", v2: "cgroup.threads" },
  processes: { v1: "cgroup.procs", v2: "cgroup.procs" },
} as const;

export type MemberKind = keyof typeof FILES;

/** Whether a sub-cgroup is left out with all below it, because it is a task of its own. */
export type IsOther = (cgroupPath: string) => boolean;

/** What all branches in one hierarchy share. */
export interface HierarchyOfMembers {
  readonly host: Host;
  readonly mount: string;
  /** The mount alone, always the same array: another one stands for a change. */
  readonly mounts: readonly string[];
  readonly version: "v1" | "v2";
  readonly files: ControlFileNames;
}

/** One listing of a cgroup with all below it. */
interface Walk {
  readonly file: string;
  readonly isOther: IsOther;
  readonly members: number[];
  /** How many cgroups had members. */
  occupied: number;
}

/** A cgroup in one hierarchy, and those below it as far as they are known. */
export class MemberBranch {
  readonly #hierarchy: HierarchyOfMembers;
  readonly #path: string;
  readonly #children: CgroupChildren;
  readonly #below = new Map<string, MemberBranch>();
  readonly #number = new DecimalReader();
  #listed: Children | undefined;

  constructor(hierarchy: HierarchyOfMembers, path: string) {
    this.#hierarchy = hierarchy;
    this.#path = path;
    this.#children = new CgroupChildren(hierarchy.host, path, hierarchy.files);
  }

  /** Ids of the cgroup and of all below it, each once; nothing when the hierarchy has no such cgroup. */
  members(kind: MemberKind, isOther: IsOther): readonly number[] | undefined {
    const file = FILES[kind][this.#hierarchy.version];
    const walk: Walk = { file, isOther, members: [], occupied: 0 };
    if (!this.#collect(walk)) return undefined;
    // v1 lists a process in every cgroup that has a thread of it, and a thread may move during the walk.
    return walk.occupied > 1 ? [...new Set(walk.members)] : walk.members;
  }

  /** False when the cgroup is not there. */
  #collect(walk: Walk): boolean {
    if (!this.#read(walk)) return false;
    const own = walk.members.length;
    if (this.#collectBelow(walk, false)) return true;
    // One of those that were listed is gone, so another may have come in its place.
    walk.members.length = own;
    this.#collectBelow(walk, true);
    return true;
  }

  /** False when a sub-cgroup that was listed is not there. */
  #collectBelow(walk: Walk, relist: boolean): boolean {
    let complete = true;
    for (const name of this.#list(relist)) {
      const path = `${this.#path === "/" ? "" : this.#path}/${name}`;
      if (walk.isOther(path)) continue;
      let child = this.#below.get(name);
      if (child === undefined) {
        child = new MemberBranch(this.#hierarchy, path);
        this.#below.set(name, child);
      }
      if (!child.#collect(walk)) complete = false;
    }
    return complete;
  }

  #list(relist: boolean): Iterable<string> {
    const listed = this.#children.list(this.#hierarchy.mounts, relist);
    if (listed !== this.#listed) {
      this.#listed = listed;
      for (const name of [...this.#below.keys()]) if (!listed.has(name)) this.#below.delete(name);
    }
    return listed.keys();
  }

  /** Adds the members of the cgroup itself; false when it is not there. */
  #read(walk: Walk): boolean {
    const { host, mount } = this.#hierarchy;
    const { members } = walk;
    const before = members.length;
    try {
      // Not kept open: v1 answers a kept descriptor from a list that may be a second old.
      const file = host.open(`${mount}${this.#path}/${walk.file}`, { pieces: true });
      try {
        const length = file.read();
        this.#parse(host.buffer, length, members);
      } finally {
        file.close();
      }
    } catch (error) {
      if (isRemoval(error)) return false;
      if (!isThreaded(error)) throw error;
    }
    if (members.length > before) walk.occupied++;
    return true;
  }

  #parse(bytes: Uint8Array, length: number, members: number[]): void {
    for (let at = 0; at < length; at = this.#number.end + 1) {
      const id = this.#number.read(bytes, at, length);
      // v2 writes 0 for those that the agent's own PID namespace cannot see.
      if (id > 0) members.push(id);
    }
  }
}
