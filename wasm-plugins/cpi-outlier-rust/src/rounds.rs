/// Rounds that are remembered.
pub const REMEMBERED_ROUNDS: usize = 600;
/// A clock that was set back by more than this many seconds is believed.
const MOST_STEP_BACK_SECS: f64 = 60.0;

/// The times of the last rounds. Tasks keep their samples in the same slots.
#[derive(Default)]
pub struct Rounds {
    times: Vec<f64>,
    count: usize,
}

#[derive(Debug, PartialEq)]
pub enum Began {
    Round,
    /// The clock has not moved on, so nothing can be said of the time between.
    Still,
    /// It was set back for good: all that was remembered is worthless, and this is the first round again.
    Back,
}

impl Rounds {
    pub fn begin(&mut self, secs: f64) -> Began {
        let is_back = secs < self.time() - MOST_STEP_BACK_SECS;
        if is_back {
            self.count = 0;
        } else if secs <= self.time() {
            return Began::Still;
        }
        self.count += 1;
        self.times.resize(REMEMBERED_ROUNDS, f64::NAN);
        let slot = self.slot();
        self.times[slot] = secs;
        if is_back { Began::Back } else { Began::Round }
    }

    /// Of this round; NaN before the first.
    pub fn time(&self) -> f64 {
        if self.count == 0 { f64::NAN } else { self.times[self.slot()] }
    }

    /// Where this round's samples are.
    pub fn slot(&self) -> usize {
        (self.count - 1) % REMEMBERED_ROUNDS
    }

    pub fn time_at(&self, slot: usize) -> f64 {
        self.times[slot]
    }

    /// Slots in the order of time, this round last.
    pub fn slots(&self) -> impl Iterator<Item = usize> {
        (self.count.saturating_sub(REMEMBERED_ROUNDS)..self.count).map(|round| round % REMEMBERED_ROUNDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_600_rounds_are_remembered_in_the_order_of_time() {
        let mut rounds = Rounds::default();
        for secs in 0..602 {
            assert_eq!(rounds.begin(f64::from(secs)), Began::Round);
        }
        let slots: Vec<usize> = rounds.slots().collect();
        assert_eq!((slots.len(), slots[0], slots[599], rounds.slot()), (600, 2, 1, 1));
        assert_eq!(rounds.begin(601.0), Began::Still);
        assert_eq!(rounds.begin(541.0), Began::Still);
        assert_eq!(rounds.begin(540.0), Began::Back);
        assert_eq!((rounds.slots().count(), rounds.time()), (1, 540.0));
    }
}
