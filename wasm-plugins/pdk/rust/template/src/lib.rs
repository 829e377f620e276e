use wca_pdk::{
    detector, json, Anomaly, Decision, Description, Detector, Failure, Init, Resource, Snapshot, Value,
};

detector!(ManyPids);

/// Reports tasks with more than `threshold` processes and threads.
#[derive(Default)]
struct ManyPids {
    threshold: f64,
}

impl Detector for ManyPids {
    type Input = Snapshot;

    fn describe() -> Description {
        Description {
            version: Some(env!("CARGO_PKG_VERSION").into()),
            measurements: Some(vec!["task_pids"]),
            platform_measurements: Some(vec![]),
            options: Some(json!({ "type": "object", "properties": { "threshold": {
                "type": "number",
                "default": 1000,
                "description": "Processes and threads from which a task is reported."
            } } })),
            ..Description::detector("Reports tasks with many processes and threads.")
        }
    }

    fn init(&mut self, message: &Init) -> Result<(), Failure> {
        self.threshold = message.options["threshold"].as_f64().unwrap_or(1000.0);
        Ok(())
    }

    fn detect(&mut self, snapshot: Snapshot) -> Result<Decision, Failure> {
        let mut decision = Decision::default();
        for task in snapshot.tasks {
            let pids = task.measurements.get("task_pids").and_then(Value::number);
            if pids.is_some_and(|pids| pids > self.threshold) {
                decision.anomalies.push(Anomaly {
                    resource: Resource::Unknown,
                    contended_task_id: task.id,
                    ..Anomaly::default()
                });
            }
        }
        Ok(decision)
    }
}
