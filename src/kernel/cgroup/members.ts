import { KernelError, TaskGone } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import { CgroupChildren, type ControlFileNames } from "./children.ts";
import { isRemoval } from "./directory.ts";
import { type CgroupLayout, taskHierarchies } from "./layout.ts";

/** File with the threads: the v1 name, then that of v2. Processes have the same name in both. */
const THREADS = { v1: "tasks", v2: "cgroup.threads" } as const;

/** Whether a sub-cgroup is left out with all below it, because it is a task of its own. */
export type IsOther = (cgroupPath: string) => boolean;

/**
 * Threads and processes of cgroups with all that is below them. The files are opened at each reading:
 * v1 answers a kept descriptor from a list that may be a second old.
 */
export class CgroupMembers {
  readonly #host: Host;
  readonly #v2: string | undefined;
  readonly #mounts: readonly string[];
  readonly #files: ControlFileNames = new Map();
  /** By mount and path; pruned with {@link forget}. */
  readonly #children = new Map<string, CgroupChildren>();

  constructor(host: Host, layout: CgroupLayout) {
    this.#host = host;
    this.#v2 = layout.v2;
    this.#mounts = taskHierarchies(layout);
  }

  /** Thread ids. Throws {@link TaskGone} when no hierarchy has the cgroup. */
  threads(cgroupPath: string, isOther?: IsOther): readonly number[] {
    return this.#members(cgroupPath, (mount) => (mount === this.#v2 ? THREADS.v2 : THREADS.v1), isOther);
  }

  /** Process ids. Throws {@link TaskGone} when no hierarchy has the cgroup. */
  processes(cgroupPath: string, isOther?: IsOther): readonly number[] {
    return this.#members(cgroupPath, () => "cgroup.procs", isOther);
  }

  /** Forgets what is known of a cgroup that is gone, and of those below it. */
  forget(cgroupPath: string): void {
    for (const mount of this.#mounts) {
      for (const key of [...this.#children.keys()]) {
        if (key === mount + cgroupPath || key.startsWith(`${mount}${cgroupPath}/`))
          this.#children.delete(key);
      }
    }
  }

  #members(cgroupPath: string, fileOf: (mount: string) => string, isOther: IsOther = () => false) {
    let found = false;
    for (const mount of this.#mounts) {
      const members: number[] = [];
      if (!this.#collect({ mount, file: fileOf(mount), isOther, members }, cgroupPath)) continue;
      // A hybrid host may have the directory in one hierarchy and its processes in another.
      if (members.length > 0) return members;
      found = true;
    }
    if (!found) throw new TaskGone(`Cannot list processes of "${cgroupPath}": no hierarchy has the cgroup`);
    return [];
  }

  /** False when the cgroup is not there. */
  #collect(
    walk: {
      readonly mount: string;
      readonly file: string;
      readonly isOther: IsOther;
      readonly members: number[];
    },
    path: string,
  ): boolean {
    const { mount, file, isOther, members } = walk;
    try {
      for (const line of this.#host.read(`${mount}${path}/${file}`).split("\n")) {
        if (line !== "") members.push(Number(line));
      }
    } catch (error) {
      if (isRemoval(error)) return false;
      // A threaded cgroup does not tell its processes: they are those of the domain above it.
      if (!isThreaded(error)) throw error;
    }
    for (const child of this.#childrenOf(mount, path)) {
      const childPath = `${path === "/" ? "" : path}/${child}`;
      if (!isOther(childPath)) this.#collect(walk, childPath);
    }
    return true;
  }

  #childrenOf(mount: string, path: string): Iterable<string> {
    const key = mount + path;
    let children = this.#children.get(key);
    if (children === undefined) {
      children = new CgroupChildren(this.#host, path, this.#files);
      this.#children.set(key, children);
    }
    return children.list([mount], false).keys();
  }
}

function isThreaded(error: unknown): boolean {
  return error instanceof KernelError && (error.code === "EOPNOTSUPP" || error.code === "ENOTSUP");
}
