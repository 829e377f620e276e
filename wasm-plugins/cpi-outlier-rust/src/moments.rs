/// From then on every sample weighs as much as the one before, and old ones fade.
const MOST_SAMPLES: u32 = 3600;

/// Mean and variance of samples, exponentially weighted once there are many.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    pub count: u32,
    pub mean: f64,
    pub variance: f64,
}

impl Moments {
    pub fn add(&mut self, sample: f64) {
        self.count = (self.count + 1).min(MOST_SAMPLES);
        let weight = 1.0 / f64::from(self.count);
        let difference = sample - self.mean;
        self.mean += weight * difference;
        self.variance = (1.0 - weight) * (self.variance + weight * difference * difference);
    }

    pub fn deviation(&self) -> f64 {
        self.variance.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_samples_weigh_the_same() {
        let mut moments = Moments::default();
        [1.0, 2.0, 6.0].iter().for_each(|sample| moments.add(*sample));
        assert_eq!((moments.count, moments.mean), (3, 3.0));
        assert!((moments.variance - 14.0 / 3.0).abs() < 1e-12);
    }
}
