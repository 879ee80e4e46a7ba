//! A catalog, indexed so that no decision scans it.
//!
//! A [`Revision`] is one catalog with its index: for each scope (an application, or an entity of it) the senders that it
//! may use, its strategies and its default senders. [`host_reads`] answers what a policy reads through the contract.
//! Nothing here calls a policy: this crate has no engine.

#![forbid(unsafe_code)]

pub mod host_reads;
mod revision;
mod scope;

pub use revision::{DEFAULT_APPLICATION, Revision, SenderKeyCollision};
pub use scope::{Ability, Member, PoolView, Scope, area_code, bit};
