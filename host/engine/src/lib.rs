//! Policies in wasmtime: components of the contract `callsign:policy`, checked, compiled, kept and called within limits.
//!
//! Where to look for what stops a bad module: its size and imports in `compile` and `contract_check`, what it may make the
//! compiler do in `budget`, the deadline in `clock` and `budget/deadline_gap`, memory and tables in `instance`, imports and
//! log lines in `imports`, the number of instances in `engine`. [`ModuleStore`] keeps components on the disk.
//!
//! This crate is for [`callsign`](../callsign/index.html), which decides; embed that one.
// Allowed in two places: where compiled code, once its seal is checked, is taken for code (`module_store/sealed.rs`), and
// where lists cross the boundary (`exports.rs`).
#![deny(unsafe_code)]

mod bindings;
mod budget;
mod clock;
mod compile;
mod contract_check;
mod engine;
mod exports;
mod failure;
mod idle_memory;
mod imports;
mod inspection;
mod instance;
mod instance_pool;
mod limits;
mod metadata;
mod module_store;
mod own_refusal;
mod policy;

pub use bindings::{contract, explain};
pub use exports::InOrder;
pub use failure::Failure;
pub use inspection::{Import, Inspection};
pub use instance::{Asked, Instance, PinRead, State, Texts};
pub use limits::{Isolation, Limits};
pub use module_store::{Collected, CompiledCache, Module, ModuleDigest, ModuleStore, StoreError};
pub use own_refusal::{OwnRefusal, RefusalAuthor};
pub use policy::{Policy, PolicyError};

/// The standard policy, as this crate was built with it.
static STANDARD: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/standard.wasm"));

/// The component of [`Policy::standard`].
pub fn standard_component() -> &'static [u8] {
    STANDARD
}
