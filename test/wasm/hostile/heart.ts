import { resident } from "./own-process.ts";

const BEAT_MS = 2;

/** Beats often, and notes how late the latest beat was and how much memory there was at most. */
export class Heart {
  #last = performance.now();
  #stallMs = 0;
  #peak = 0;
  readonly #timer = setInterval(() => this.#beat(), BEAT_MS);

  #beat(): void {
    const now = performance.now();
    this.#stallMs = Math.max(this.#stallMs, now - this.#last - BEAT_MS);
    this.#last = now;
    this.#peak = Math.max(this.#peak, resident());
  }

  stop(): { readonly stallMs: number; readonly peak: number } {
    clearInterval(this.#timer);
    return { stallMs: this.#stallMs, peak: this.#peak };
  }
}
