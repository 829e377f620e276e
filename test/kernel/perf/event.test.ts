import { expect, test } from "bun:test";
import fc from "fast-check";
import { coreConfig } from "../../../src/kernel/perf/event.ts";

test.each([
  [{ event: 0xa3, umask: 0x14, cmask: 20 }, 0x140014a3n],
  [{ event: 0xa3, umask: 0x06, cmask: 6 }, 0x60006a3n],
  [{ event: 0xb0, umask: 0x10 }, 0x10b0n],
  [{ event: 0x60, umask: 0x10 }, 0x1060n],
  [{ event: 0x3c, umask: 0, cmask: 255, inv: true, edge: true }, 0xff84003cn],
  [{ event: 0x1c0, umask: 0xff }, 0x10000ffc0n],
])("coreConfig() of %o", (select, config) => {
  expect(coreConfig(select)).toBe(config);
});

test("coreConfig() keeps event, umask and cmask apart", () => {
  const byte = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(byte, byte, byte, (event, umask, cmask) => {
      expect(coreConfig({ event, umask, cmask })).toBe(BigInt(event + umask * 2 ** 8 + cmask * 2 ** 24));
    }),
  );
});
