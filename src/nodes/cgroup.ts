import { z } from "zod";
import { defineComponent, type HostContext, type OptionsOf } from "../config/component.ts";
import { type CgroupBranch, CgroupTree } from "../kernel/cgroup/tree.ts";
import { Node } from "../model/roles.ts";
import type { Probing, Support } from "../model/support.ts";
import type { Task } from "../model/task.ts";
import { nameCgroup } from "./cgroup-names.ts";
import { cgroupName, cgroupPath, plainPath } from "./cgroup-path.ts";
import { probeCgroups, requireLayout } from "./cgroup-probe.ts";
import { compileGlobs } from "./glob.ts";
import { TaskList } from "./task-list.ts";

const PATTERNS = "`*` stands for text within one component, `**` for any number of components.";

/** A cgroup that the options admit, and its task once it was one. */
interface Candidate {
  readonly branch: CgroupBranch;
  task: Task | undefined;
}

/** Every cgroup that holds processes is a task: systemd units, containers, whatever there is. */
export class CgroupNode extends Node implements Probing {
  static readonly component = defineComponent("node", {
    doc: "Takes every cgroup that holds processes as a task, named after its systemd unit or container.",
    options: {
      root: cgroupPath()
        .default("/")
        .describe("The cgroup below which tasks are looked for; it is no task itself."),
      include: z
        .array(cgroupName())
        .optional()
        .describe(`Only cgroups with a path that fits one of these patterns. ${PATTERNS} Default: all.`),
      exclude: z
        .array(cgroupName())
        .prefault([])
        .describe(
          `Leave out cgroups with a path that fits one of these patterns. ${PATTERNS} What is below stays, unless the pattern ends in \`/**\`.`,
        ),
      depth: z
        .number()
        .int()
        .min(1)
        .optional()
        .describe(
          "Number of levels below root. A cgroup at this depth stands for all below it. Default: no limit.",
        ),
      require_pids: z
        .boolean()
        .default(true)
        .describe("If false, cgroups without sub-cgroups are tasks even while they hold no process."),
    },
  });

  readonly #options: OptionsOf<typeof CgroupNode>;
  readonly #context: HostContext;
  readonly #include: RegExp | undefined;
  readonly #exclude: RegExp | undefined;
  readonly #closed: RegExp | undefined;
  readonly #found = new TaskList();
  #tree: CgroupTree | undefined;
  #branches: readonly CgroupBranch[] = [];
  #candidates: readonly Candidate[] = [];
  #saidNoRoot = false;

  constructor(options: OptionsOf<typeof CgroupNode>, context: HostContext) {
    super();
    this.#options = options;
    this.#context = context;
    this.#include = options.include && compileGlobs(options.include);
    this.#exclude = compileGlobs(options.exclude);
    this.#closed = compileGlobs(
      options.exclude
        .map(plainPath)
        .filter((pattern) => pattern.endsWith("/**"))
        .map((pattern) => pattern.slice(0, -"/**".length)),
    );
  }

  /** Sorted by cgroup path; the same array as in the round before when nothing changed. */
  discover(): readonly Task[] {
    this.#tree ??= this.#start();
    const branches = this.#tree.walk();
    this.#sayRoot(this.#tree.found);
    if (branches !== this.#branches) this.#select(branches);
    for (const candidate of this.#candidates) {
      if (!this.#isTask(candidate.branch)) continue;
      candidate.task ??= describe(candidate.branch);
      this.#found.add(candidate.task);
    }
    return this.#found.finish();
  }

  probe(): readonly Support[] {
    return probeCgroups(this.#context.host, "CgroupNode");
  }

  close(): void {
    this.#tree?.close();
    this.#tree = undefined;
    this.#candidates = [];
  }

  #start(): CgroupTree {
    const { host } = this.#context;
    const closed = this.#closed;
    const options = closed && { enters: (path: string) => !closed.test(path) };
    return new CgroupTree(host, requireLayout(host), plainPath(this.#options.root), options);
  }

  #select(branches: readonly CgroupBranch[]): void {
    const { depth = Number.POSITIVE_INFINITY } = this.#options;
    const known = new Map(this.#candidates.map((candidate) => [candidate.branch, candidate]));
    this.#branches = branches;
    this.#candidates = branches
      .filter((branch) => branch.depth <= depth && this.#admits(branch.path))
      .map((branch) => known.get(branch) ?? { branch, task: undefined });
  }

  #admits(path: string): boolean {
    return this.#include?.test(path) !== false && this.#exclude?.test(path) !== true;
  }

  #isTask(branch: CgroupBranch): boolean {
    const { depth, require_pids } = this.#options;
    const isLimit = branch.depth === depth;
    if (isLimit ? branch.populated : branch.occupied) return true;
    return !require_pids && (isLimit || branch.isLeaf);
  }

  #sayRoot(found: boolean): void {
    if (found !== this.#saidNoRoot) return;
    this.#saidNoRoot = !found;
    const { log } = this.#context;
    if (found) log.info(`Found root "${this.#options.root}" again`);
    else log.warning(`Cannot list root "${this.#options.root}": no hierarchy has it`);
  }
}

function describe(branch: CgroupBranch): Task {
  const { name, labels } = nameCgroup(branch.path);
  const { path, identity } = branch;
  return { id: path, name, cgroupPath: path, subcgroupPaths: [], labels, resources: {}, identity };
}
