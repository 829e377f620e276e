import { expect, test } from "bun:test";
import { judge, TRY_AGAIN, type Verdict } from "../../../src/storages/remote-write/verdict.ts";

const WRITTEN = "X-Prometheus-Remote-Write-Samples-Written";
const AGAIN: Verdict = { kind: "try again" };
const NOT_UNDERSTOOD: Verdict = { kind: "not understood" };

function written(samples: number): Verdict {
  return { kind: "written", samples };
}

const CASES: readonly (readonly ["1.0" | "2.0", number, Record<string, string>, Verdict])[] = [
  ["1.0", 200, {}, written(10)],
  ["1.0", 204, {}, written(10)],
  ["1.0", 204, { [WRITTEN]: "0" }, written(10)],
  ["1.0", 301, {}, written(0)],
  ["1.0", 400, {}, written(0)],
  ["1.0", 404, {}, written(0)],
  ["1.0", 408, {}, written(0)],
  ["1.0", 415, {}, written(0)],
  ["1.0", 429, {}, AGAIN],
  ["1.0", 500, {}, AGAIN],
  ["1.0", 501, {}, AGAIN],
  ["1.0", 599, {}, AGAIN],
  ["2.0", 204, { [WRITTEN]: "10" }, written(10)],
  ["2.0", 200, { [WRITTEN]: "7" }, written(7)],
  ["2.0", 200, { [WRITTEN]: "11" }, written(10)],
  ["2.0", 200, { [WRITTEN]: "many" }, written(0)],
  ["2.0", 200, { "X-Prometheus-Remote-Write-Histograms-Written": "0" }, written(0)],
  ["2.0", 200, {}, NOT_UNDERSTOOD],
  ["2.0", 204, {}, NOT_UNDERSTOOD],
  ["2.0", 400, {}, NOT_UNDERSTOOD],
  ["2.0", 400, { [WRITTEN]: "9" }, written(9)],
  ["2.0", 401, {}, written(0)],
  ["2.0", 413, { [WRITTEN]: "0" }, written(0)],
  ["2.0", 415, {}, NOT_UNDERSTOOD],
  ["2.0", 415, { [WRITTEN]: "0" }, NOT_UNDERSTOOD],
  ["2.0", 429, {}, AGAIN],
  ["2.0", 503, { [WRITTEN]: "3" }, AGAIN],
];

test.each([...CASES])("judge() takes %s, status %p with %j for %j", (version, status, headers, verdict) => {
  expect(judge({ status, headers: new Headers(headers), text: "" }, { version, samples: 10 })).toEqual(
    verdict,
  );
});

test("TRY_AGAIN has 429 and all 5xx", () => {
  expect([...TRY_AGAIN].every((status) => status === 429 || (status >= 500 && status < 600))).toBe(true);
  expect(TRY_AGAIN.size).toBe(101);
});
