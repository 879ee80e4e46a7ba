//! The program `callsign`, run as people run it.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "a test that fails here says where")]

mod catalog;
mod compiler;
mod completions;
mod decision_log;
mod explain;
mod fleet;
mod formats;
mod hostile_text;
mod invalid;
mod languages;
mod module;
mod numbering;
mod order;
mod packages;
mod pipes;
mod policy_command;
mod policy_option;
mod policy_test;
mod recording;
mod replay;
mod run;
mod sticky;
mod summary;
mod usage;
