//! The decision log: its format, its two promises, what it does with damage, with a full disk and with SIGKILL.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "a test that fails here says where")]

mod allocations;
mod damage;
mod disk_full;
mod find;
mod folder;
mod format;
mod kills;
mod parquet;
mod program;
mod promises;
mod records;
mod segments;
mod signals;
mod varied;
