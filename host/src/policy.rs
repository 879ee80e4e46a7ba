//! Policies: components of the contract `callsign:policy`, loaded, checked, and called.

mod bindings;
mod budget;
mod clock;
mod compile;
mod engine;
mod exports;
mod failure;
mod fit;
mod idle_memory;
mod imports;
mod inspection;
mod instance;
mod limits;
mod metadata;
mod module;
mod refusal;
mod slots;

pub(crate) use bindings::{contract, explain};
pub(crate) use compile::Source;
pub(crate) use engine::Engine;
pub(crate) use failure::Failure;
pub use inspection::{Import, Inspection};
pub(crate) use instance::{Asked, Instance, Texts};
pub use limits::{Isolation, Limits};
pub(crate) use metadata::Metadata;
pub use module::{Policy, PolicyError};
pub(crate) use refusal::Author;
pub use refusal::OwnRefusal;

/// The standard policy, as this crate was built with it.
pub(crate) static STANDARD: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/standard.wasm"));
