use std::collections::HashMap;
use wca_pdk::{
    detector, json, Anomaly, Decision, Description, Detector, Failure, Init, Metric, Resource, Snapshot,
};

detector!(Stalled);

/// Tasks that wait for a CPU during more than a share of the time.
#[derive(Default)]
struct Stalled {
    share: f64,
    /// Time and seconds of waiting so far, by task, of the round before.
    before: HashMap<String, (f64, f64)>,
}

impl Detector for Stalled {
    type Input = Snapshot;

    fn describe() -> Description {
        Description {
            options: Some(json!({
                "type": "object",
                "properties": {
                    "share": { "type": "number", "minimum": 0, "maximum": 1, "default": 0.5,
                               "description": "Share of time waiting for a CPU above which a task suffers." }
                }
            })),
            measurements: Some(vec!["task_pressure_seconds_total"]),
            platform_measurements: Some(vec![]),
            ..Description::detector("Tasks that wait for a CPU during more than a share of the time.")
        }
    }

    fn init(&mut self, message: &Init) -> Result<(), Failure> {
        self.share = message.options["share"].as_f64().unwrap_or(0.5);
        Ok(())
    }

    fn detect(&mut self, snapshot: Snapshot) -> Result<Decision, Failure> {
        let now = snapshot.time_ms / 1000.0;
        let mut decision = Decision::default();
        let before = std::mem::take(&mut self.before);
        for task in snapshot.tasks {
            let pressure = task.measurements.get("task_pressure_seconds_total");
            let Some(stalled) = pressure.and_then(|value| value.at(&["cpu", "some"])?.number()) else {
                continue;
            };
            if let Some((time, seconds)) = before.get(&task.id) {
                let share = (stalled - seconds) / (now - time);
                if now > *time && share > self.share {
                    decision.anomalies.push(Anomaly {
                        resource: Resource::Cpus,
                        contended_task_id: task.id.clone(),
                        severity: Some(share.min(1.0)),
                        metrics: vec![Metric::gauge("stalled_share", share)],
                        ..Anomaly::default()
                    });
                }
            }
            self.before.insert(task.id, (now, stalled));
        }
        Ok(decision)
    }
}
