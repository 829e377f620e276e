use crate::contenders::Contender;
use crate::options::Signal;
use wca_pdk::{Anomaly, Metric, Resource, State};

/// Share of time waiting beyond the usual that counts as the worst.
const WORST_PRESSURE: f64 = 0.5;

/// A sample that is far above what is normal.
#[derive(Clone, Copy, Debug)]
pub struct Outlier {
    pub signal: Signal,
    pub value: f64,
    pub mean: f64,
    pub threshold: f64,
}

/// An anomaly that lasts, as of its last outlier.
#[derive(Debug)]
pub struct Contention {
    pub resource: Resource,
    pub outlier: Outlier,
    pub contenders: Vec<Contender>,
    pub confidence: f64,
}

impl Contention {
    pub fn new(resource: Resource, outlier: Outlier, contenders: Vec<Contender>) -> Self {
        let mut contention = Contention { resource, outlier, contenders: vec![], confidence: 0.0 };
        contention.go_on(outlier, contenders);
        contention
    }

    /// Contenders are named anew when some were found; otherwise the ones before stay.
    pub fn go_on(&mut self, outlier: Outlier, contenders: Vec<Contender>) {
        self.outlier = outlier;
        if let Some(first) = contenders.first() {
            self.confidence = first.score.clamp(0.0, 1.0);
            self.contenders = contenders;
        }
    }

    pub fn anomaly(&self, contended_task_id: &str, state: State) -> Anomaly {
        Anomaly {
            resource: self.resource,
            contended_task_id: contended_task_id.into(),
            contending_task_ids: self.contenders.iter().map(|contender| contender.id.clone()).collect(),
            metrics: self.metrics(),
            severity: Some(if state == State::Clear { 0.0 } else { self.outlier.severity() }),
            confidence: Some(self.confidence),
            state: Some(state),
        }
    }

    fn metrics(&self) -> Vec<Metric> {
        let Outlier { signal, value, mean, threshold } = self.outlier;
        let of_signal = |name, value| Metric::gauge(name, value).label("signal", signal.word());
        let mut metrics = vec![
            of_signal("cpi_outlier_value", value),
            of_signal("cpi_outlier_mean", mean),
            of_signal("cpi_outlier_threshold", threshold),
        ];
        metrics.extend(self.contenders.iter().map(|Contender { id, score }| {
            Metric::gauge("cpi_outlier_correlation", *score).label("contending_task_id", id)
        }));
        metrics
    }
}

impl Outlier {
    fn severity(&self) -> f64 {
        match self.signal {
            Signal::Psi => ((self.value - self.mean) / WORST_PRESSURE).clamp(0.0, 1.0),
            Signal::Cpi if self.mean <= 0.0 => 1.0,
            Signal::Cpi => (self.value / self.mean - 1.0).clamp(0.0, 1.0),
        }
    }
}
