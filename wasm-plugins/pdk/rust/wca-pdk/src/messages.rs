//! The messages, field by field as in the agent's `src/protocol/messages.ts`.

use crate::{Json, Measurements};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How the agent sends snapshots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InputForm {
    #[default]
    Json,
    Columnar,
    Binary,
}

/// What the plugin is. `..Description::detector(doc)` fills in the rest.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    pub protocol: u32,
    pub role: &'static str,
    pub doc: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// JSON Schema of the options: an object with properties.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<Json>,
    /// Set by [`crate::detector!`] after the detector's `Input`.
    pub input: InputForm,
    /// Names of the measurements it looks at. `None`: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measurements: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform_measurements: Option<Vec<&'static str>>,
}

impl Description {
    /// A detector without options that wants all measurements.
    pub fn detector(doc: &str) -> Self {
        Description {
            protocol: 1,
            role: "detector",
            doc: doc.into(),
            version: None,
            options: None,
            input: InputForm::Json,
            measurements: None,
            platform_measurements: None,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Init {
    pub protocol: u32,
    /// As configured, defaults filled in.
    #[serde(default)]
    pub options: Json,
    #[serde(default)]
    pub hostname: String,
    #[serde(default)]
    pub agent_version: String,
}

/// All of one round.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Wall clock, milliseconds since the epoch.
    pub time_ms: f64,
    pub interval_secs: f64,
    #[serde(default)]
    pub platform: Option<Platform>,
    #[serde(default)]
    pub platform_measurements: Measurements,
    pub tasks: Vec<Task>,
}

/// The machine; keys of maps are decimal numbers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Platform {
    pub cpu_model: String,
    pub cpu_vendor: Option<String>,
    pub cpu_family: Option<u32>,
    pub cpu_model_number: Option<u32>,
    pub cpu_stepping: Option<u32>,
    pub sockets: u32,
    pub cores: u32,
    pub cpus: u32,
    pub online_cpus: Vec<u32>,
    /// socket → core → CPUs.
    pub topology: BTreeMap<String, BTreeMap<String, Vec<u32>>>,
    pub node_cpus: BTreeMap<String, Vec<u32>>,
    pub node_distances: BTreeMap<String, BTreeMap<String, f64>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Task {
    pub id: String,
    pub name: String,
    pub cgroup_path: String,
    pub subcgroup_paths: Vec<String>,
    /// Inode of the cgroup: another one means that counters start anew.
    pub identity: f64,
    pub labels: BTreeMap<String, String>,
    /// Numbers or text.
    pub resources: BTreeMap<String, Json>,
    pub measurements: Measurements,
}

/// Where an anomaly is in its life. One that is `Clear` has just ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Onset,
    Ongoing,
    Clear,
}

/// What tasks contend for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub enum Resource {
    #[serde(rename = "memory bandwidth")]
    MemoryBandwidth,
    #[serde(rename = "cache")]
    Cache,
    #[serde(rename = "cpus")]
    Cpus,
    #[serde(rename = "thermal design power")]
    ThermalDesignPower,
    #[default]
    #[serde(rename = "unknown resource")]
    Unknown,
}

/// The task named by its id suffers from others.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Anomaly {
    pub resource: Resource,
    pub contended_task_id: String,
    /// Who is thought to cause it; empty when that is not known.
    pub contending_task_ids: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
    /// How much the contended task suffers, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<f64>,
    /// How sure the detector is, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricType {
    Gauge,
    Counter,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Metric {
    pub name: String,
    pub value: f64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<MetricType>,
}

impl Metric {
    /// A gauge without labels.
    pub fn gauge(name: &str, value: f64) -> Self {
        Metric { name: name.into(), value, labels: BTreeMap::new(), kind: Some(MetricType::Gauge) }
    }

    pub fn label(mut self, name: &str, value: &str) -> Self {
        self.labels.insert(name.into(), value.into());
        self
    }
}

/// What was concluded from one snapshot.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Decision {
    pub anomalies: Vec<Anomaly>,
    /// Metrics of the detector's own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
}
