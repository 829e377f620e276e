import {
  cgroupIdentity,
  defineComponent,
  type HostContext,
  Node,
  type OptionsOf,
  path,
  type Task,
  z,
} from "wca";

/** The cgroup in `/proc/PID/cgroup`: of the controller cpu (cgroup v1), else of the line that v2 has. */
const CGROUP = /^\d+:(?:(?:\w+,)*cpu(?:,\w+)*)?:(\/.*)$/m;

export class PidFileNode extends Node {
  static readonly component = defineComponent("node", {
    doc: "Finds services by their PID files.",
    options: {
      pid_files: z.record(z.string(), path()).describe("PID file by the name of the service."),
    },
  });
  readonly #pidFiles: ReadonlyMap<string, string>;
  readonly #context: HostContext;

  constructor(options: OptionsOf<typeof PidFileNode>, context: HostContext) {
    super();
    this.#pidFiles = new Map(Object.entries(options.pid_files));
    this.#context = context;
  }

  async discover() {
    const tasks: Task[] = [];
    for (const [name, file] of this.#pidFiles) {
      const task = await this.#task(name, file);
      if (task !== undefined) tasks.push(task);
    }
    return tasks;
  }

  async #task(name: string, file: string): Promise<Task | undefined> {
    const { host, log } = this.#context;
    try {
      const pid = (await Bun.file(file).text()).trim();
      const cgroupPath = CGROUP.exec(host.read(`/proc/${pid}/cgroup`))?.[1];
      const identity = cgroupPath === undefined ? undefined : cgroupIdentity(host, cgroupPath);
      if (cgroupPath === undefined || identity === undefined) return undefined;
      return {
        id: name,
        name,
        cgroupPath,
        identity,
        subcgroupPaths: [],
        labels: { service: name },
        resources: {},
      };
    } catch (error) {
      log.debug(`No service ${name}: ${error}`);
      return undefined;
    }
  }
}
