//! Runs policies in wasmtime: components of the contract `callsign:policy` are checked, compiled, and called within
//! limits.
//!
//! This crate is a part of [`callsign`](../callsign/index.html); embed that one.
//!
//! What stops a bad component, and where:
//!
//! | what | module |
//! | --- | --- |
//! | its size, and the time and memory to compile it | `compile` |
//! | code that is written to keep the compiler busy | `budget` |
//! | imports that a policy may not have | `contract_check` |
//! | endless loops, and code that never checks the deadline | `clock`, `budget/deadline_gap` |
//! | memory, tables, instructions | `instance` |
//! | too many imports and log lines in a call | `imports` |
//! | too many instances | `engine`, `idle_memory` |
//! | too much memory of all instances of an owner | `memory_budget` |
//!
//! [`ModuleStore`] keeps components on disk.
// Allowed in two places: where compiled code is loaded after its seal was checked (`module_store/sealed.rs`), and where
// lists are copied into and out of a policy (`exports.rs`).
#![deny(unsafe_code)]

mod bindings;
mod budget;
mod call_message;
mod callee;
mod clock;
mod compile;
mod contract_check;
mod core_lane;
mod engine;
mod error;
mod exports;
mod failure;
mod idle_memory;
mod imports;
mod inspection;
mod instance;
mod instance_pool;
mod limits;
mod log_budget;
mod memory_budget;
mod message_attributes;
mod metadata;
mod module_store;
mod own_refusal;
mod policy;
mod provenance;
mod time;
mod trace;

pub use bindings::{contract, explain};
pub use call_message::{CallMessage, MessageTexts, PinRead};
/// The numbers of the contract that stand for words, by name.
pub use callsign_policy::words;
pub use compile::{Compiler, compile_child_main};
pub use error::PolicyError;
pub use exports::RequestIter;
pub use failure::{Failure, MemoryTaken, Overrun};
pub use inspection::{Import, Inspection};
pub use instance::{Instance, State};
pub use instance_pool::InstanceSlot;
pub use limits::{Isolation, Limits};
pub use log_budget::LogBudget;
pub use memory_budget::MemoryBudget;
pub use module_store::{Collected, CompiledCache, Module, ModuleDigest, ModuleStore, StoreError};
pub use own_refusal::{OwnRefusal, RefusalAuthor};
pub use policy::Policy;
pub use provenance::{Provenance, Tool};
pub use time::{CallTime, RequestLength, RequestTime, WordingTime};
pub use trace::Explained;

/// The component of the standard policy, built with this crate.
static STANDARD: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/standard.wasm"));

/// The component of [`Policy::standard`].
pub fn standard_component() -> &'static [u8] {
    STANDARD
}
