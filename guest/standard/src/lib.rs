//! The standard policy: steps 3 to 9 of Callsign's resolution, as a library and as a component.
//!
//! A file for each part of the specification, in its order:
//!
//! | step | file |
//! | --- | --- |
//! | 3 strategy | [`strategy`] |
//! | 4 candidates, health, default senders | [`candidates`], [`plan`] |
//! | 5 sticky, 6 type priority, 7 geolocated, 8 spread, 9 pin | [`decide`] |
//! | `explain` | [`explain`] |
//!
//! What does not depend on the recipient is worked out once for a (scope, channel, country, message type): a
//! [`plan::Plan`], which the [`plan_cache::PlanCache`] keeps while the scope's revision stays the same. All code reads
//! through [`callsign_policy::reads::Reads`], so it runs in the sandbox and natively.
//!
//! A policy that differs from this one states its [`rules`]: filters, preferences, refusals, a choice of its own. The
//! exports exist only with the feature `component`: a component has one policy.
#![forbid(unsafe_code)]

pub mod candidates;
mod component;
pub mod decide;
pub mod explain;
pub mod plan;
pub mod plan_cache;
pub mod rules;
pub mod strategy;

pub use component::{Standard, StandardWith};
