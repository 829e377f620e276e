import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { hostSupport } from "../../src/commands/host-support.ts";
import { tempTree } from "../support/tree.ts";

function rows(mask: string, keptFilesLimit: number) {
  using tree = tempTree({ "proc/self/status": `CapEff:\t${mask}\n` }, { keptFilesLimit });
  return new Map(
    hostSupport(tree.host).map(({ feature, supported, detail }) => [feature, { supported, detail }]),
  );
}

test("hostSupport() names capabilities that are not held, and what for", () => {
  expect(rows("0000004000000002", 100).get("capabilities")).toEqual({
    supported: false,
    detail: "without CAP_SYS_PTRACE for working sets of other users' processes",
  });
  expect(rows("000001ffffffffff", 100).get("capabilities")).toEqual({
    supported: true,
    detail: "all that any collector can need",
  });
});

test("hostSupport() takes one of several capabilities as enough", () => {
  expect(rows("0000000000280002", 100).get("capabilities")?.supported).toBe(true);
});

test("hostSupport() tells how many descriptors there are, and what it means when there are none", () => {
  expect(rows("0", 100).get("open files")).toMatchObject({
    supported: true,
    detail: expect.stringContaining("100 descriptors"),
  });
  expect(rows("0", 0).get("open files")).toMatchObject({
    supported: false,
    detail: expect.stringContaining("RLIMIT_NOFILE is not above the reserve of 512"),
  });
});

test.each([
  ["pid:[4026531836]", true, "PID namespace of the host"],
  ["pid:[4026532401]", "unknown", "hostPID"],
] as const)("hostSupport() tells the PID namespace %s", (namespace, supported, words) => {
  using tree = tempTree({ "proc/self/status": "CapEff:\t0\n", "proc/self/ns/": "" });
  fs.symlinkSync(namespace, `${tree.root}/proc/self/ns/pid`);
  const row = hostSupport(tree.host).find(({ feature }) => feature === "processes");
  expect([row?.supported, row?.detail]).toEqual([supported, expect.stringContaining(words)]);
});
