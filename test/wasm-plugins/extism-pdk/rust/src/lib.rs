//! A detector written with nothing but Extism's PDK for Rust: names the first task that the snapshot has.

use extism_pdk::*;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Snapshot {
    tasks: Vec<Task>,
}

#[derive(Deserialize)]
struct Task {
    id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Anomaly {
    resource: &'static str,
    contended_task_id: String,
    contending_task_ids: Vec<String>,
}

#[derive(Serialize)]
struct Decision {
    anomalies: Vec<Anomaly>,
}

#[plugin_fn]
pub fn describe() -> FnResult<&'static str> {
    Ok(r#"{"protocol":1,"role":"detector","doc":"Names the first task.","measurements":[]}"#)
}

#[plugin_fn]
pub fn detect(Json(snapshot): Json<Snapshot>) -> FnResult<Json<Decision>> {
    let resource = config::get("resource")?.ok_or_else(|| Error::msg("the option resource is missing"))?;
    let resource = if resource == "cache" { "cache" } else { "cpus" };
    let calls: u64 = var::get::<u64>("calls")?.unwrap_or(0) + 1;
    var::set("calls", calls)?;
    info!("call {calls}");
    let first = snapshot.tasks.into_iter().next();
    let anomalies = first.into_iter().map(|task| Anomaly {
        resource,
        contending_task_ids: vec![format!("{}-{calls}", task.id)],
        contended_task_id: task.id,
    });
    Ok(Json(Decision { anomalies: anomalies.collect() }))
}
