//! What a Callsign policy is written with.
//!
//! A policy is a WebAssembly component that answers from which sender a message goes out. The contract is
//! `wit/policy.wit`, and its types are re-exported here under the names of its interfaces. Beside them the crate has
//! what most policies need: a [`pool::Pool`] that is indexed as the host's is, the [`spread`] of recipients over senders,
//! the [`geography`] of area codes, and the [`reads::Reads`] that a policy decides from, so that the same logic runs
//! inside the sandbox and natively in a test.
//!
//! ```ignore
//! use callsign_policy::{exports::policy::Guest, types::{Answer, Refusal, Request}};
//!
//! struct Closed;
//!
//! impl Guest for Closed {
//!     fn check_settings(_json: String) -> Result<(), String> { Ok(()) }
//!     fn resolve(_request: Request) -> Answer { Answer::Refused(Refusal::NoStrategy) }
//!     # /* ... */
//! }
//!
//! callsign_policy::export!(Closed with_types_in callsign_policy::bindings);
//! ```
#![deny(unsafe_code)]

/// The generated bindings of the world `explaining-policy`.
#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "explaining-policy",
        pub_export_macro: true,
        default_bindings_module: "callsign_policy::bindings",
        generate_all,
    });
}

pub mod geography;
pub mod pool;
pub mod reads;
pub mod spread;

pub use bindings::callsign::policy::{log, messages, senders, settings, sticky, strategies, types};
pub use bindings::export;

/// What a policy exports.
pub mod exports {
    pub use crate::bindings::exports::callsign::policy::{explain, policy};
}
