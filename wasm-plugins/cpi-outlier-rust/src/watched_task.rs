use crate::contention::Contention;
use crate::load_history::LoadHistory;
use crate::moments::Moments;
use crate::options::{Signal, WantedSignal};
use crate::readings::{Rates, Readings};
use crate::rounds::REMEMBERED_ROUNDS;

/// Rounds in a row in which a task ran uncounted before its counters are given up.
const MOST_UNCOUNTED: u32 = 10;
const LEAST_RUNNING_USAGE: f64 = 0.02;

/// All that is remembered of a task.
pub struct WatchedTask {
    pub id: String,
    pub identity: f64,
    /// CPUs used in each remembered round, 0 where it was not there or not known.
    pub usages: Vec<f64>,
    /// The signal in each remembered round; NaN: no sample.
    pub values: Vec<f64>,
    pub history: LoadHistory,
    /// Cache misses per 1000 instructions in good times.
    pub cache_misses: Moments,
    /// Times of the last outliers.
    pub hits: Vec<f64>,
    /// Since when there have been outliers only.
    pub outlier_since: Option<f64>,
    pub last_outlier: f64,
    pub signal: Option<Signal>,
    pub rates: Rates,
    /// The anomaly that lasts.
    pub contention: Option<Contention>,
    readings: Option<Readings>,
    uncounted: u32,
}

impl WatchedTask {
    pub fn new(id: String, identity: f64) -> Self {
        WatchedTask {
            id,
            identity,
            usages: vec![0.0; REMEMBERED_ROUNDS],
            values: vec![f64::NAN; REMEMBERED_ROUNDS],
            history: LoadHistory::default(),
            cache_misses: Moments::default(),
            hits: vec![],
            outlier_since: None,
            last_outlier: f64::NEG_INFINITY,
            signal: None,
            rates: Rates::NONE,
            contention: None,
            readings: None,
            uncounted: 0,
        }
    }

    /// Takes the readings of a round; `secs` are those since the round before.
    pub fn read(&mut self, readings: Readings, secs: f64, slot: usize) {
        self.rates = self.readings.map_or(Rates::NONE, |before| readings.rates_since(&before, secs));
        self.readings = Some(readings);
        self.usages[slot] = self.usage();
        self.values[slot] = f64::NAN;
    }

    /// CPUs used, 0 where that is not known.
    pub fn usage(&self) -> f64 {
        if self.rates.usage.is_nan() { 0.0 } else { self.rates.usage }
    }

    /// What to judge the task by. A round without instructions is no reason to give its history up.
    pub fn choose_signal(&mut self, wanted: WantedSignal) -> Option<Signal> {
        match wanted {
            WantedSignal::Cpi => return Some(Signal::Cpi),
            WantedSignal::Psi => return Some(Signal::Psi),
            WantedSignal::Auto => (),
        }
        if !self.rates.cpi.is_nan() {
            self.uncounted = 0;
            return Some(Signal::Cpi);
        }
        if self.signal == Some(Signal::Cpi) {
            if self.rates.usage >= LEAST_RUNNING_USAGE {
                self.uncounted += 1;
            }
            if self.uncounted < MOST_UNCOUNTED {
                return self.signal;
            }
        }
        if self.rates.pressure.is_nan() { self.signal } else { Some(Signal::Psi) }
    }

    /// Forgets what is normal for the task.
    pub fn relearn(&mut self) {
        self.history = LoadHistory::default();
        self.cache_misses = Moments::default();
        self.hits.clear();
        self.outlier_since = None;
    }
}
