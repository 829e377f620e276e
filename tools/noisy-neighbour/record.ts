/*
 * bun tools/noisy-neighbour/record.ts FILE: records a real noisy neighbour on this host, as a trace for
 * wasm-plugins/cpi-outlier/series. Quiet for 40 s, a neighbour on the victim's CPU for 30 s, quiet for 20 s.
 * Needs root, stress-ng, the v1 controllers cpu and cpuacct, and PSI of cgroups.
 */
import * as fs from "node:fs";
import { readLayout } from "../../src/kernel/cgroup/layout.ts";
import { KernelHost } from "../../src/kernel/host.ts";
import type { SnapshotMessage, TaskMessage } from "../../src/protocol/messages.ts";
import type { RealCgroup } from "../../test/support/cgroups.ts";
import { setScene } from "./scene.ts";

const QUIET_SECS = 40;
const NOISY_SECS = 30;
const QUIET_AGAIN_SECS = 20;
const CPU = 1;

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error("Cannot record: no FILE is given");
const { v1, v2 } = readLayout(new KernelHost());
const cpuacct = v1.get("cpuacct");
const cpu = v1.get("cpu");

function recordTask(group: RealCgroup, name: string): TaskMessage {
  const usageNs = Number(fs.readFileSync(`${cpuacct}${group.path}/cpuacct.usage`, "utf8"));
  const throttled = /throttled_time (\d+)/.exec(fs.readFileSync(`${cpu}${group.path}/cpu.stat`, "utf8"));
  const some = /some .*total=(\d+)/.exec(fs.readFileSync(`${v2}${group.path}/cpu.pressure`, "utf8"));
  return {
    id: `/${name}`,
    name,
    cgroupPath: `/${name}`,
    subcgroupPaths: [],
    identity: fs.statSync(`${cpu}${group.path}`).ino,
    labels: {},
    resources: {},
    measurements: {
      task_cpu_usage_seconds: usageNs / 1e9,
      task_cpu_throttled_seconds_total: Number(throttled?.[1]) / 1e9,
      task_pressure_seconds_total: { cpu: { some: Number(some?.[1]) / 1e6 } },
    },
  };
}

using scene = setScene({ cpu: CPU });
await Bun.sleep(3000);
const lines: string[] = [];
const start = Date.now();
for (let second = 0; second < QUIET_SECS + NOISY_SECS + QUIET_AGAIN_SECS; second++) {
  if (second === QUIET_SECS) scene.startNeighbour();
  if (second === QUIET_SECS + NOISY_SECS) scene.stopNeighbour();
  await Bun.sleep(Math.max(0, start + second * 1000 - Date.now()));
  const tasks = [
    recordTask(scene.victim, "victim"),
    recordTask(scene.bystander, "bystander"),
    recordTask(scene.neighbour, "batch"),
  ];
  const snapshot: SnapshotMessage = { timeMs: Date.now(), intervalSecs: 1, platformMeasurements: {}, tasks };
  lines.push(JSON.stringify(snapshot));
}
fs.writeFileSync(file, `${lines.join("\n")}\n`);
