import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import * as os from "node:os";
import { join } from "node:path";
import { requirement } from "../support/requirement.ts";
import { prepareVm, runInVm } from "./run-in-vm.ts";

const SECONDS = 1000;
const met = await requirement("a virtual machine", prepareVm);

describe.skipIf(!met)("runInVm()", () => {
  test(
    "gives a real cgroup v2 to a compiled program",
    async () => {
      const dir = mkdtempSync(join(os.tmpdir(), "wca-vmtest-"));
      using cleanup = new DisposableStack();
      cleanup.defer(() => rmSync(dir, { recursive: true }));
      const program = join(dir, "read-cpu-stat");
      const entry = join(import.meta.dir, "read-cpu-stat.ts");
      const built = Bun.spawnSync([process.execPath, "build", "--compile", entry, "--outfile", program]);
      expect(built.exitCode).toBe(0);
      const {
        console: printed,
        exitCode,
        files,
        seconds,
      } = await runInVm({
        files: { "/agent/read-cpu-stat": program },
        script: `
          set -e
          mkdir /sys/fs/cgroup/busy /sys/fs/cgroup/hog
          echo '20000 100000' >/sys/fs/cgroup/busy/cpu.max
          echo 20M >/sys/fs/cgroup/hog/memory.max
          (echo 0 >/sys/fs/cgroup/busy/cgroup.procs; while :; do :; done) &
          (echo 0 >/sys/fs/cgroup/hog/cgroup.procs; dd if=/dev/zero of=/dev/null bs=60M count=1) || true
          sleep 1
          /agent/read-cpu-stat busy >/result/stat.json
          cp /sys/fs/cgroup/busy/cpu.max /sys/fs/cgroup/busy/cpu.pressure /sys/fs/cgroup/hog/memory.events /result
          cat /sys/fs/cgroup/cgroup.subtree_control
        `,
      });
      console.log(seconds);
      expect({ printed, exitCode }).toEqual({
        printed: expect.stringContaining("cpuset cpu io memory"),
        exitCode: 0,
      });
      expect(files["cpu.max"]).toBe("20000 100000\n");
      expect(files["cpu.pressure"]).toMatch(/^some avg10=/);
      expect(files["memory.events"]).toMatch(/^oom_kill [1-9]/m);
      const stat = JSON.parse(files["stat.json"] ?? "{}");
      expect(Number(stat.nr_throttled)).toBeGreaterThan(1);
      expect(Number(stat.usage_usec)).toBeGreaterThan(100_000);
    },
    120 * SECONDS,
  );

  test(
    "gives two NUMA nodes",
    async () => {
      const script =
        "cd /sys/devices/system/node; cp online /result; cat node0/cpulist node1/cpulist >/result/cpus";
      const { files } = await runInVm({ script, smp: 4, numaNodes: 2 });
      expect(files).toEqual({ online: "0-1\n", cpus: "0-1\n2-3\n" });
    },
    60 * SECONDS,
  );

  test(
    "gives what was printed when the script does not end",
    async () => {
      const endless = runInVm({ script: "echo started; sleep 50", timeoutSecs: 8 });
      await expect(endless).rejects.toThrow(/killed after 8 seconds\n(.*\n)*started/);
    },
    60 * SECONDS,
  );
});
