import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { KernelHost } from "../../../src/kernel/host.ts";
import { clearReferenced } from "../../../src/kernel/proc/clear-refs.ts";
import { tempTree } from "../../support/tree.ts";
import { until } from "../../support/wca.ts";

describe("clearReferenced()", () => {
  test("writes 1 and a newline", () => {
    using tree = tempTree({ "proc/7/clear_refs": "" });
    expect(clearReferenced(tree.host, 7)).toBe(true);
    expect(fs.readFileSync(`${tree.root}/proc/7/clear_refs`, "utf8")).toBe("1\n");
  });

  test("says false for a process that is gone, and makes nothing", () => {
    using tree = tempTree({ "proc/": "" });
    expect(clearReferenced(tree.host, 7)).toBe(false);
    expect(fs.readdirSync(`${tree.root}/proc`)).toEqual([]);
  });

  test("says false for a process of this host that has just ended", async () => {
    const child = Bun.spawn(["true"]);
    await child.exited;
    await until(() => !fs.existsSync(`/proc/${child.pid}`));
    expect(clearReferenced(new KernelHost(), child.pid)).toBe(false);
  });
});
