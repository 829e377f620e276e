use crate::contenders::{Contender, ContenderSearch};
use crate::contention::{Contention, Outlier};
use crate::options::{Options, Signal};
use crate::rounds::Rounds;
use crate::watched_task::WatchedTask;
use std::collections::HashSet;
use wca_pdk::{Anomaly, Resource, State};

/// Share of the waiting from which it was the task's own quota.
const OWN_QUOTA: f64 = 0.5;

/// A round, all its tasks read.
pub struct Round<'a> {
    pub secs: f64,
    pub rounds: &'a Rounds,
    pub present: &'a HashSet<String>,
    pub options: &'a Options,
}

/// Says how the task at that index fares in the round, and remembers it in the task.
pub fn judge(
    tasks: &mut [WatchedTask],
    index: usize,
    round: &Round,
    search: &mut ContenderSearch,
) -> Option<Anomaly> {
    let task = &mut tasks[index];
    if let Some(contention) = &mut task.contention {
        contention.contenders.retain(|contender| round.present.contains(&contender.id));
    }
    let before = task.signal;
    task.signal = task.choose_signal(round.options.signal);
    if before.is_some() && task.signal != before {
        return change_signal(task);
    }
    let (is_sample, outlier) = look(task, round);
    count(task, round, is_sample, outlier.is_some());
    let anomaly = match outlier {
        None => calm(&mut tasks[index], round),
        Some(outlier) => {
            let found = search.find(tasks, index, outlier.threshold, round.rounds, round.options);
            suffering(&mut tasks[index], outlier, found, round)
        }
    };
    let task = &mut tasks[index];
    match task.outlier_since {
        Some(since) if round.secs - since >= round.options.relearn_after => relearn(task, anomaly),
        _ => anomaly,
    }
}

/// One signal says nothing of another: the task is new, but for what suspects used.
fn change_signal(task: &mut WatchedTask) -> Option<Anomaly> {
    task.relearn();
    task.values.fill(f64::NAN);
    let contention = task.contention.take()?;
    Some(contention.anomaly(&task.id, State::Clear))
}

/// Whether the task gave a sample, and the outlier if it is one. Learns when all is well.
fn look(task: &mut WatchedTask, round: &Round) -> (bool, Option<Outlier>) {
    let (Some(signal), rates) = (task.signal, task.rates) else { return (false, None) };
    let (value, least_usage) = match signal {
        Signal::Cpi => (rates.cpi, 0.25),
        Signal::Psi => (rates.pressure, 0.02),
    };
    let is_loaded = rates.usage >= round.options.min_usage.unwrap_or(least_usage);
    if value.is_nan() || (signal == Signal::Cpi && !is_loaded) {
        return (false, None);
    }
    if signal == Signal::Psi && rates.throttled > OWN_QUOTA * value {
        return (true, None);
    }
    task.values[round.rounds.slot()] = value;
    let outlier = outlier(task, signal, value, round.options);
    if outlier.is_none() && is_loaded && task.contention.is_none() {
        task.history.learn(task.usage(), value, round.options);
        if !rates.mpki.is_nan() {
            task.cache_misses.add(rates.mpki);
        }
    }
    (true, outlier)
}

fn outlier(task: &WatchedTask, signal: Signal, value: f64, options: &Options) -> Option<Outlier> {
    let baseline = task.history.baseline(task.usage(), options)?;
    let mean = baseline.mean;
    let excess = match signal {
        Signal::Cpi => mean * options.min_excess,
        Signal::Psi => options.min_excess,
    };
    let threshold = (mean + options.sigmas * baseline.deviation()).max(mean + excess);
    (value > threshold).then_some(Outlier { signal, value, mean, threshold })
}

/// Keeps the book of outliers. A row of them ends with a good sample, or without any samples after a while.
fn count(task: &mut WatchedTask, round: &Round, is_sample: bool, is_outlier: bool) {
    if is_outlier {
        task.outlier_since.get_or_insert(round.secs);
        task.last_outlier = round.secs;
        task.hits.push(round.secs);
        if task.hits.len() > round.options.hits {
            task.hits.remove(0);
        }
    } else if is_sample || round.secs - task.last_outlier >= round.options.clear_after {
        task.outlier_since = None;
    }
}

fn suffering(
    task: &mut WatchedTask,
    outlier: Outlier,
    found: Vec<Contender>,
    round: &Round,
) -> Option<Anomaly> {
    if let Some(contention) = &mut task.contention {
        contention.go_on(outlier, found);
        return Some(contention.anomaly(&task.id, State::Ongoing));
    }
    let options = round.options;
    let enough = task.hits.len() >= options.hits && task.hits[0] >= round.secs - options.window;
    if !enough || (found.is_empty() && !options.report_unattributed) {
        return None;
    }
    let contention = Contention::new(resource(task, outlier.signal, options), outlier, found);
    Some(task.contention.insert(contention).anomaly(&task.id, State::Onset))
}

fn calm(task: &mut WatchedTask, round: &Round) -> Option<Anomaly> {
    let contention = task.contention.as_ref()?;
    if round.secs - task.last_outlier < round.options.clear_after {
        return Some(contention.anomaly(&task.id, State::Ongoing));
    }
    let anomaly = contention.anomaly(&task.id, State::Clear);
    task.contention = None;
    task.hits.clear();
    Some(anomaly)
}

/// Misses that grew as well speak for the cache; else counters do not tell what was contended for.
fn resource(task: &WatchedTask, signal: Signal, options: &Options) -> Resource {
    if signal == Signal::Psi {
        return Resource::Cpus;
    }
    let (usual, mpki) = (&task.cache_misses, task.rates.mpki);
    let grew = mpki > usual.mean + options.sigmas * usual.deviation()
        && mpki > usual.mean * (1.0 + options.min_excess);
    if usual.count >= options.min_samples && grew { Resource::Cache } else { Resource::Unknown }
}

/// Outliers for so long are the new normal. Ends what had begun before this round.
fn relearn(task: &mut WatchedTask, anomaly: Option<Anomaly>) -> Option<Anomaly> {
    task.relearn();
    let contention = task.contention.take();
    match (anomaly?, contention) {
        (Anomaly { state: Some(State::Onset), .. }, _) => None,
        (_, Some(contention)) => Some(contention.anomaly(&task.id, State::Clear)),
        (anomaly, None) => Some(anomaly),
    }
}
