import * as fs from "node:fs";
import * as path from "node:path";
import { type ResctrlNamespace, type ResctrlOptions, resctrlNamespace } from "../../support/resctrl-sim.ts";
import { configFiles } from "../../support/wca.ts";
import { agentGroups, threadsOf } from "./resctrl-watch.ts";

const MAIN = path.join(import.meta.dirname, "../../../src/main.ts");

/** Agents in one namespace that has a resctrl; `using` kills them. */
export interface Agents extends Disposable {
  readonly namespace: ResctrlNamespace;
  readonly root: string;
  /** One that watches a cgroup, twenty times a second. */
  start(name: string, cgroupPath: string): Agent;
  /** What `wca doctor` says to the configuration of such an agent. */
  doctor(cgroupPath: string): Promise<string>;
}

export interface Agent {
  readonly process: Bun.Subprocess<"ignore", "pipe", "ignore">;
  /** All it says, once it has ended. */
  readonly said: Promise<string>;
  /** What it stored last. */
  metrics(): string;
  /** The value of a metric there, if it has just one series. */
  value(metric: string): number | undefined;
}

export async function agents(options: ResctrlOptions = {}): Promise<Agents> {
  using undo = new DisposableStack();
  const namespace = undo.use(await resctrlNamespace(options));
  const directory = fs.mkdtempSync("/tmp/wca-resctrl-agent-");
  undo.defer(() => fs.rmSync(directory, { recursive: true, force: true }));
  const cleanup = undo.move();

  function spawn(command: string, name: string, cgroupPath: string) {
    configFiles(directory, { [`${name}.yaml`]: config(name, cgroupPath) });
    const words = [process.execPath, MAIN, command, "--config", `${directory}/${name}.yaml`];
    if (command === "run") words.push("--root");
    return Bun.spawn(namespace.wrap(words), {
      cwd: directory,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
    });
  }

  return {
    namespace,
    root: namespace.sim.root,
    start(name, cgroupPath) {
      const child = spawn("run", name, cgroupPath);
      cleanup.defer(() => child.kill("SIGKILL"));
      const file = `${directory}/${name}.prom`;
      const metrics = () => (fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "");
      return {
        process: child,
        said: child.stdout.text(),
        metrics,
        value(metric) {
          const found = new RegExp(`^${metric}\\{[^}]*\\} (\\S+)`, "m").exec(metrics());
          return found === null ? undefined : Number(found[1]);
        },
      };
    },
    doctor: (cgroupPath) => spawn("doctor", "doctor", cgroupPath).stdout.text(),
    [Symbol.dispose]: () => cleanup.dispose(),
  };
}

function config(name: string, cgroupPath: string): string {
  return `runner: !MeasurementRunner
  interval: 0.05
  node: !StaticNode
    tasks: ["${cgroupPath}"]
  rdt_enabled: true
  metrics_storage: !LogStorage
    output_filename: ${name}.prom
    overwrite: true
`;
}

/** Name of the agents' group below a control group that has this thread. Groups come and go meanwhile. */
export function groupOf(root: string, pid: number, control = ""): string | undefined {
  return agentGroups(root, control).find((name) => {
    const group = `${root}/${control}/mon_groups/${name}`;
    try {
      return threadsOf(group).includes(pid);
    } catch (error) {
      if (fs.existsSync(group)) throw error;
      return false;
    }
  });
}
