import { Moments } from "./moments";
import { Options } from "./options";

const BINS: i32 = 64;

/** What is normal for a task, by load. */
export class LoadHistory {
  isReady: bool = false;
  private bins: StaticArray<Moments | null> = new StaticArray<Moments | null>(BINS);

  constructor(private options: Options) {}

  /** The history of that load, or of the nearest one known; of two equally near the busier one. */
  baseline(usage: f64): Moments | null {
    const bin = this.binOf(usage);
    for (let distance = 0; this.isReady && distance < BINS; distance++) {
      const busier = this.ready(bin + distance);
      if (busier != null) return busier;
      const idler = this.ready(bin - distance);
      if (idler != null) return idler;
    }
    return null;
  }

  learn(usage: f64, sample: f64): void {
    const bin = this.binOf(usage);
    let moments = this.bins[bin];
    if (moments == null) {
      moments = new Moments();
      this.bins[bin] = moments;
    }
    moments.add(sample);
    if (moments.count >= this.options.minSamples) this.isReady = true;
  }

  forget(): void {
    this.bins = new StaticArray<Moments | null>(BINS);
    this.isReady = false;
  }

  private binOf(usage: f64): i32 {
    const bin = Math.floor(usage / this.options.loadStep);
    return bin < <f64>(BINS - 1) ? <i32>bin : BINS - 1;
  }

  private ready(bin: i32): Moments | null {
    if (bin < 0 || bin >= BINS) return null;
    const moments = this.bins[bin];
    return moments != null && moments.count >= this.options.minSamples ? moments : null;
  }
}
