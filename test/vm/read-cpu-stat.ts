// Compiled by boot.vmtest.ts and run in the guest: does a program of Bun work there at all?
import { readFileSync } from "node:fs";

const [, , group = ""] = process.argv;
const stat = readFileSync(`/sys/fs/cgroup/${group}/cpu.stat`, "utf8");
console.log(
  JSON.stringify(
    Object.fromEntries(
      stat
        .trim()
        .split("\n")
        .map((line) => line.split(" ")),
    ),
  ),
);
