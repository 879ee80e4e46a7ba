//! The program `callsign`, run as people run it.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "a test that fails here says where")]

mod catalog;
mod compiler;
mod completions;
mod explain;
mod fleet;
mod formats;
mod hostile_text;
mod invalid;
mod languages;
mod module;
mod numbering;
mod order;
mod pipes;
mod policy_command;
mod policy_option;
mod policy_test;
mod run;
mod sticky;
mod summary;
mod usage;
