import { expect, test } from "bun:test";
import { KernelHost } from "../../../src/kernel/host.ts";
import { parseMeminfo, readMeminfo } from "../../../src/kernel/proc/meminfo.ts";
import { expectOnlySyntaxErrors, parseText } from "./text.ts";

const REQUIRED = `MemTotal:       32815700 kB
MemFree:        18245956 kB
Buffers:         1190812 kB
SwapCached:           17 kB
Cached:          6971960 kB
`;

test("parseMeminfo() takes exact keys, in bytes", () => {
  expect(parseText(parseMeminfo, REQUIRED)).toEqual({
    total: 33_603_276_800,
    free: 18_683_858_944,
    buffers: 1_219_391_488,
    cached: 7_139_287_040,
  });
});

test.each([
  ["SwapTotal:       123000 kB\n", 125_952_000],
  ["SwapTotal:123000kB\n", 125_952_000],
  ["SwapTotal:             0 kB\n", 0],
])("parseMeminfo() tells swap of %j", (line, bytes) => {
  expect(parseText(parseMeminfo, REQUIRED + line).swapTotal).toBe(bytes);
});

test("parseMeminfo() tells free swap and huge pages, by exact keys", () => {
  const more = "SwapFree:  23000 kB\nAnonPages:  1 kB\nAnonHugePages:  4096 kB\nShmemHugePages:  2048 kB\n";
  const { swapFree, anonHugePages } = parseText(parseMeminfo, REQUIRED + more);
  expect([swapFree, anonHugePages]).toEqual([23_552_000, 4_194_304]);
  expect(parseText(parseMeminfo, REQUIRED)).not.toHaveProperty("anonHugePages");
});

test.each(["MemTotal:", "MemFree:", "Buffers:", "Cached:"])(
  "parseMeminfo() refuses text without %s",
  (key) => {
    const without = REQUIRED.replace(new RegExp(`^${key}.*\n`, "m"), "");
    expect(() => parseText(parseMeminfo, without)).toThrow(`Cannot find ${key} in /proc/meminfo`);
  },
);

test("parseMeminfo() throws nothing but SyntaxError", () => {
  expectOnlySyntaxErrors(parseMeminfo, [
    "MemTotal: 1\n",
    "MemFree: 2\n",
    "\nBuffers: ",
    "Cached: 1",
    "SwapTotal:",
  ]);
});

test("readMeminfo() of this host: the parts are within the whole", () => {
  const { total, free, buffers, cached } = readMeminfo(new KernelHost());
  expect(free + buffers + cached).toBeWithin(1, total);
});
