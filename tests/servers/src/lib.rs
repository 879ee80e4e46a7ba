//! Real servers for the tests and benches of the sticky stores: PostgreSQL, a pooler before it, and a Redis
//! Cluster, started on loopback and gone with the process that started them.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that fails here says where")]

pub mod certificates;
pub mod pgbouncer;
pub mod postgres;
pub mod redis;
