// From then on every sample weighs as much as the one before, and old ones fade.
const MOST_SAMPLES: i32 = 3600;

/** Mean and variance of samples, exponentially weighted once there are many. */
export class Moments {
  count: i32 = 0;
  mean: f64 = 0;
  variance: f64 = 0;

  add(sample: f64): void {
    if (this.count < MOST_SAMPLES) this.count++;
    const weight = 1.0 / <f64>this.count;
    const difference = sample - this.mean;
    this.mean = this.mean + weight * difference;
    this.variance = (1.0 - weight) * (this.variance + weight * difference * difference);
  }

  get deviation(): f64 {
    return Math.sqrt(this.variance);
  }
}
