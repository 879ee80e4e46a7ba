//! The behaviour of sticky stores: one suite that every store passes, and what each promises beyond it.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "a test that fails here says where")]

mod conformance;
mod embedded;
mod history;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
mod recipient;
#[cfg(feature = "redis")]
mod redis;
mod transfer;
