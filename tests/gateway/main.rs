//! What the library does beyond one decision: bindings and their changes, pins, versions of the contract, the module
//! store, and every decision against the reference model.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "a test that fails here says where")]

mod auto_update;
mod bindings;
mod channels;
mod columns;
mod conformance;
mod interface;
mod lanes;
mod languages;
mod model;
mod owned_decisions;
mod pins;
mod recording;
mod revisions;
mod signals;
mod store;
