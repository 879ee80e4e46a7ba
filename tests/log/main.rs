//! The decision log: its format, its two promises, what it does with damage, with a full disk and with SIGKILL.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "a test that fails here says where")]

mod find;
mod parquet;
mod records;
mod varied;
