import { expect, test } from "bun:test";
import { parseAuxv, readAuxv } from "../../src/kernel/auxv.ts";

/** Pairs of 64-bit words, little endian. */
function auxv(...pairs: readonly (readonly [number, bigint])[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(pairs.flatMap(([type, value]) => [BigInt(type), value])).buffer);
}

test("parseAuxv() finds page size and tick rate among other entries", () => {
  const bytes = auxv([33, 0x7fff_ffff_f000n], [6, 65_536n], [17, 250n], [23, 0n], [0, 0n]);
  expect(parseAuxv(bytes)).toEqual({ pageSize: 65_536, ticksPerSecond: 250 });
});

test("parseAuxv() gives the usual values when an entry is missing or cut", () => {
  expect(parseAuxv(new Uint8Array())).toEqual({ pageSize: 4096, ticksPerSecond: 100 });
  expect(parseAuxv(auxv([6, 16_384n], [17, 1000n]).subarray(0, 31))).toEqual({
    pageSize: 16_384,
    ticksPerSecond: 100,
  });
});

test("parseAuxv() takes bytes that do not start at the front of their buffer", () => {
  const bytes = new Uint8Array(3 + 16);
  bytes.set(auxv([17, 300n]), 3);
  expect(parseAuxv(bytes.subarray(3))).toEqual({ pageSize: 4096, ticksPerSecond: 300 });
});

test("readAuxv() gives what getconf gives on this host, the usual values where there is no file", () => {
  const getconf = (name: string) => Number(Bun.spawnSync(["getconf", name]).stdout.toString());
  expect(readAuxv("/proc/self/auxv")).toEqual({
    pageSize: getconf("PAGESIZE"),
    ticksPerSecond: getconf("CLK_TCK"),
  });
  expect(readAuxv("/nowhere/auxv")).toEqual({ pageSize: 4096, ticksPerSecond: 100 });
});
