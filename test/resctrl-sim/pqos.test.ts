/* Intel's own client of resctrl as the judge: what it reads, sets and measures through the simulator. */
import { describe, expect, test } from "bun:test";
import * as os from "node:os";
import { needPqos, pqos, REAL_CACHES as REAL, watchWithPqos } from "../support/pqos.ts";
import { requirement } from "../support/requirement.ts";
import { type ResctrlOptions, resctrlNamespace } from "../support/resctrl-sim.ts";
import { mkdir, read, write } from "./refusal.ts";

const here = await requirement("pqos on a simulated resctrl", needPqos);

/** pqos asks the CPU for its vendor: by that it knows what no limit of bandwidth is, and how to print one. */
const isAmd = os.cpus()[0]?.model.includes("AMD") ?? false;
const AMD: [ResctrlOptions, string, readonly string[]] = [
  { layout: "amd" },
  "llc:1=0xff00;mba:1=16",
  ["SMBA:2048", "MB:16", "L3:ff00"],
];

describe.skipIf(!here)("pqos -I on the simulated resctrl", () => {
  test.each<[ResctrlOptions, readonly string[]]>([
    [
      { layout: "xeon" },
      ["L3 CAT", "CDP: unsupported", "Num COS: 8", "Memory Bandwidth Allocation (MBA)", "Num COS: 8"],
    ],
    [
      { layout: "cdp", closids: 8 },
      ["L3 CAT", "CDP: enabled", "Num COS: 4", "Memory Bandwidth Allocation (MBA)", "Num COS: 4"],
    ],
    [
      { layout: "l2cdp" },
      ["L2 CAT", "CDP: enabled", "Num COS: 4", "Memory Bandwidth Allocation (MBA)", "Num COS: 4"],
    ],
    [
      { layout: "mbps" },
      [
        "L3 CAT",
        "CDP: unsupported",
        "Num COS: 8",
        "Memory Bandwidth Allocation (MBA)",
        "Num COS: 8",
        "CTRL: enabled",
      ],
    ],
    [{ layout: "no-mb", closids: 5 }, ["L3 CAT", "CDP: unsupported", "Num COS: 5"]],
  ])("-d finds what %j can do", async (options, allocation) => {
    using namespace = await resctrlNamespace({ ...REAL, ...options });
    const { lines, exitCode } = await pqos(namespace, "-d");
    expect(exitCode).toBe(0);
    expect(lines).toContain("LLC Occupancy (LLC)");
    expect(lines).toContain("Total Memory Bandwidth (TMEM)");
    const found = lines.slice(lines.indexOf("Allocation") + 1).filter(Boolean);
    expect(found.filter((line) => !line.startsWith("Cache Allocation"))).toEqual([...allocation]);
  });

  test("-s shows every class", async () => {
    using namespace = await resctrlNamespace({ ...REAL, closids: 2 });
    // It makes the groups of the classes itself, and complains of them the first time.
    await pqos(namespace, "-s");
    write(namespace.sim, "COS1/schemata", `MB:${REAL.domains?.[0]}=30\nL3:${REAL.domains?.[0]}=ff\n`);
    const { lines } = await pqos(namespace, "-s");
    expect(lines.filter((line) => /^(L3CA|MBA) COS/.test(line)).slice(0, 4)).toEqual([
      "L3CA COS0 => MASK 0xfffff",
      "L3CA COS1 => MASK 0xff",
      `MBA COS0 => 100${isAmd ? "" : "%"} available`,
      `MBA COS1 => 30${isAmd ? "" : "%"} available`,
    ]);
  });

  test.each<[ResctrlOptions, string, readonly string[]]>([
    [{ layout: "xeon" }, "llc:1=0x3;mba:1=40", ["MB:40", "L3:3"]],
    [{ layout: "cdp" }, "llc:1d=0x3;llc:1c=0xf0", ["MB:100", "L3DATA:3", "L3CODE:f0"]],
    [{ layout: "l2" }, "l2:1=0xf;mba:1=70", ["MB:70", "L2:f"]],
    [{ layout: "l2cdp" }, "l2:1d=0x3;l2:1c=0x7", ["MB:100", "L2DATA:3", "L2CODE:7"]],
    // Elsewhere it does not take SMBA for a resource.
    ...(isAmd ? [AMD] : []),
  ])("on %j -e %j sets the schemata", async (options, allocation, schemata) => {
    using namespace = await resctrlNamespace({ ...REAL, ...options });
    expect((await pqos(namespace, "-d")).exitCode).toBe(0);
    const { lines, exitCode } = await pqos(namespace, "-e", allocation);
    expect(lines).toContain("Allocation configuration altered.");
    expect(exitCode).toBe(0);
    const set = read(namespace.sim, "COS1/schemata").trimEnd().split("\n");
    expect(set.map((line) => line.trim().replace(/:.*?=(\w+).*/, ":$1"))).toEqual([...schemata]);
    for (const line of set)
      expect(new Set([...line.matchAll(/=(\w+)/g)].map(([, value]) => value)).size).toBe(1);
  });

  test("-a moves a process", async () => {
    using namespace = await resctrlNamespace(REAL);
    using sleeper = sleep();
    expect((await pqos(namespace, "-a", `pid:2=${sleeper.pid}`)).exitCode).toBe(0);
    expect(read(namespace.sim, "COS2/tasks")).toBe(`${sleeper.pid}\n`);
  });

  test("-R resets allocation and association", async () => {
    using namespace = await resctrlNamespace({ ...REAL, layout: isAmd ? "amd" : "xeon", tabular: false });
    using sleeper = sleep();
    const before = read(namespace.sim, "schemata");
    await pqos(namespace, "-e", "llc:1=0x3;mba:1=40");
    await pqos(namespace, "-a", `pid:1=${sleeper.pid}`);
    expect(read(namespace.sim, "COS1/schemata")).not.toBe(before);
    const { lines, exitCode } = await pqos(namespace, "-R");
    expect(lines).toContain("Allocation reset successful");
    expect(exitCode).toBe(0);
    expect(read(namespace.sim, "COS1/schemata")).toBe(before);
    expect(read(namespace.sim, "COS1/tasks")).toBe("");
  }, 30_000);

  test("-p measures the bandwidth and the occupancy that are simulated", async () => {
    using namespace = await resctrlNamespace({
      ...REAL,
      threadRate: 100 * 1024 ** 2,
      threadBytes: 1024 ** 2,
      frozen: true,
    });
    using sleeper = sleep();
    const { sim } = namespace;
    mkdir(sim, "COS1");
    for (const id of REAL.domains ?? []) write(sim, "COS1/schemata", `MB:${id}=40\n`);
    write(sim, "COS1/tasks", String(sleeper.pid));
    const measured = await watchWithPqos(namespace, sleeper.pid, () => sim.command("advance 1000"));
    const domains = REAL.domains?.length ?? 1;
    expect(measured).toEqual({
      occupancy: 1024 * domains,
      total: 40 * domains,
      local: 30 * domains,
      remote: 10 * domains,
    });
  }, 30_000);
});

interface Sleeper extends Disposable {
  readonly pid: number;
}

function sleep(): Sleeper {
  const child = Bun.spawn(["sleep", "1000"], { stdin: "ignore" });
  return { pid: child.pid, [Symbol.dispose]: () => child.kill("SIGKILL") };
}
