/*
 * bun bench/noisy-neighbour.ts [--module FILE.wasm] [--quiet SECONDS] [--noisy SECONDS] [--cpu N]
 *
 * Lets the agent watch a real noisy neighbour on this host, and prints what it noticed and when: a service on a
 * CPU, quiet; batch work on the same CPU; quiet again until the anomaly has ended. With --module the plugin is
 * the detector, else the class CpiOutlierDetector. Ends with 1 when a task was named wrongly, too late or at a
 * quiet time. Needs root and stress-ng.
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { type Scene, setScene } from "../tools/noisy-neighbour/scene.ts";
import { type Noticed, readNoticed, verdictOf } from "./noticed.ts";

const ROOT = path.join(import.meta.dir, "..");
/** For the processes to be running and the first rounds to be over. */
const SETTLE_MS = 5000;
const AFTERWARDS_MS = 30_000;

const { values } = parseArgs({
  options: {
    module: { type: "string" },
    quiet: { type: "string", default: "45" },
    noisy: { type: "string", default: "30" },
    cpu: { type: "string", default: "1" },
  },
});

function configuration({ victim, neighbour, bystander }: Scene): string {
  const tasks = [victim, neighbour, bystander].map(({ path }) => path).join(", ");
  return `runner: !DetectionRunner
  node: !StaticNode { tasks: [${tasks}] }
  interval: 1
  metrics_storage: !LogStorage { output_filename: metrics.prom, overwrite: true }
  detector: !${values.module === undefined ? "CpiOutlierDetector" : "NoisyNeighbourPlugin"} {}
  anomalies_storage: !LogStorage { output_filename: anomalies.prom }
`;
}

function startAgent(folder: string): Bun.Subprocess {
  const plugin =
    values.module === undefined ? [] : ["-r", `${path.resolve(values.module)}:NoisyNeighbourPlugin`];
  const agent = [process.execPath, path.join(ROOT, "src/main.ts"), "--root", "-c", "config.yaml", ...plugin];
  return Bun.spawn(agent, { cwd: folder, stdin: "ignore", stdout: "inherit", stderr: "inherit" });
}

async function watch(scene: Scene, folder: string): Promise<boolean> {
  fs.writeFileSync(path.join(folder, "config.yaml"), configuration(scene));
  const agent = startAgent(folder);
  const read = (): readonly Noticed[] => readNoticed(path.join(folder, "anomalies.prom"));
  try {
    await Bun.sleep(SETTLE_MS + Number(values.quiet) * 1000);
    const beganMs = Date.now();
    scene.startNeighbour();
    await Bun.sleep(Number(values.noisy) * 1000);
    const endedMs = Date.now();
    scene.stopNeighbour();
    await Bun.sleep(AFTERWARDS_MS);
    // The node names tasks without the leading slash.
    const names = { victim: scene.victim.path.slice(1), neighbour: scene.neighbour.path.slice(1) };
    const verdict = verdictOf(read(), { beganMs, endedMs, ...names });
    console.log(JSON.stringify({ detector: values.module ?? "CpiOutlierDetector", ...verdict }));
    return verdict.isFine;
  } finally {
    agent.kill("SIGTERM");
    await agent.exited;
  }
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "wca-noisy-neighbour-"));
try {
  using scene = setScene({ cpu: Number(values.cpu) });
  process.exitCode = (await watch(scene, folder)) ? 0 : 1;
} finally {
  fs.rmSync(folder, { recursive: true });
}
