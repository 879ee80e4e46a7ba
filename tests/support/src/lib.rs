//! What the test suites share.
//!
//! - [`component`]: small policies written as WebAssembly text, right and wrong ones.
//! - [`modules`]: folders with a module store, and modules to put into it.
//! - [`platform`]: small catalogs written out by a test, and what they decide.
//! - [`reference`]: a model of the resolution of senders, and random worlds for it.
//! - [`servers`]: PostgreSQL and a Redis Cluster.
//! - [`service`]: `callsign serve` as a process, and a client of it.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that fails here says where")]

pub mod component;
pub mod modules;
pub mod platform;
pub mod reference;
pub mod service;

pub use callsign_test_servers as servers;
