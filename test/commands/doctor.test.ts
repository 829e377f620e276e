import { expect, test } from "bun:test";
import { formatTable } from "../../src/commands/doctor.ts";

test("formatTable() aligns columns, and tells what is there, missing and unknown apart", () => {
  const rows = [
    { component: "A", feature: "short", supported: true, detail: "/proc/a" },
    { component: "Longer", feature: "a longer one", supported: false, detail: "/proc/b: ENOENT" },
    { component: "A", feature: "other", supported: "unknown", detail: "no cgroup yet" },
  ] as const;
  expect(formatTable(rows)).toBe(`     COMPONENT  FEATURE       WHERE, OR WHAT IS MISSING
yes  A          short         /proc/a
NO   Longer     a longer one  /proc/b: ENOENT
?    A          other         no cgroup yet`);
});

test("formatTable() gives the head alone when there is nothing to tell", () => {
  expect(formatTable([])).toBe("  COMPONENT  FEATURE  WHERE, OR WHAT IS MISSING");
});
