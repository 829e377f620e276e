use crate::contenders::ContenderSearch;
use crate::judge::{judge, Round};
use crate::options::{schema, Options};
use crate::readings::Readings;
use crate::rounds::{Began, Rounds};
use crate::watched_task::WatchedTask;
use std::collections::{HashMap, HashSet};
use wca_pdk::{Decision, Description, Detector, Failure, Init, Metric, Snapshot, Task};

#[derive(Default)]
pub struct CpiOutlier {
    options: Options,
    rounds: Rounds,
    /// In the order of the snapshot.
    tasks: Vec<WatchedTask>,
    search: ContenderSearch,
}

impl Detector for CpiOutlier {
    type Input = Snapshot;

    fn describe() -> Description {
        Description {
            version: Some(env!("CARGO_PKG_VERSION").into()),
            options: Some(schema()),
            measurements: Some(vec![
                "task_cpu_usage_seconds",
                "task_cycles",
                "task_instructions",
                "task_cache_misses",
                "task_pressure_seconds_total",
                "task_cpu_throttled_seconds_total",
            ]),
            platform_measurements: Some(vec![]),
            ..Description::detector(
                "Finds tasks whose cycles per instruction, or CPU pressure, are far above their own history \
                 at the same load, and the tasks whose CPU usage went along with it.",
            )
        }
    }

    fn init(&mut self, message: &Init) -> Result<(), Failure> {
        self.options = serde_json::from_value(message.options.clone())?;
        Ok(())
    }

    fn detect(&mut self, snapshot: Snapshot) -> Result<Decision, Failure> {
        let secs = snapshot.time_ms / 1000.0;
        let last = self.rounds.time();
        match self.rounds.begin(secs) {
            Began::Still => return Ok(Decision { anomalies: vec![], metrics: self.census() }),
            Began::Back => self.tasks.clear(),
            Began::Round => (),
        }
        self.read(snapshot.tasks, secs - last);
        let present: HashSet<String> = self.tasks.iter().map(|task| task.id.clone()).collect();
        let round = Round { secs, rounds: &self.rounds, present: &present, options: &self.options };
        let anomalies = (0..self.tasks.len())
            .filter_map(|index| judge(&mut self.tasks, index, &round, &mut self.search))
            .collect();
        Ok(Decision { anomalies, metrics: self.census() })
    }
}

impl CpiOutlier {
    /// All tasks are read before any is judged, because each can be a contender of any other.
    fn read(&mut self, observed: Vec<Task>, secs: f64) {
        let mut known: HashMap<String, WatchedTask> =
            self.tasks.drain(..).map(|task| (task.id.clone(), task)).collect();
        let slot = self.rounds.slot();
        for Task { id, identity, measurements, .. } in observed {
            let mut task = known
                .remove(&id)
                .filter(|task| task.identity == identity)
                .unwrap_or_else(|| WatchedTask::new(id, identity));
            task.read(Readings::of(&measurements), secs, slot);
            self.tasks.push(task);
        }
    }

    fn census(&self) -> Vec<Metric> {
        let (mut learning, mut watched, mut contended) = (0, 0, 0);
        for task in &self.tasks {
            *match (&task.contention, task.history.is_ready()) {
                (Some(_), _) => &mut contended,
                (None, true) => &mut watched,
                (None, false) => &mut learning,
            } += 1;
        }
        [("learning", learning), ("watched", watched), ("contended", contended)]
            .map(|(state, count)| Metric::gauge("cpi_outlier_tasks", f64::from(count)).label("state", state))
            .into()
    }
}
