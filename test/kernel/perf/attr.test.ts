import { expect, test } from "bun:test";
import { perfEventAttr } from "../../../src/kernel/perf/attr.ts";
import { PERF_TYPE } from "../../../src/kernel/perf/event.ts";

/** u32 fields by their offset in linux/perf_event.h, those that are 0 left out. */
function wordsOf(attr: Uint8Array): Readonly<Record<number, number>> {
  const view = new DataView(attr.buffer);
  const words: Record<number, number> = {};
  for (let at = 0; at < attr.length; at += 4) {
    const word = view.getUint32(at, true);
    if (word !== 0) words[at] = word;
  }
  return words;
}

const TYPE = 0;
const SIZE = 4;
const CONFIG = 8;
const READ_FORMAT = 32;
const FLAGS = 40;
const CONFIG1 = 56;
const CONFIG2 = 64;
const EXCLUDE_GUEST = 1 << 20;

test("perfEventAttr() of a raw event sets these bytes and no others", () => {
  const attr = perfEventAttr({
    type: PERF_TYPE.raw,
    config: 0x1122334455667788n,
    config1: 0x99aabbccddeeff01n,
    config2: 0x0203040506070809n,
  });
  expect(attr.length).toBe(72);
  expect(wordsOf(attr)).toEqual({
    [TYPE]: 4,
    [SIZE]: 72,
    [CONFIG]: 0x55667788,
    [CONFIG + 4]: 0x11223344,
    [READ_FORMAT]: 1 | 2 | 8,
    [FLAGS]: EXCLUDE_GUEST,
    [CONFIG1]: 0xddeeff01,
    [CONFIG1 + 4]: 0x99aabbcc,
    [CONFIG2]: 0x06070809,
    [CONFIG2 + 4]: 0x02030405,
  });
});

test.each([
  ["hardware", PERF_TYPE.hardware, EXCLUDE_GUEST],
  ["raw", PERF_TYPE.raw, EXCLUDE_GUEST],
  ["software", PERF_TYPE.software, 0],
  ["other PMU", 17, 0],
])("perfEventAttr() of a %s event counts from its opening on, without inherit", (_, type, flags) => {
  const words = wordsOf(perfEventAttr({ type, config: 0n, config1: 0n, config2: 0n }));
  expect(words[FLAGS] ?? 0).toBe(flags);
});
