import { beforeAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { type Samples, samplesIn, taskValues } from "../support/exposition-text.ts";
import { requirement } from "../support/requirement.ts";
import { buildForGuest } from "./guest-program.ts";
import { prepareVm, runInVm, type VmResult } from "./run-in-vm.ts";

const SECONDS = 1000;
const MAIN = path.join(import.meta.dir, "../../src/main.ts");
const met = await requirement("a virtual machine", prepareVm);

const CONFIGS = {
  "cgroup.yaml": `
runner: !MeasurementRunner
  node: !CgroupNode {exclude: [/agent]}
  interval: 0.2
  vmstat: numa_.*|pgfault
  zoneinfo: false
  metrics_storage: !LogStorage {output_filename: /result/cgroup.prom}
`,
  "static.yaml": `
runner: !MeasurementRunner
  node: !StaticNode {tasks: [busy, hog, pair, again, not-there], require_pids: false}
  interval: 0.2
  vmstat: false
  zoneinfo: false
  metrics_storage: !LogStorage {output_filename: /result/static.prom}
`,
} as const;

/** Copies of a cgroup's files: `copy busy before` → /result/before/busy/… */
const COPY = `
copy() {
  mkdir -p /result/$2/$1
  for file in cpu.stat memory.current memory.peak memory.max memory.stat memory.events memory.numa_stat pids.current cpu.pressure memory.pressure io.pressure; do
    cat /sys/fs/cgroup/$1/$file >/result/$2/$1/$file
  done
}
rounds() { # waits until so many batches more are in the file
  want=$(($(grep -c '^wca_up' $1) + $2))
  until [ "$(grep -c '^wca_up' $1)" -ge $want ]; do sleep 0.05; done
}
`;

const SLICES = [
  "system.slice/x.service",
  "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod11112222_3333_4444_5555_666677778888.slice/cri-containerd-" +
    `${"ab".repeat(32)}.scope`,
  `system.slice/docker-${"cd".repeat(32)}.scope`,
  "user.slice/user-0.slice/session-1.scope",
] as const;

/** One boot for all tests: the agent with both nodes, while cgroups are squeezed, killed, removed and made again. */
const SCRIPT = `
set -e
${COPY}
cd /sys/fs/cgroup
mkdir busy hog pair again agent
for slice in ${SLICES.join(" ")}; do
  mkdir -p $slice
  (echo 0 >$slice/cgroup.procs; exec sleep 1000) &
done
echo '20000 100000' >busy/cpu.max
echo 40M >hog/memory.max
(echo 0 >busy/cgroup.procs; while :; do :; done) &
(echo 0 >hog/cgroup.procs; dd if=/dev/zero of=/dev/null bs=80M count=1) || true
(echo 0 >hog/cgroup.procs; exec sleep 1000) &
(echo 0 >pair/cgroup.procs; sleep 1000 & exec sleep 1000) &
(echo 0 >again/cgroup.procs; exec sleep 1000) & again=$!
until [ $(grep nr_throttled busy/cpu.stat | cut -d' ' -f2) -gt 3 ]; do sleep 0.1; done
for task in busy hog pair; do copy $task before; done
(echo 0 >agent/cgroup.procs; exec /agent/wca -0c /agent/cgroup.yaml >/result/cgroup.log 2>&1) & one=$!
(echo 0 >agent/cgroup.procs; exec /agent/wca -0c /agent/static.yaml >/result/static.log 2>&1) & other=$!
until [ -s /result/cgroup.prom ] && [ -s /result/static.prom ]; do sleep 0.05; done
rounds /result/cgroup.prom 2
rounds /result/static.prom 2
stat -c %i again >/result/inode1
kill -9 $again
until rmdir again; do sleep 0.02; done
rounds /result/cgroup.prom 2
rounds /result/static.prom 2
mkdir again
(echo 0 >again/cgroup.procs; i=0; while [ $i -lt 1000 ]; do i=$((i + 1)); done; exec sleep 1000) &
rounds /result/cgroup.prom 3
rounds /result/static.prom 3
kill -TERM $one $other
wait $one; echo $? >/result/code1
wait $other; echo $? >/result/code2
for task in busy hog pair; do copy $task after; done
mkdir /sys/fs/cgroup/late
/agent/wca doctor >/result/doctor.txt 2>&1
# A user that may not read: what is unreadable for nobody is left out.
chmod 0600 /sys/fs/cgroup/pair/memory.current /sys/fs/cgroup/pair/cpu.stat
mkdir -p /tmp/nobody
cp /agent/unprivileged.yaml /tmp/nobody/c.yaml
chown -R 1000:1000 /tmp/nobody
chmod 600 /tmp/nobody/c.yaml
/agent/setuid 1000 /agent/wca -c /tmp/nobody/c.yaml -n 2 >/result/unprivileged.log 2>/result/unprivileged.prom
echo $? >/result/code3
cat /sys/devices/system/node/node*/meminfo >/result/meminfo
`;

const UNPRIVILEGED = `
runner: !MeasurementRunner
  node: !StaticNode {tasks: [pair, busy]}
  interval: 0
  vmstat: false
  zoneinfo: false
`;

/** Starts a program as another user; the guest's busybox has no su that works without /etc. */
const SETUID = `
const [, , user = "", ...command] = process.argv;
process.setgroups?.([]);
process.setgid?.(Number(user));
process.setuid?.(Number(user));
const child = Bun.spawn(command, { stdio: ["ignore", "inherit", "inherit"] });
process.exit(await child.exited);
`;

function keyOf(text: string | undefined, key: string): number {
  return Number(new RegExp(`^${key} (\\d+)`, "m").exec(text ?? "")?.[1]);
}

/** What grows only, of the copied files of a task. */
function countersIn({ files }: VmResult, directory: string): Readonly<Record<string, number>> {
  const of = (file: string) => files[`${directory}/${file}`];
  const pressure = (resource: string, kind: string) =>
    Number(new RegExp(`^${kind} .*total=(\\d+)`, "m").exec(of(`${resource}.pressure`) ?? "")?.[1]) / 1e6;
  return {
    task_cpu_usage_seconds: keyOf(of("cpu.stat"), "usage_usec") / 1e6,
    task_cpu_user_seconds_total: keyOf(of("cpu.stat"), "user_usec") / 1e6,
    task_cpu_system_seconds_total: keyOf(of("cpu.stat"), "system_usec") / 1e6,
    task_cpu_periods_total: keyOf(of("cpu.stat"), "nr_periods"),
    task_cpu_throttled_periods_total: keyOf(of("cpu.stat"), "nr_throttled"),
    task_cpu_throttled_seconds_total: keyOf(of("cpu.stat"), "throttled_usec") / 1e6,
    task_mem_page_faults: keyOf(of("memory.stat"), "pgfault"),
    task_mem_oom_kills_total: keyOf(of("memory.events"), "oom_kill"),
    task_mem_max_usage_bytes: Number(of("memory.peak")),
    task_pids: Number(of("pids.current")),
    "task_pressure_seconds_total/some/cpu": pressure("cpu", "some"),
    "task_pressure_seconds_total/full/memory": pressure("memory", "full"),
    "task_pressure_seconds_total/some/io": pressure("io", "some"),
  };
}

describe.skipIf(!met)("the agent under a real cgroup v2", () => {
  let result: VmResult;
  const batches: Record<"cgroup" | "static", readonly Samples[]> = { cgroup: [], static: [] };

  beforeAll(async () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "wca-vmtest-"));
    using cleanup = new DisposableStack();
    cleanup.defer(() => fs.rmSync(directory, { recursive: true }));
    const at = (name: string) => path.join(directory, name);
    const texts = { ...CONFIGS, "unprivileged.yaml": UNPRIVILEGED, "setuid.ts": SETUID };
    for (const [name, text] of Object.entries(texts)) fs.writeFileSync(at(name), text, { mode: 0o600 });
    buildForGuest(MAIN, at("wca"));
    buildForGuest(at("setuid.ts"), at("setuid"));
    const names = [...Object.keys(CONFIGS), "unprivileged.yaml", "wca", "setuid"];
    result = await runInVm({
      files: Object.fromEntries(names.map((name) => [`/agent/${name}`, at(name)])),
      script: SCRIPT,
      smp: 2,
      numaNodes: 2,
      timeoutSecs: 150,
    });
    console.log(result.seconds);
    for (const name of ["cgroup", "static"] as const) {
      const text = result.files[`${name}.prom`] ?? "";
      batches[name] = text.split(/^(?=# HELP platform_cpu_usage )/m).map(samplesIn);
    }
  }, 180 * SECONDS);

  test("stops at SIGTERM with 0, without a warning", () => {
    const { exitCode, files, console: printed } = result;
    expect({ exitCode, printed, codes: [files["code1"], files["code2"], files["code3"]] }).toEqual({
      exitCode: 0,
      printed: expect.any(String),
      codes: ["0\n", "0\n", "0\n"],
    });
    expect(files["cgroup.log"]).not.toMatch(/level=(warning|error|critical)/);
    expect(files["static.log"]?.match(/level=(warning|error|critical).*/g)).toEqual([
      expect.stringContaining(String.raw`Cannot find task \"/not-there\"`),
      expect.stringContaining(String.raw`Cannot find task \"/again\"`),
    ]);
  });

  for (const task of ["busy", "hog", "pair"]) {
    for (const [node, id] of [
      ["cgroup", `/${task}`],
      ["static", task],
    ] as const) {
      test(`gives counters of ${task} between those of the kernel before and after, ${node} node`, () => {
        const before = countersIn(result, `before/${task}`);
        const after = countersIn(result, `after/${task}`);
        for (const batch of batches[node]) {
          const values = taskValues(batch, id);
          for (const [metric, least] of Object.entries(before)) {
            expect([metric, values[metric]]).toEqual([metric, expect.any(Number)]);
            expect(values[metric]).toBeGreaterThanOrEqual(least);
            expect(values[metric]).toBeLessThanOrEqual(after[metric] ?? Number.NaN);
          }
        }
      });
    }
  }

  test("sees the throttling, the limit, the OOM kill and the processes", () => {
    const last = batches.cgroup.at(-1) ?? new Map();
    const [busy, hog, pair] = ["/busy", "/hog", "/pair"].map((id) => taskValues(last, id));
    expect(busy?.["task_cpu_throttled_periods_total"]).toBeGreaterThan(3);
    expect(busy?.["task_cpu_throttled_seconds_total"]).toBeGreaterThan(0.1);
    expect(hog).toMatchObject({ task_mem_limit_bytes: 40 << 20, task_mem_oom_kills_total: 1 });
    expect(hog?.["task_mem_max_usage_bytes"]).toBeGreaterThan(30 << 20);
    expect(hog?.["task_mem_max_usage_bytes"]).toBeLessThanOrEqual(40 << 20);
    expect(pair?.["task_pids"]).toBe(2);
    expect(busy).not.toHaveProperty("task_mem_limit_bytes");
  });

  test("tells pages by NUMA node, and the platform's two nodes", () => {
    const last = batches.cgroup.at(-1) ?? new Map();
    const pair = taskValues(last, "/pair");
    const text = result.files["after/pair/memory.numa_stat"] ?? "";
    const kernel = [0, 1].map((node) =>
      ["anon", "file", "unevictable"].reduce(
        (sum, key) => sum + Number(new RegExp(`^${key}.*\\bN${node}=(\\d+)`, "m").exec(text)?.[1] ?? 0),
        0,
      ),
    );
    expect([pair["task_mem_numa_pages/0"], pair["task_mem_numa_pages/1"]]).toEqual(
      kernel.map((bytes) => bytes / 4096),
    );
    const names = [...last.keys()].map((series) => series.replace(/host="[^"]*",?/, ""));
    for (const node of [0, 1]) expect(names).toContain(`platform_mem_numa_free_bytes{numa_node="${node}"}`);
    expect([...last].find(([series]) => series.startsWith("platform_topology_numa_nodes"))?.[1]).toBe(2);
  });

  test("tells the cgroup's own memory within what it was before and after", () => {
    const number = (name: string) => Number(result.files[name]);
    const slack = 64 * 4096;
    const ends = [number("before/pair/memory.current"), number("after/pair/memory.current")];
    for (const batch of batches.cgroup) {
      const usage = taskValues(batch, "/pair")["task_mem_usage_bytes"];
      expect(usage).toBeGreaterThanOrEqual(Math.min(...ends) - slack);
      expect(usage).toBeLessThanOrEqual(Math.max(...ends) + slack);
    }
  });

  for (const [node, id] of [
    ["cgroup", "/again"],
    ["static", "again"],
  ] as const) {
    test(`follows a cgroup that is removed and made again, ${node} node`, () => {
      const seen = batches[node].map((batch) => taskValues(batch, id)["task_up"] === 1);
      const changes = seen.filter((up, index) => index === 0 || up !== seen[index - 1]);
      expect(changes).toEqual([true, false, true]);
      const stable = batches[node].map((batch) =>
        Object.keys(taskValues(batch, id.replace("again", "pair"))),
      );
      expect(stable.filter((names) => !Bun.deepEquals(names, stable[0]))).toEqual([]);
    });
  }

  test("names nested cgroups after their units and containers", () => {
    const last = batches.cgroup.at(-1) ?? new Map();
    const labelled = [...last.keys()].filter((series) =>
      /^task_up\{.*cgroup_path="\/(system|kubepods|user)/.test(series),
    );
    const labels = labelled.map((series) =>
      Object.fromEntries(
        [...series.matchAll(/(\w+)="([^"]*)"/g)]
          .map(([, label = "", value = ""]) => [label, value])
          .filter(([label]) => label !== "host" && label !== "cgroup_path"),
      ),
    );
    const [service, pod, docker, session] = SLICES.map((slice) => `/${slice}`);
    expect(labels.sort((a, b) => (String(a["task_id"]) < String(b["task_id"]) ? -1 : 1))).toEqual([
      {
        task_id: pod,
        task_name: "cri-containerd-abababababab",
        container_id: "ab".repeat(32),
        runtime: "cri-containerd",
        systemd_unit: path.basename(pod ?? ""),
      },
      {
        task_id: docker,
        task_name: "docker-cdcdcdcdcdcd",
        container_id: "cd".repeat(32),
        runtime: "docker",
        systemd_unit: path.basename(docker ?? ""),
      },
      { task_id: service, task_name: "x.service", systemd_unit: "x.service" },
      { task_id: session, task_name: "session-1.scope", systemd_unit: "session-1.scope" },
    ]);
  });

  test("leaves out what it may not read, and counts it", () => {
    const text = result.files["unprivileged.prom"] ?? "";
    const batch = samplesIn(text.split(/^(?=# HELP platform_cpu_usage )/m).at(-1) ?? "");
    const [pair, busy] = [taskValues(batch, "pair"), taskValues(batch, "busy")];
    expect(pair).not.toHaveProperty("task_mem_usage_bytes");
    expect(pair).not.toHaveProperty("task_cpu_usage_seconds");
    expect(pair).toMatchObject({ task_up: 1, task_pids: 2 });
    expect(busy).toMatchObject({
      task_mem_usage_bytes: expect.any(Number),
      task_cpu_usage_seconds: expect.any(Number),
    });
    const missing = [...batch].filter(([series]) =>
      /^wca_missing_files.*(cpu\.stat|memory\.current)/.test(series),
    );
    expect(missing.map(([, count]) => count)).toEqual([1, 1]);
  });

  test("doctor finds everything it needs", () => {
    const doctor = result.files["doctor.txt"] ?? "";
    for (const file of ["cpu.stat", "memory.peak", "memory.numa_stat", "io.pressure", "pids.current"])
      expect(doctor).toMatch(new RegExp(`^yes +CgroupCollector +${file.replace(".", "\\.")} `, "m"));
    expect(doctor).toContain("cgroup v2");
  });
});
