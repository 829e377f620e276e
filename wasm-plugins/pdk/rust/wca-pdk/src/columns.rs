use crate::{Json, Measurements, Platform};
use serde::Deserialize;
use std::collections::BTreeMap;

/// All of one round in the form `columnar`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Columns {
    pub time_ms: f64,
    pub interval_secs: f64,
    #[serde(default)]
    pub platform: Option<Platform>,
    #[serde(default)]
    pub platform_measurements: Measurements,
    pub tasks: TaskColumns,
    /// Path into the measurements of each column.
    pub columns: Vec<Vec<String>>,
    /// For each column the values of all tasks.
    pub values: Vec<Vec<Option<f64>>>,
}

/// One entry for each task in all of them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskColumns {
    pub id: Vec<String>,
    pub name: Vec<String>,
    pub cgroup_path: Vec<String>,
    pub subcgroup_paths: Vec<Vec<String>>,
    pub identity: Vec<f64>,
    pub labels: Vec<BTreeMap<String, String>>,
    pub resources: Vec<BTreeMap<String, Json>>,
}
