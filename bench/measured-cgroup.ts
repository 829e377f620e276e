import * as fs from "node:fs";
import * as path from "node:path";
import { readLayout } from "../src/kernel/cgroup/layout.ts";
import { KernelHost } from "../src/kernel/host.ts";
import { killIfThere, makeCgroup, PREFIX, pidsIn, removeCgroup } from "./cgroups.ts";

/** Seconds of CPU. */
export interface CpuTime {
  readonly total: number;
  readonly user: number;
  readonly system: number;
}

/** A cpuacct cgroup of its own for the measured program: exact CPU time of all its processes, dead or alive. */
export class MeasuredCgroup {
  readonly directory: string;

  constructor() {
    const mount = readLayout(new KernelHost()).v1.get("cpuacct");
    if (mount === undefined) throw new Error("Cannot measure CPU time: no cgroup v1 controller cpuacct");
    this.directory = makeCgroup(mount, `${PREFIX}measured-${process.pid}`);
  }

  cpuTime(): CpuTime {
    const [total = 0, user = 0, system = 0] = ["usage", "usage_user", "usage_sys"].map(
      (name) => Number(fs.readFileSync(path.join(this.directory, `cpuacct.${name}`), "latin1")) / 1e9,
    );
    return { total, user, system };
  }

  close(): void {
    for (const pid of pidsIn(this.directory)) killIfThere(pid, "SIGKILL");
    removeCgroup(this.directory);
  }
}
