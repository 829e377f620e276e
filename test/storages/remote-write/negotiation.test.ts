import { expect, test } from "bun:test";
import { KernelHost } from "../../../src/kernel/host.ts";
import { Negotiation } from "../../../src/storages/remote-write/negotiation.ts";
import type { Version } from "../../../src/storages/remote-write/protocol.ts";
import { testContext } from "../../support/context.ts";

const HOUR_MS = 3_600_000;

function negotiation(fixed?: Version) {
  const clock = { now: 5 };
  const { log, logged } = testContext(new KernelHost());
  return { clock, logged, negotiated: new Negotiation(fixed, log, () => clock.now) };
}

test.each(["1.0", "2.0"] as const)("Negotiation keeps to %s when the user has said so", (fixed) => {
  const { negotiated, logged } = negotiation(fixed);
  expect(negotiated.fallback).toBeUndefined();
  negotiated.worked("1.0");
  negotiated.worked("2.0");
  expect(negotiated.version).toBe(fixed);
  expect(logged).toEqual([]);
});

test("Negotiation sends 1.0 for an hour once that has worked, then tries 2.0, and says each change once", () => {
  const { negotiated, clock, logged } = negotiation();
  expect([negotiated.version, negotiated.fallback]).toEqual(["2.0", "1.0"]);
  for (const _ of [0, 1, 2]) {
    negotiated.worked("1.0");
    expect(negotiated.version).toBe("1.0");
    clock.now += HOUR_MS - 1;
    // Does not begin the hour anew.
    negotiated.worked("1.0");
    expect(negotiated.version).toBe("1.0");
    clock.now += 1;
    expect(negotiated.version).toBe("2.0");
  }
  negotiated.worked("2.0");
  expect(negotiated.version).toBe("2.0");
  expect(logged).toEqual([
    ["info", "The receiver does not understand remote write 2.0: sending 1.0"],
    ["info", "The receiver understands remote write 2.0: sending it"],
  ]);
});
