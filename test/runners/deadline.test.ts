import { expect, test } from "bun:test";
import { withDeadline } from "../../src/runners/deadline.ts";
import { fakeClock } from "../support/fake-clock.ts";

function late(): Error {
  return new Error("too late");
}

test("withDeadline() gives the value of a promise in time", async () => {
  using clock = fakeClock();
  const { promise, resolve } = Promise.withResolvers<string>();
  const waiting = withDeadline(promise, 1000, late);
  await clock.pass(990);
  resolve("value");
  expect(await waiting).toBe("value");
});

test("withDeadline() passes the error of a promise on", async () => {
  await expect(withDeadline(Promise.reject(new RangeError("own")), 1000, late)).rejects.toEqual(
    new RangeError("own"),
  );
});

test("withDeadline() throws when time is up, and ignores what comes later", async () => {
  using clock = fakeClock();
  const stray: unknown[] = [];
  const listener = (error: unknown) => void stray.push(error);
  process.on("unhandledRejection", listener);
  using cleanup = new DisposableStack();
  cleanup.defer(() => process.off("unhandledRejection", listener));
  const { promise, reject } = Promise.withResolvers<string>();
  const waiting = withDeadline(promise, 1000, late).catch((error: unknown) => error);
  await clock.pass(1000);
  expect(await waiting).toEqual(new Error("too late"));
  reject(new Error("nobody listens"));
  await clock.pass(10);
  expect(stray).toEqual([]);
});
