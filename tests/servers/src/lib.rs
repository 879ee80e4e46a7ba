//! Servers for the tests and benches: PostgreSQL, a pooler before it, an OCI registry and a hostile one, and a Redis
//! Cluster, started on loopback and gone with the process that started them.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that fails here says where")]

pub mod certificates;
pub mod hostile_registry;
pub mod pgbouncer;
pub mod ports;
pub mod postgres;
pub mod redis;
pub mod registry;
