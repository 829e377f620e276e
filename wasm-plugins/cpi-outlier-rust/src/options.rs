use serde::Deserialize;
use wca_pdk::Json;

/// What slows a task down: its cycles per instruction, or the share of time it waited for a CPU.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Signal {
    Cpi,
    Psi,
}

impl Signal {
    pub fn word(self) -> &'static str {
        match self {
            Signal::Cpi => "cpi",
            Signal::Psi => "psi",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WantedSignal {
    Auto,
    Cpi,
    Psi,
}

/// The same as those of the agent's CpiOutlierDetector.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Options {
    pub signal: WantedSignal,
    pub sigmas: f64,
    pub min_excess: f64,
    pub hits: usize,
    pub window: f64,
    pub min_usage: Option<f64>,
    pub load_step: f64,
    pub min_samples: u32,
    pub correlation: f64,
    pub correlation_window: f64,
    pub max_contenders: usize,
    pub clear_after: f64,
    pub relearn_after: f64,
    pub report_unattributed: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            signal: WantedSignal::Auto,
            sigmas: 2.0,
            min_excess: 0.1,
            hits: 3,
            window: 300.0,
            min_usage: None,
            load_step: 0.5,
            min_samples: 20,
            correlation: 0.35,
            correlation_window: 600.0,
            max_contenders: 3,
            clear_after: 10.0,
            relearn_after: 3600.0,
            report_unattributed: false,
        }
    }
}

/// JSON Schema for `describe`: that of the agent's class.
pub fn schema() -> Json {
    serde_json::from_str(include_str!("../../cpi-outlier/options.schema.json")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_schema() {
        let schema = schema();
        let properties = schema["properties"].as_object().unwrap();
        let defaults: serde_json::Map<String, Json> = properties
            .iter()
            .filter_map(|(name, property)| Some((name.clone(), property.get("default")?.clone())))
            .collect();
        let parsed: Options = serde_json::from_value(Json::Object(defaults)).unwrap();
        assert_eq!(format!("{parsed:?}"), format!("{:?}", Options::default()));
        assert_eq!(properties.len(), 14);
    }
}
