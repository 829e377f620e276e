import type { Detector } from "../model/roles.ts";
import type { Snapshot } from "../model/snapshot.ts";

/** What became of one question. */
export type Answer =
  | { readonly kind: "answer"; readonly answer: unknown; readonly seconds: number }
  | { readonly kind: "error"; readonly error: unknown; readonly seconds: number }
  /** Not done within the deadline: what it says later is ignored. */
  | { readonly kind: "late"; readonly seconds: number }
  /** Not asked: an earlier question that was late has no answer yet. */
  | { readonly kind: "busy" }
  /** The agent stops. */
  | { readonly kind: "stopped" };

/** Asks a detector, one question at a time, and never waits longer than the deadline. */
export class DetectorCall {
  readonly #detector: Detector;
  readonly #deadlineSecs: number;
  #isBusy = false;

  constructor(detector: Detector, deadlineSecs: number) {
    this.#detector = detector;
    this.#deadlineSecs = deadlineSecs;
  }

  /** Never rejects. */
  async ask(snapshot: Snapshot, stop: AbortSignal): Promise<Answer> {
    if (this.#isBusy) return { kind: "busy" };
    const started = performance.now();
    const abort = new AbortController();
    const ended = Promise.withResolvers<"late" | "stopped">();
    const timer = setTimeout(() => ended.resolve("late"), this.#deadlineSecs * 1000);
    const onStop = () => ended.resolve("stopped");
    stop.addEventListener("abort", onStop);
    try {
      const outcome = await Promise.race([this.#call(snapshot, abort.signal), ended.promise]);
      const seconds = (performance.now() - started) / 1000;
      if (outcome === "stopped") return { kind: "stopped" };
      // One that keeps the thread is late without the timer having had a chance.
      if (outcome === "late" || seconds > this.#deadlineSecs) return { kind: "late", seconds };
      return { ...outcome, seconds };
    } finally {
      clearTimeout(timer);
      stop.removeEventListener("abort", onStop);
      if (this.#isBusy) abort.abort();
    }
  }

  /** One that throws at once and one whose promise rejects are the same to the caller. */
  async #call(
    snapshot: Snapshot,
    signal: AbortSignal,
  ): Promise<
    | { readonly kind: "answer"; readonly answer: unknown }
    | { readonly kind: "error"; readonly error: unknown }
  > {
    this.#isBusy = true;
    try {
      return { kind: "answer", answer: await this.#detector.detect(snapshot, signal) };
    } catch (error) {
      return { kind: "error", error };
    } finally {
      this.#isBusy = false;
    }
  }
}
