/*
 * bun bench/noisy-neighbour.ts [--detector class|FILE.wasm]… [--quiet SECONDS] [--noisy SECONDS] [--cpu N]
 *
 * Lets agents watch a real noisy neighbour on this host, and prints what they noticed and when: a service on a
 * CPU, quiet; batch work on the same CPU; quiet again until the anomaly has ended. Each --detector has an agent of
 * its own: the class CpiOutlierDetector, or a plugin. Ends with 1 when a task was named wrongly, too late or at a
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
    detector: { type: "string", multiple: true, default: ["class"] },
    quiet: { type: "string", default: "45" },
    noisy: { type: "string", default: "30" },
    cpu: { type: "string", default: "1" },
  },
});

/** An agent, and the folder of its files. */
interface Watcher {
  readonly detector: string;
  readonly folder: string;
  readonly agent: Bun.Subprocess;
}

function configuration(detector: string, { victim, neighbour, bystander }: Scene): string {
  const tasks = [victim, neighbour, bystander].map(({ path }) => path).join(", ");
  return `runner: !DetectionRunner
  node: !StaticNode { tasks: [${tasks}] }
  interval: 1
  metrics_storage: !LogStorage { output_filename: metrics.prom, overwrite: true }
  detector: !${detector === "class" ? "CpiOutlierDetector" : "NoisyNeighbourPlugin"} {}
  anomalies_storage: !LogStorage { output_filename: anomalies.prom }
`;
}

function startAgent(detector: string, { scene, folder }: { scene: Scene; folder: string }): Watcher {
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, "config.yaml"), configuration(detector, scene), { mode: 0o600 });
  const plugin = detector === "class" ? [] : ["-r", `${path.resolve(detector)}:NoisyNeighbourPlugin`];
  const words = [process.execPath, path.join(ROOT, "src/main.ts"), "--root", "-c", "config.yaml", ...plugin];
  const agent = Bun.spawn(words, { cwd: folder, stdin: "ignore", stdout: "inherit", stderr: "inherit" });
  return { detector, folder, agent };
}

/** Whether all of them noticed what they had to. */
async function watch(scene: Scene, folder: string): Promise<boolean> {
  const watchers = values.detector.map((detector, index) =>
    startAgent(detector, { scene, folder: path.join(folder, String(index)) }),
  );
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
    const verdicts = watchers.map((watcher) => {
      const noticed: readonly Noticed[] = readNoticed(path.join(watcher.folder, "anomalies.prom"));
      const verdict = verdictOf(noticed, { beganMs, endedMs, ...names });
      console.log(JSON.stringify({ detector: watcher.detector, ...verdict }));
      return verdict;
    });
    return verdicts.every(({ isFine }) => isFine);
  } finally {
    for (const { agent } of watchers) agent.kill("SIGTERM");
    await Promise.all(watchers.map(({ agent }) => agent.exited));
  }
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "wca-noisy-neighbour-"));
try {
  using scene = setScene({ cpu: Number(values.cpu) });
  process.exitCode = (await watch(scene, folder)) ? 0 : 1;
} finally {
  fs.rmSync(folder, { recursive: true });
}
