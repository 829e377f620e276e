import { describe, expect, test } from "bun:test";
import { anomalyUuid } from "../../src/runners/anomaly-uuid.ts";

describe("anomalyUuid() is the original's", () => {
  const VECTORS: readonly (readonly [readonly string[], string])[] = [
    [["task1", "task2"], "5bdfd040-7b06-f3f7-379a-d77e879a763a"],
    [["task1", "task2", "task3"], "4a0e6059-72ec-173c-cc80-3c5a0dba906a"],
    [["t1", "t2"], "996d84f8-49ff-579f-1e98-7f2973b3ea04"],
    [["t1", "t2", "t3"], "9a824883-1462-f212-4c14-30521962af20"],
  ];
  for (const [ids, uuid] of VECTORS) {
    test(`for ${ids.join(", ")}, in any order`, () => {
      expect(anomalyUuid(ids)).toBe(uuid);
      expect(anomalyUuid(ids.toReversed())).toBe(uuid);
    });
  }
});

test("anomalyUuid() sorts by code point, as Python does", () => {
  // python3: hashlib.sha256(",".join(sorted(["\U0001f600", "\uff5e"])).encode()).hexdigest()[:32]
  expect(anomalyUuid(["\u{1f600}", "\uff5e"])).toBe("144f14ac-1319-9e3d-1970-1b9f0ff1def5");
});
