//! The C library, `libcallsign`: a gateway for programs that are not written in Rust. What it promises to its callers is in
//! the header, `include/callsign.h`, which is made of this source.
//!
//! How it keeps its promises:
//!
//! - A handle is a number, and never a pointer. `handles` looks it up without a lock, and a number that was given up never comes again.
//! - Texts are copied into the caller's memory. No pointer of the library gets out, so none can dangle.
//! - `memory` is the only file that reads and writes memory of the caller, and checks what can be checked.
//! - `boundary` is what every function goes through: it stops panics, and calls in a process that was forked.
//! - What is set once is JSON with a fault for every mistake (`options`); what is passed with every message is a struct.

#![deny(unsafe_op_in_unsafe_fn)]
#![allow(clippy::missing_safety_doc, reason = "the header says it once for all functions")]

mod abi;
mod bindings;
mod boundary;
mod catalog;
mod decision;
mod error;
mod events;
mod explain;
mod failure;
mod fork;
mod gateway;
mod handles;
mod limits;
mod memory;
mod message;
mod options;
mod output;
mod policy;
mod recording;
mod resolve;
mod signals;
mod words;

pub use self::abi::*;
pub use self::bindings::*;
pub use self::catalog::*;
pub use self::error::*;
pub use self::events::*;
pub use self::explain::*;
pub use self::gateway::*;
pub use self::limits::*;
pub use self::output::*;
pub use self::policy::*;
pub use self::recording::*;
pub use self::resolve::*;
pub use self::signals::*;
pub use self::words::*;
