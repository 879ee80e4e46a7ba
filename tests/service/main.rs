//! The service, as its clients see it: a real process, asked over real connections.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "a test that fails here says where")]

mod server;
mod smoke;
