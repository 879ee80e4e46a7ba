//! A catalog, indexed so that a decision never scans it.
//!
//! - [`Revision`] is one catalog with its index. [`Revision::new`] indexes a catalog; [`Revision::after`] indexes the next
//!   one and shares what did not change.
//! - [`Scope`] is what one application, or one entity of it, may use: its senders, its strategies and its default
//!   senders. A message finds its scope with [`Revision::scope_of`].
//! - [`PoolView`] is the candidates for one channel, country and type of messages, made once and kept in the scope; `standing`
//!   says why a sender is none.
//! - [`Signals`] are what changes too often for a revision: the health of senders, and numbers of them.
//! - [`host_reads`] answers what a policy reads through the contract.
//!
//! Nothing here calls a policy: this crate has no engine. It is internal to Callsign; embedders use `callsign`.

#![forbid(unsafe_code)]

pub mod attributes;
mod health;
pub mod host_reads;
mod near;
mod own_numbers;
mod pool_view;
mod revision;
mod scope;
mod signals;
mod standing;
#[cfg(test)]
mod testing;

pub use health::Unhealthy;
pub use pool_view::{NearCodes, PoolHealth, PoolView};
pub use revision::{DEFAULT_APPLICATION, Revision, SenderKeyCollision};
pub use scope::{Ability, Member, Scope, area_code, bit};
pub use signals::{
    CurrentSignals, Health, HealthReport, NumbersOfSenders, SignalBoard, SignalSource, Signals, SignalsBuilder,
};
pub use standing::recipient_hash;
