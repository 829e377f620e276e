import { expect, test } from "bun:test";
import { recordMachine } from "../../tools/record-machine.ts";
import { machineHost } from "../machines/machine.ts";
import { tempTree } from "../support/tree.ts";

const CGROUP = "sys/fs/cgroup";

test("recordMachine() copies what is in its tables and nothing else", () => {
  using tree = tempTree({
    "etc/hostname": "secret",
    "proc/stat": "cpu  1 2 3\ncpu0 1 2 3\nintr 5 6\nbtime 1700000000\n",
    "proc/cpuinfo":
      "processor\t: 0\nmodel name\t: X: Y\nSerial\t\t: 0123secret\nmicrocode\t: 0x1\nflags\t\t: fpu\n\nprocessor\t: 1\n",
    "proc/meminfo": "MemTotal: 1 kB\n",
    "proc/cmdline": "secret",
    "proc/self/mounts": `/dev/sda / ext4 rw 0 0\ncgroup /${CGROUP}/cpu cgroup rw,cpu,cpuacct 0 0\nnone /${CGROUP}/unified cgroup2 rw 0 0\ncgroup /secret cgroup rw,pids 0 0\n`,
    "proc/77/cgroup": "2:cpu,cpuacct:/task\n1:name=systemd:/secret.scope\n0::/task\n",
    "proc/77/cmdline": "secret",
    "proc/78/cgroup": "2:cpu,cpuacct:/task\n0::/\n",
    "sys/devices/system/cpu/cpu0/topology/core_id": "0\n",
    "sys/devices/system/cpu/cpu0/uevent": "secret",
    "sys/devices/system/node/node0/distance": "10\n",
    [`${CGROUP}/cpu/notify_on_release`]: "0\n",
    [`${CGROUP}/cpu/cgroup.procs`]: "1\n",
    [`${CGROUP}/cpu/task/notify_on_release`]: "0\n",
    [`${CGROUP}/cpu/task/cpuacct.usage`]: "5\n",
    [`${CGROUP}/cpu/task/cpu.stat`]: "nr_periods 0\n",
    [`${CGROUP}/cpu/task/cgroup.procs`]: "78\n77\n",
    [`${CGROUP}/cpu/other/cpuacct.usage`]: "6\n",
    [`${CGROUP}/unified/cgroup.max.depth`]: "max\n",
    [`${CGROUP}/unified/task/cgroup.max.depth`]: "max\n",
    [`${CGROUP}/unified/task/cpu.pressure`]: "some total=1\n",
    [`${CGROUP}/unified/task/cgroup.procs`]: "77\n",
  });
  expect(Object.fromEntries(recordMachine(tree.host, ["/task"]))).toEqual({
    "/proc/stat": "cpu  1 2 3\ncpu0 1 2 3\n",
    "/proc/cpuinfo": "processor\t: 0\nmodel name\t: X: Y\n\nprocessor\t: 1\n",
    "/proc/meminfo": "MemTotal: 1 kB\n",
    "/proc/self/mounts": `cgroup /${CGROUP}/cpu cgroup rw,cpu,cpuacct 0 0\nnone /${CGROUP}/unified cgroup2 rw 0 0\n`,
    "/sys/devices/system/cpu/cpu0/topology/core_id": "0\n",
    "/sys/devices/system/node/node0/distance": "10\n",
    [`/${CGROUP}/cpu/notify_on_release`]: "0\n",
    [`/${CGROUP}/cpu/task/notify_on_release`]: "0\n",
    [`/${CGROUP}/cpu/task/cpuacct.usage`]: "5\n",
    [`/${CGROUP}/cpu/task/cpu.stat`]: "nr_periods 0\n",
    [`/${CGROUP}/cpu/task/cgroup.procs`]: "1001\n1002\n",
    [`/${CGROUP}/unified/cgroup.max.depth`]: "max\n",
    [`/${CGROUP}/unified/task/cgroup.max.depth`]: "max\n",
    [`/${CGROUP}/unified/task/cpu.pressure`]: "some total=1\n",
    [`/${CGROUP}/unified/task/cgroup.procs`]: "1002\n",
    "/proc/1001/cgroup": "2:cpu,cpuacct:/task\n0::/\n",
    "/proc/1002/cgroup": "2:cpu,cpuacct:/task\n1:name=systemd:/\n0::/task\n",
  });
});

test("recordMachine() of a recorded machine gives the same files again", () => {
  const host = machineHost("vm-hybrid");
  const recorded = recordMachine(host, ["/wca-fixture-busy", "/wca-fixture-quiet"]);
  expect(recorded.size).toBe(82);
  for (const [file, text] of recorded) expect([file, text]).toEqual([file, host.read(file)]);
});
