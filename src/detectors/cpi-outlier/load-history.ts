import { Moments } from "./moments.ts";

const BINS = 64;

/** What is normal for a task, by load: a busy task waits more, and its CPI is another one. */
export class LoadHistory {
  readonly #loadStep: number;
  readonly #minSamples: number;
  #bins: (Moments | undefined)[] = [];
  #isReady = false;

  constructor(options: { readonly load_step: number; readonly min_samples: number }) {
    this.#loadStep = options.load_step;
    this.#minSamples = options.min_samples;
  }

  /** Whether any bin has enough samples. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** The history of that load, or of the nearest one known; of two equally near the busier one. */
  baseline(usage: number): Moments | undefined {
    const bin = this.#binOf(usage);
    for (let distance = 0; this.#isReady && distance < BINS; distance++) {
      const found = this.#ready(bin + distance) ?? this.#ready(bin - distance);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  learn(usage: number, sample: number): void {
    const bin = this.#binOf(usage);
    const moments = this.#bins[bin] ?? new Moments();
    this.#bins[bin] = moments;
    moments.add(sample);
    if (moments.count >= this.#minSamples) this.#isReady = true;
  }

  forget(): void {
    this.#bins = [];
    this.#isReady = false;
  }

  #binOf(usage: number): number {
    return Math.min(BINS - 1, Math.floor(usage / this.#loadStep));
  }

  #ready(bin: number): Moments | undefined {
    const moments = this.#bins[bin];
    return moments !== undefined && moments.count >= this.#minSamples ? moments : undefined;
  }
}
