import * as fs from "node:fs";
import { type RealCgroup, realCgroup } from "../../test/support/cgroups.ts";

/** The scene against all else on its CPU: what others do there should not be heard. Not so on plain v2. */
const SCENE_SHARES = 262_144;
const VICTIM_LOAD_PERCENT = 60;
const NEIGHBOUR_PROCESSES = 2;

/** A service and batch work on the same CPU, in cgroups of this host. `using` ends all. */
export interface Scene extends Disposable {
  readonly victim: RealCgroup;
  readonly neighbour: RealCgroup;
  /** Uses a little of another CPU all the time. */
  readonly bystander: RealCgroup;
  startNeighbour(): void;
  stopNeighbour(): void;
}

interface StressOptions {
  readonly cpu: number;
  readonly processes: number;
  readonly load: number;
}

/** Starts the service on `cpu`; the neighbour comes later. Needs root and stress-ng. */
export function setScene({ cpu }: { readonly cpu: number }): Scene {
  const scene = realCgroup("scene");
  for (const mount of scene.mounts) {
    const shares = `${mount}${scene.path}/cpu.shares`;
    if (fs.existsSync(shares)) fs.writeFileSync(shares, String(SCENE_SHARES));
  }
  const victim = scene.child("victim");
  const neighbour = scene.child("batch");
  const bystander = scene.child("bystander");
  victim.run(stress({ cpu, processes: 1, load: VICTIM_LOAD_PERCENT }));
  bystander.run(stress({ cpu: cpu === 0 ? 1 : 0, processes: 1, load: 5 }));
  return {
    victim,
    neighbour,
    bystander,
    startNeighbour: () => void neighbour.run(stress({ cpu, processes: NEIGHBOUR_PROCESSES, load: 100 })),
    stopNeighbour: () => killAll(neighbour),
    [Symbol.dispose]() {
      for (const group of [victim, neighbour, bystander, scene]) group.remove();
    },
  };
}

/** Waits a little first, so that it is in its cgroup before it starts its workers. */
function stress({ cpu, processes, load }: StressOptions): readonly string[] {
  const counts = ["--cpu", String(processes), "--cpu-load", String(load), "--cpu-method", "int64"];
  return ["sh", "-c", 'sleep 0.2; exec "$@"', "sh", "stress-ng", "--taskset", String(cpu), ...counts];
}

/** Its workers with it. */
function killAll(group: RealCgroup): void {
  for (const pid of fs.readFileSync(`${group.mounts[0]}${group.path}/cgroup.procs`, "utf8").split("\n")) {
    if (pid !== "") process.kill(Number(pid), "SIGKILL");
  }
  group.kill();
}
