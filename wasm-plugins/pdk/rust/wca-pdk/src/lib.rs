//! Detectors for WCA in Rust, on top of Extism's PDK. Implement [`Detector`] for a type that is
//! `Default` and name it in [`detector!`]; protocol and words are those of `wasm-plugins/protocol`.

mod columns;
#[cfg(target_arch = "wasm32")]
pub mod guest;
mod input;
mod messages;
mod table;
mod value;

pub use columns::{Columns, TaskColumns};
pub use input::Input;
pub use messages::*;
pub use serde_json::{json, Value as Json};
pub use table::{Meta, Table};
pub use value::{Measurements, Value};

/// What is logged goes to the agent's log, with the name of the plugin.
#[cfg(target_arch = "wasm32")]
pub use extism_pdk::{debug, error, info, warn};

/// Why a call failed: the text is what the agent logs.
pub type Failure = Box<dyn std::error::Error>;

/// What looks at the snapshots of all rounds. One instance lives as long as its sandbox.
pub trait Detector: Default {
    /// [`Snapshot`], [`Columns`] or [`Table`]: the form in which the agent sends a snapshot.
    type Input: Input;

    fn describe() -> Description;

    /// Called once, before all calls of `detect`. Another host of Extism may not know of it: then it is called
    /// with the options in Extism's config.
    fn init(&mut self, _message: &Init) -> Result<(), Failure> {
        Ok(())
    }

    fn detect(&mut self, snapshot: Self::Input) -> Result<Decision, Failure>;
}

/// Exports the functions that the agent calls, answered by the named type.
#[macro_export]
macro_rules! detector {
    ($type:ty) => {
        #[cfg(target_arch = "wasm32")]
        mod wca_exports {
            use super::*;
            std::thread_local! {
                static GUEST: std::cell::RefCell<$crate::guest::Guest<$type>> = std::default::Default::default();
            }
            #[no_mangle]
            pub extern "C" fn describe() -> i32 {
                $crate::guest::describe::<$type>()
            }
            #[no_mangle]
            pub extern "C" fn init() -> i32 {
                GUEST.with_borrow_mut(|guest| guest.init())
            }
            #[no_mangle]
            pub extern "C" fn detect() -> i32 {
                GUEST.with_borrow_mut(|guest| guest.detect())
            }
        }

        // So that unit tests on the host do not find that nobody uses it.
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn() -> $type = <$type as std::default::Default>::default;
    };
}
