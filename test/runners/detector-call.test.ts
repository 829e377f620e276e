import { describe, expect, test } from "bun:test";
import type { Decision } from "../../src/model/anomaly.ts";
import { Detector } from "../../src/model/roles.ts";
import type { Snapshot } from "../../src/model/snapshot.ts";
import { DetectorCall } from "../../src/runners/detector-call.ts";
import { snapshotWith } from "../roles/detector.ts";
import { fakeClock } from "../support/fake-clock.ts";

const SNAPSHOT = snapshotWith();
const NEVER = new AbortController().signal;

/** A detector whose answer the test gives. */
class Scripted extends Detector {
  readonly signals: AbortSignal[] = [];
  answer: () => unknown = () => ({ anomalies: [] });
  override detect(_: Snapshot, signal: AbortSignal): Decision | Promise<Decision> {
    this.signals.push(signal);
    return this.answer() as Decision;
  }
}

function calling(answer?: () => unknown) {
  const detector = new Scripted();
  if (answer !== undefined) detector.answer = answer;
  return { detector, call: new DetectorCall(detector, 0.1) };
}

describe("DetectorCall", () => {
  const ANSWERS: readonly (readonly [string, () => unknown])[] = [
    ["at once", () => "answer"],
    ["by a promise", async () => "answer"],
  ];
  for (const [what, answer] of ANSWERS) {
    test(`gives what the detector gives ${what}, with an unaborted signal`, async () => {
      const { call, detector } = calling(answer);
      expect(await call.ask(SNAPSHOT, NEVER)).toEqual({
        kind: "answer",
        answer: "answer",
        seconds: expect.any(Number) as unknown as number,
      });
      expect(detector.signals.map(({ aborted }) => aborted)).toEqual([false]);
    });
  }

  const ERRORS: readonly (readonly [string, () => unknown])[] = [
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no"))],
  ];
  for (const [what, answer] of ERRORS) {
    test(`gives the error of one that ${what}, and asks it again`, async () => {
      const { call, detector } = calling(answer);
      for (let asked = 0; asked < 2; asked++) {
        const outcome = await call.ask(SNAPSHOT, NEVER);
        expect(outcome.kind === "error" && outcome.error).toEqual(new Error("no"));
      }
      expect(detector.signals.length).toBe(2);
    });
  }

  test("does not wait for a late one, aborts its signal, and asks again only when it is done", async () => {
    using clock = fakeClock();
    const slow = Promise.withResolvers<string>();
    const { call, detector } = calling(() => slow.promise);
    const asked = call.ask(SNAPSHOT, NEVER);
    await clock.pass(90);
    expect(detector.signals.map(({ aborted }) => aborted)).toEqual([false]);
    await clock.pass(20);
    expect(await asked).toMatchObject({ kind: "late" });
    expect(detector.signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(await call.ask(SNAPSHOT, NEVER)).toEqual({ kind: "busy" });
    expect(detector.signals.length).toBe(1);
    slow.resolve("late answer");
    await clock.pass(10);
    detector.answer = () => "new answer";
    expect(await call.ask(SNAPSHOT, NEVER)).toMatchObject({ kind: "answer", answer: "new answer" });
  });

  test("takes the late rejection of one that nobody waits for any more", async () => {
    using clock = fakeClock();
    const slow = Promise.withResolvers<string>();
    const { call } = calling(() => slow.promise);
    const asked = call.ask(SNAPSHOT, NEVER);
    await clock.pass(110);
    expect(await asked).toMatchObject({ kind: "late" });
    slow.reject(new Error("aborted"));
    await clock.pass(10);
    expect(await call.ask(SNAPSHOT, NEVER)).toMatchObject({ kind: "error" });
  });

  test("takes one that kept the thread beyond the deadline for late", async () => {
    const { call, detector } = calling(() => {
      Bun.sleepSync(120);
      return "answer";
    });
    expect(await call.ask(SNAPSHOT, NEVER)).toMatchObject({ kind: "late" });
    detector.answer = () => "next";
    expect(await call.ask(SNAPSHOT, NEVER)).toMatchObject({ kind: "answer", answer: "next" });
  });

  test("stops waiting when the agent stops, and aborts the signal", async () => {
    using clock = fakeClock();
    const { call, detector } = calling(() => new Promise(() => {}));
    const stop = new AbortController();
    const asked = call.ask(SNAPSHOT, stop.signal);
    await clock.pass(10);
    stop.abort();
    expect(await asked).toEqual({ kind: "stopped" });
    expect(detector.signals.map(({ aborted }) => aborted)).toEqual([true]);
  });
});
