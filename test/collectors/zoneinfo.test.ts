import { expect, test } from "bun:test";
import { z } from "zod";
import { ZONEINFO_OPTIONS, ZoneinfoCollector } from "../../src/collectors/zoneinfo.ts";
import type { Zoneinfo } from "../../src/kernel/proc/zoneinfo.ts";
import { MACHINES, machineHost } from "../machines/machine.ts";
import { testContext } from "../support/context.ts";
import { tempTree } from "../support/tree.ts";
import { measureOnce } from "./platform-round.ts";

const options = z.object(ZONEINFO_OPTIONS);

/** The rules of the original, line by line. */
function zonesOf(text: string): Zoneinfo {
  const zones: Zoneinfo = {};
  let [node, zone, shown] = ["", "", ""];
  for (let line of text.split("\n")) {
    const header = /^Node (\d+), zone +(\w+)$/.exec(line);
    if (header !== null) {
      [, node = "", zone = ""] = header;
      shown = zone;
    }
    if (line.startsWith("  per-node stats")) shown = "per-node-stats";
    if (line.startsWith("  pages")) {
      shown = zone;
      line = ` ${line.slice("  pages".length)}`;
    }
    const [, key, value] = /^ +([a-z_]+) +(\d+)/.exec(line) ?? [];
    if (key === undefined) continue;
    zones[node] = { ...zones[node], [shown]: { ...zones[node]?.[shown], [key]: Number(value) } };
  }
  return zones;
}

test.each(MACHINES)("ZoneinfoCollector measures all zones of %s", (name) => {
  const host = machineHost(name);
  const collector = new ZoneinfoCollector(options.parse({}), testContext(host));
  const expected = { platform_zoneinfo: zonesOf(host.read("/proc/zoneinfo")) };
  expect(measureOnce(collector)).toEqual(expected);
  expect(measureOnce(collector)).toEqual(expected);
  collector.close();
  expect(host.keptFiles).toBe(0);
});

test("ZoneinfoCollector measures whole nodes beside their zones", () => {
  const host = machineHost("xeon-2s-cgroup2");
  const measured = measureOnce(new ZoneinfoCollector({ zoneinfo: true }, testContext(host)));
  expect(measured["platform_zoneinfo"]).toMatchObject({
    "0": {
      "per-node-stats": { nr_anon_pages: 1_675_000 },
      Normal: { free: 17_696_862, managed: 24_284_025 },
    },
    "1": { "per-node-stats": { nr_anon_pages: 800_000 }, Normal: { free: 21_500_000, min: 24_700 } },
  });
});

test("ZoneinfoCollector takes the lines of a pattern", () => {
  const zoneinfo = String.raw`\s+(nr_free_pages|managed|nr_dirty)\s+(\d+)`;
  const host = machineHost("xeon-2s-cgroup1");
  expect(measureOnce(new ZoneinfoCollector({ zoneinfo }, testContext(host)))).toEqual({
    platform_zoneinfo: {
      "0": {
        "per-node-stats": { nr_dirty: 40 },
        DMA: { managed: 3_975, nr_free_pages: 2_896 },
        DMA32: { managed: 412_000, nr_free_pages: 300_242 },
        Normal: { managed: 24_284_025, nr_free_pages: 17_696_862 },
      },
      "1": { "per-node-stats": { nr_dirty: 41 }, Normal: { managed: 24_700_000, nr_free_pages: 21_500_000 } },
    },
  });
});

test("ZoneinfoCollector that is switched off reads nothing", () => {
  using tree = tempTree({});
  const collector = new ZoneinfoCollector({ zoneinfo: false }, testContext(tree.host));
  expect(measureOnce(collector)).toEqual({});
  expect(collector.missingFiles()).toEqual(new Map());
  expect(collector.probe()).toEqual([]);
});

test("ZoneinfoCollector measures nothing without /proc/zoneinfo and says so", () => {
  using tree = tempTree({});
  const collector = new ZoneinfoCollector({ zoneinfo: true }, testContext(tree.host));
  expect(measureOnce(collector)).toEqual({});
  expect(collector.missingFiles()).toEqual(new Map([["/proc/zoneinfo", 1]]));
  expect(collector.probe().map(({ detail }) => detail)).toEqual([
    "/proc/zoneinfo: ENOENT, needs /proc mounted",
  ]);
});

test.each([
  ["no groups", "nr_.*"],
  ["one group", "(nr_.*)"],
  ["three groups", "(a)(b)(?P<c>c)"],
  ["a syntax error", "(nr_"],
])("the option zoneinfo refuses a pattern with %s", (_what, zoneinfo) => {
  expect(options.safeParse({ zoneinfo }).success).toBe(false);
});

test("the option zoneinfo tells how many groups it wants", () => {
  const { error } = z
    .object({ zoneinfo: ZONEINFO_OPTIONS.zoneinfo.unwrap().options[1] })
    .safeParse({ zoneinfo: "(a)" });
  expect(error?.issues[0]?.message).toBe("a regular expression with 2 groups, not 1");
});

test("the option zoneinfo takes two groups, named as in Python or not", () => {
  const accepted = [String.raw`\s+(?P<key>\w+)\s+(?P<value>\d+)`, "(?:x)(a)|(b)", true, false];
  expect(accepted.map((zoneinfo) => options.parse({ zoneinfo }).zoneinfo)).toEqual(accepted);
  expect(options.parse({})).toEqual({ zoneinfo: true });
});
