//! The exports behind [`crate::detector!`]: they read, call the detector and answer.

use crate::{Decision, Detector, Failure, Init, Input, Json};
use extism_pdk::{extism::error_set, Memory};
use serde::{de::DeserializeOwned, Serialize};

/// What the agent sent along with this call.
pub fn input<T: DeserializeOwned>() -> Result<T, Failure> {
    Ok(serde_json::from_slice(&extism_pdk::input_bytes())?)
}

/// The answer to this call.
pub fn output<T: Serialize>(message: &T) -> Result<(), Failure> {
    Ok(extism_pdk::output(serde_json::to_vec(message)?)?)
}

/// An option as the agent has it in Extism's config: text as is, everything else as JSON.
pub fn option(name: &str) -> Option<String> {
    extism_pdk::config::get(name).ok().flatten()
}

pub fn describe<D: Detector>() -> i32 {
    let mut description = D::describe();
    description.input = D::Input::FORM;
    status(output(&description))
}

/// The detector in its sandbox.
#[derive(Default)]
pub struct Guest<D> {
    detector: D,
    is_initialized: bool,
}

impl<D: Detector> Guest<D> {
    pub fn init(&mut self) -> i32 {
        status(input().and_then(|message| self.init_with(&message)))
    }

    pub fn detect(&mut self) -> i32 {
        status(self.decide().and_then(|decision| output(&decision)))
    }

    fn init_with(&mut self, message: &Init) -> Result<(), Failure> {
        self.is_initialized = true;
        self.detector.init(message)
    }

    fn decide(&mut self) -> Result<Decision, Failure> {
        if !self.is_initialized {
            self.init_with(&init_from_config(D::describe().options.as_ref()))?;
        }
        self.detector.detect(D::Input::parse(&extism_pdk::input_bytes())?)
    }
}

/// Options that the config does not have are missing: then the detector knows its defaults.
fn init_from_config(schema: Option<&Json>) -> Init {
    let properties = schema.and_then(|schema| schema["properties"].as_object());
    let options = properties.into_iter().flatten().filter_map(|(name, property)| {
        let text = option(name)?;
        let parsed = match property["type"].as_str() {
            Some("string") => None,
            _ => serde_json::from_str(&text).ok(),
        };
        Some((name.clone(), parsed.unwrap_or(Json::String(text))))
    });
    Init { protocol: 1, options: options.collect(), hostname: String::new(), agent_version: String::new() }
}

fn status(result: Result<(), Failure>) -> i32 {
    let Err(failure) = result else { return 0 };
    match Memory::from_bytes(failure.to_string()) {
        // SAFETY: the host reads the block before anything else runs in the guest.
        Ok(text) => unsafe { error_set(text.offset()) },
        Err(_) => return 2,
    }
    1
}
