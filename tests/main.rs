//! The behaviour of Callsign, a file for each part of it.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "a test that fails here says where")]

mod bindings;
mod cli;
mod component;
mod fleet;
mod following;
mod hostile;
mod interface;
mod model;
mod pins;
mod policy_tools;
mod reference;
mod resolution;
mod revisions;
mod store;
