//! What the test suites share.
//!
//! - [`component`]: small policies written as WebAssembly text, right and wrong ones.
//! - [`conformance`]: the table of cases that every way into Callsign runs.
//! - [`decision_log`]: decision logs in folders of their own.
//! - [`modules`]: folders with a module store, and modules to put into it.
//! - [`platform`]: small catalogs written out by a test, and what they decide.
//! - [`pool`]: one application with a pool of any size, for what is measured.
//! - [`mod@reference`]: a model of the resolution of senders, and random worlds for it.
//! - [`servers`]: PostgreSQL, a pooler before it, and a Redis Cluster.
//! - [`service`]: `callsign serve` as a process, and a client of it.
//! - [`stops`]: the end of threads that go on until a flag is set.
//! - [`work`]: how long something takes on a core, on a machine that does other things too.
//!
//! Three generators of catalogs are apart from these, because they are other in kind: `examples/platform` is realistic and
//! writes files of any size, `benches/platform.rs` has its elements at known places so that edits of them can be measured,
//! and `host/catalog/src/testing.rs` makes random edits, right and wrong ones, and must not know an engine.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that fails here says where")]

pub mod component;
pub mod conformance;
pub mod decision_log;
pub mod modules;
pub mod platform;
pub mod pool;
pub mod reference;
pub mod service;
pub mod stops;
pub mod work;

pub use callsign_test_servers as servers;

/// The examples of the documents, kept true by being compiled and run. They are here since packages have no files of other folders.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../../../README.md")]
    struct Readme;
    #[doc = include_str!("../../../docs/bindings.md")]
    struct Bindings;
    #[doc = include_str!("../../../docs/embedding.md")]
    struct Embedding;
    #[doc = include_str!("../../../docs/policies.md")]
    struct Policies;
    #[doc = include_str!("../../../docs/sticky.md")]
    struct Sticky;
}
