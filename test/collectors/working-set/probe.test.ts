import { describe, expect, test } from "bun:test";
import { probeWorkingSets } from "../../../src/collectors/working-set/probe.ts";
import { tempTree } from "../../support/tree.ts";

const DAMON = "sys/kernel/mm/damon/admin/kdamonds";
const COMPONENT = "WssCollector";
const FEATURES = [
  "referenced memory of tasks",
  "clearing of referenced bits",
  "working sets by DAMON",
] as const;
const FILES = {
  "proc/self/smaps": "",
  "proc/self/smaps_rollup": "",
  "proc/self/clear_refs": "",
  "proc/self/status": "Name:\tx\nCapEff:\t000001ffffffffff\n",
  [`${DAMON}/nr_kdamonds`]: "0\n",
} as const;
const DAMON_UNUSED =
  "not in use; whether it has vaddr operations (CONFIG_DAMON_VADDR) shows when wss_source is damon";

function rowsOf(files: Readonly<Record<string, string>>) {
  using tree = tempTree(files);
  const rows = probeWorkingSets(tree.host);
  expect(rows.map(({ component, feature }) => [component, feature])).toEqual(
    FEATURES.map((feature) => [COMPONENT, feature]),
  );
  return rows.map(({ supported, detail }) => [supported, detail]);
}

describe("probeWorkingSets()", () => {
  test("on a kernel that has it all", () => {
    expect(rowsOf(FILES)).toEqual([
      [true, "/proc/PID/smaps_rollup"],
      [true, "/proc/PID/clear_refs"],
      ["unknown", DAMON_UNUSED],
    ]);
  });

  test("without capabilities", () => {
    expect(rowsOf({ ...FILES, "proc/self/status": "CapEff:\t0000000000000000\n" }).slice(0, 2)).toEqual([
      [false, "/proc/PID/smaps_rollup: needs CAP_SYS_PTRACE for processes of other users"],
      [false, "/proc/PID/clear_refs: needs CAP_DAC_OVERRIDE for processes of other users"],
    ]);
  });

  test("on a kernel before 4.14, without DAMON", () => {
    const { "proc/self/smaps_rollup": _, [`${DAMON}/nr_kdamonds`]: __, ...old } = FILES;
    expect(rowsOf(old)).toEqual([
      [true, "/proc/PID/smaps, slowly: smaps_rollup needs Linux 4.14"],
      [true, "/proc/PID/clear_refs"],
      [false, `/${DAMON}/nr_kdamonds: ENOENT, needs Linux 6.6 with CONFIG_DAMON_SYSFS and /sys mounted`],
    ]);
  });

  test("on a kernel without any of it", () => {
    expect(rowsOf({ "proc/self/status": "" }).slice(0, 2)).toEqual([
      [false, "/proc/self/smaps_rollup: ENOENT, needs CONFIG_PROC_PAGE_MONITOR"],
      [false, "/proc/self/clear_refs: ENOENT, needs CONFIG_PROC_PAGE_MONITOR"],
    ]);
  });
});
