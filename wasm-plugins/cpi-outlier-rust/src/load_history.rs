use crate::moments::Moments;
use crate::options::Options;

const BINS: usize = 64;

/// What is normal for a task, by load: a busy task waits more, and its CPI is another one.
#[derive(Default)]
pub struct LoadHistory {
    /// As many as have been needed.
    bins: Vec<Moments>,
    is_ready: bool,
}

impl LoadHistory {
    /// Whether any bin has enough samples.
    pub fn is_ready(&self) -> bool {
        self.is_ready
    }

    /// The history of that load, or of the nearest one known; of two equally near the busier one.
    pub fn baseline(&self, usage: f64, options: &Options) -> Option<Moments> {
        let bin = bin_of(usage, options);
        let ready = |bin: usize| self.bins.get(bin).filter(|moments| moments.count >= options.min_samples);
        let near = |distance| ready(bin + distance).or_else(|| ready(bin.checked_sub(distance)?));
        if !self.is_ready {
            return None;
        }
        (0..BINS).find_map(near).copied()
    }

    pub fn learn(&mut self, usage: f64, sample: f64, options: &Options) {
        let bin = bin_of(usage, options);
        if self.bins.len() <= bin {
            self.bins.resize(bin + 1, Moments::default());
        }
        self.bins[bin].add(sample);
        self.is_ready |= self.bins[bin].count >= options.min_samples;
    }
}

fn bin_of(usage: f64, options: &Options) -> usize {
    (usage / options.load_step).floor().min((BINS - 1) as f64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_known_load_counts_and_of_two_the_busier_one() {
        let options = Options { min_samples: 2, ..Options::default() };
        let mut history = LoadHistory::default();
        assert_eq!(history.baseline(0.0, &options), None);
        for (usage, sample) in [(0.1, 1.0), (0.1, 1.0), (2.2, 5.0), (2.2, 5.0), (1.2, 9.0), (1e9, 7.0)] {
            history.learn(usage, sample, &options);
        }
        let mean = |usage| history.baseline(usage, &options).map(|moments| moments.mean);
        assert_eq!([0.6, 1.2, 1.7, 1e9].map(mean), [1.0, 5.0, 5.0, 5.0].map(Some));
    }
}
