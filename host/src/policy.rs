//! Policies: components of the contract `callsign:policy`, loaded, checked, and called.

mod bindings;
mod engine;
mod fit;
mod imports;
mod instance;
mod limits;
mod metadata;
mod module;
mod refusal;
mod slots;

pub(crate) use bindings::{contract, explain};
pub(crate) use engine::Engine;
pub(crate) use instance::{Asked, Instance, Texts};
pub use limits::{Isolation, Limits};
pub(crate) use module::Failure;
pub use module::{Policy, PolicyError};
pub use refusal::OwnRefusal;

/// The standard policy, as this crate was built with it.
pub(crate) static STANDARD: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/standard.wasm"));
