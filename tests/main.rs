//! The behaviour of Callsign, a file for each part of it.

#![allow(clippy::unwrap_used, reason = "a test that fails here says where")]

mod model;
mod reference;
