import { z } from "zod";
import { defineComponent, type HostContext, type OptionsOf } from "../config/component.ts";
import { labelName } from "../config/schema.ts";
import { CgroupChildren } from "../kernel/cgroup/children.ts";
import { taskHierarchies } from "../kernel/cgroup/layout.ts";
import { Node } from "../model/roles.ts";
import type { Probing, Support } from "../model/support.ts";
import type { Task } from "../model/task.ts";
import { cgroupName, cgroupPath, plainPath } from "./cgroup-path.ts";
import { probeCgroups, requireLayout, WANTED_CONTROLLERS } from "./cgroup-probe.ts";
import { StaticTask, type Surroundings } from "./static-task.ts";
import { TaskList } from "./task-list.ts";

function labels() {
  return z.record(labelName(), z.string());
}

/** Tasks named in the configuration, with or without an orchestrator. */
export class StaticNode extends Node implements Probing {
  static readonly component = defineComponent("node", {
    doc: "Lists tasks that are named in the configuration file by their cgroups.",
    options: {
      tasks: z
        .array(cgroupName())
        .describe("Cgroup paths of the tasks, the same in every hierarchy; a leading slash may be left out."),
      require_pids: z
        .boolean()
        .default(false)
        .describe("Leave out a task while none of its cgroups holds a process itself."),
      default_labels: labels().prefault({}).describe("Labels of every task."),
      default_resources: z
        .record(z.string(), z.union([z.string(), z.number()]))
        .prefault({})
        .describe("Resources that every task is taken to have asked for: `cpus`, `mem` in bytes."),
      tasks_labels: z
        .record(cgroupName(), labels())
        .nullish()
        .describe("Further labels by task, written as in `tasks`; they win over default_labels."),
      directory: cgroupPath()
        .nullish()
        .describe("A cgroup whose sub-cgroups are tasks too, named `<directory>/<sub-cgroup>`."),
    },
  });

  readonly #options: OptionsOf<typeof StaticNode>;
  readonly #context: HostContext;
  readonly #labels: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly #directory: string | undefined;
  readonly #tasks = new Map<string, StaticTask>();
  readonly #found = new TaskList();
  #around: Surroundings | undefined;
  #children: CgroupChildren | undefined;
  #names: ReadonlyMap<string, unknown> = new Map();
  #saidNoDirectory = false;

  constructor(options: OptionsOf<typeof StaticNode>, context: HostContext) {
    super();
    this.#options = options;
    this.#context = context;
    const { tasks_labels, directory } = options;
    this.#labels = new Map(Object.entries(tasks_labels ?? {}).map(([name, more]) => [plainPath(name), more]));
    this.#directory = directory == null ? undefined : plainPath(directory);
  }

  /** The same array as in the round before when nothing changed. */
  discover(): readonly Task[] {
    this.#around ??= this.#start();
    let lost = false;
    for (const task of this.#tasks.values()) if (task.lost()) lost = true;
    if (this.#children !== undefined) this.#list(this.#around, this.#children, lost);
    for (const named of this.#tasks.values()) {
      const task = named.current();
      if (task !== undefined) this.#found.add(task);
    }
    return this.#found.finish();
  }

  probe(): readonly Support[] {
    return probeCgroups(this.#context.host, "StaticNode");
  }

  close(): void {
    for (const task of this.#tasks.values()) task.close();
    this.#tasks.clear();
    this.#around = undefined;
    this.#children = undefined;
    this.#names = new Map();
  }

  #start(): Surroundings {
    const { host, log } = this.#context;
    const layout = requireLayout(host);
    const mounts = taskHierarchies(layout);
    const wanted = WANTED_CONTROLLERS.map((controller) => layout.v1.get(controller));
    const wantedMounts = mounts.filter((mount) => wanted.includes(mount));
    const around = { host, log, layout, mounts, wantedMounts, requirePids: this.#options.require_pids };
    for (const name of this.#options.tasks) this.#add(around, plainPath(name), false);
    if (this.#directory !== undefined) this.#children = new CgroupChildren(host, this.#directory, new Map());
    return around;
  }

  #add(around: Surroundings, path: string, isListed: boolean): void {
    if (this.#tasks.has(path)) return;
    const { default_labels, default_resources } = this.#options;
    const labels = { ...default_labels, ...this.#labels.get(path) };
    this.#tasks.set(path, new StaticTask(around, { path, labels, resources: default_resources, isListed }));
  }

  /** Follows the sub-cgroups of `directory`. */
  #list(around: Surroundings, children: CgroupChildren, lost: boolean): void {
    const names = children.list(around.mounts, lost);
    this.#sayDirectory(children.found);
    if (names === this.#names) return;
    for (const name of this.#names.keys()) {
      if (!names.has(name)) this.#drop(`${this.#directory}/${name}`);
    }
    for (const name of names.keys()) this.#add(around, `${this.#directory}/${name}`, true);
    this.#names = names;
  }

  /** A task that is also named in `tasks` stays. */
  #drop(path: string): void {
    const task = this.#tasks.get(path);
    if (task === undefined || !task.isListed) return;
    task.close();
    this.#tasks.delete(path);
  }

  #sayDirectory(found: boolean): void {
    if (found !== this.#saidNoDirectory) return;
    this.#saidNoDirectory = !found;
    const { log } = this.#context;
    if (found) log.info(`Found directory "${this.#directory}" again`);
    else log.warning(`Cannot list directory "${this.#directory}": no hierarchy has it`);
  }
}
