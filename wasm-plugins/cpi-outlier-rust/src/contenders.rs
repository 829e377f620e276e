use crate::options::Options;
use crate::rounds::Rounds;
use crate::watched_task::WatchedTask;

/// CPUs that a suspect uses more in bad rounds, on average, from which it can be to blame at all.
const LEAST_EXTRA_USAGE: f64 = 0.05;

/// A task that is thought to slow another one down.
#[derive(Clone, Debug, PartialEq)]
pub struct Contender {
    pub id: String,
    /// -1 to 1: how far what it used beyond its usual went along with the other's suffering.
    pub score: f64,
}

/// How bad a remembered round was for the victim, seen from the threshold of now.
struct Weighed {
    slot: usize,
    is_bad: bool,
    weight: f64,
}

struct Suspect<'a> {
    id: &'a str,
    score: f64,
    extra_usage: f64,
}

/// Finds out who was busy while a task suffered: the antagonist score of CPI². Its space is used again and again.
#[derive(Default)]
pub struct ContenderSearch {
    rounds: Vec<Weighed>,
    bad: usize,
}

impl ContenderSearch {
    /// The most suspicious first. Nothing when the task has had no good round to compare with, or nobody is.
    pub fn find(
        &mut self,
        tasks: &[WatchedTask],
        victim: usize,
        threshold: f64,
        rounds: &Rounds,
        options: &Options,
    ) -> Vec<Contender> {
        self.weigh(&tasks[victim].values, threshold, rounds, options);
        if self.bad == self.rounds.len() {
            return vec![];
        }
        let others = tasks.iter().enumerate().filter(|(index, _)| *index != victim);
        let mut suspects: Vec<Suspect> = others
            .filter_map(|(_, task)| self.suspect(task))
            .filter(|suspect| suspect.score >= options.correlation)
            .collect();
        suspects.sort_by(|a, b| {
            let by_score = b.score.total_cmp(&a.score);
            by_score.then(b.extra_usage.total_cmp(&a.extra_usage)).then(a.id.cmp(b.id))
        });
        suspects
            .iter()
            .take(options.max_contenders)
            .map(|suspect| Contender { id: suspect.id.into(), score: suspect.score })
            .collect()
    }

    fn weigh(&mut self, values: &[f64], threshold: f64, rounds: &Rounds, options: &Options) {
        let after = rounds.time() - options.correlation_window;
        self.rounds.clear();
        for slot in rounds.slots().filter(|slot| rounds.time_at(*slot) > after) {
            let value = values[slot];
            if value.is_nan() {
                continue;
            }
            let is_bad = value > threshold;
            let weight = match is_bad {
                true => 1.0 - threshold / value,
                false if threshold > 0.0 => value / threshold - 1.0,
                false => 0.0,
            };
            self.rounds.push(Weighed { slot, is_bad, weight });
        }
        self.bad = self.rounds.iter().filter(|round| round.is_bad).count();
    }

    /// What a task used beyond its own usage in the good rounds: one that is always busy is innocent.
    fn suspect<'a>(&self, task: &'a WatchedTask) -> Option<Suspect<'a>> {
        let mut in_good = 0.0;
        for round in self.rounds.iter().filter(|round| !round.is_bad) {
            in_good += task.usages[round.slot];
        }
        let base = in_good / (self.rounds.len() - self.bad) as f64;
        let extra = |round: &Weighed| (task.usages[round.slot] - base).max(0.0);
        let (mut usage, mut in_bad) = (0.0, 0.0);
        for round in &self.rounds {
            usage += extra(round);
            if round.is_bad {
                in_bad += extra(round);
            }
        }
        if usage <= 0.0 || in_bad / (self.bad as f64) < LEAST_EXTRA_USAGE {
            return None;
        }
        let mut score = 0.0;
        for round in &self.rounds {
            score += extra(round) / usage * round.weight;
        }
        Some(Suspect { id: &task.id, score, extra_usage: in_bad })
    }
}
