import { TaskGone } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import type { ControlFileNames } from "./children.ts";
import { type CgroupLayout, taskHierarchies } from "./layout.ts";
import { type HierarchyOfMembers, type IsOther, MemberBranch, type MemberKind } from "./member-branch.ts";

/** Threads and processes of cgroups with all that is below them. */
export class CgroupMembers {
  readonly #hierarchies: readonly HierarchyOfMembers[];
  /** By cgroup path; where members were found last comes first. */
  readonly #branches = new Map<string, MemberBranch[]>();

  constructor(host: Host, layout: CgroupLayout) {
    const files: ControlFileNames = new Map();
    this.#hierarchies = taskHierarchies(layout).map((mount) => ({
      host,
      mount,
      mounts: [mount],
      version: mount === layout.v2 ? "v2" : "v1",
      files,
    }));
  }

  /** Thread ids, each once. Throws {@link TaskGone} when no hierarchy has the cgroup. */
  threads(cgroupPath: string, isOther?: IsOther): readonly number[] {
    return this.#members(cgroupPath, "threads", isOther);
  }

  /**
   * Process ids, each once. Throws {@link TaskGone} when no hierarchy has the cgroup. A threaded cgroup of
   * v2 has none: its processes are those of the domain above it.
   */
  processes(cgroupPath: string, isOther?: IsOther): readonly number[] {
    return this.#members(cgroupPath, "processes", isOther);
  }

  /** Forgets what is known of a cgroup that nobody asks for any more. One that is gone is forgotten by itself. */
  forget(cgroupPath: string): void {
    this.#branches.delete(cgroupPath);
  }

  #members(path: string, kind: MemberKind, isOther: IsOther = isNone): readonly number[] {
    const branches = this.#branchesOf(path);
    let found = false;
    for (const [index, branch] of branches.entries()) {
      const members = branch.members(kind, isOther);
      if (members === undefined) continue;
      found = true;
      // A hybrid host may have the directory in one hierarchy and its processes in another.
      if (members.length === 0) continue;
      if (index > 0) this.#branches.set(path, [branch, ...branches.filter((other) => other !== branch)]);
      return members;
    }
    if (found) return [];
    this.forget(path);
    throw new TaskGone(`Cannot list processes of "${path}": no hierarchy has the cgroup`);
  }

  #branchesOf(path: string): readonly MemberBranch[] {
    let branches = this.#branches.get(path);
    if (branches === undefined) {
      branches = this.#hierarchies.map((hierarchy) => new MemberBranch(hierarchy, path));
      this.#branches.set(path, branches);
    }
    return branches;
  }
}

function isNone(): boolean {
  return false;
}
