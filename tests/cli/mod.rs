//! The program `callsign`, run as people run it.

mod catalog;
mod completions;
mod explain;
mod formats;
mod invalid;
mod order;
mod pipes;
mod policy;
mod run;
mod sticky;
mod summary;
mod usage;
