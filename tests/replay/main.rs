//! Replays and comparisons of recorded decisions.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "a test that fails here says where")]

mod exact;
mod model;
mod not_replayed;
mod recorded;
mod what_if;
