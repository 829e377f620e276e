/** From then on every sample weighs as much as the one before, and old ones fade. */
const MOST_SAMPLES = 3600;

/** Mean and variance of samples, exponentially weighted once there are many. */
export class Moments {
  count = 0;
  mean = 0;
  variance = 0;

  /** The other implementations do this in the same order: results are compared to 1e-9. */
  add(sample: number): void {
    this.count = Math.min(this.count + 1, MOST_SAMPLES);
    const weight = 1 / this.count;
    const difference = sample - this.mean;
    this.mean = this.mean + weight * difference;
    this.variance = (1 - weight) * (this.variance + weight * difference * difference);
  }

  get deviation(): number {
    return Math.sqrt(this.variance);
  }
}
