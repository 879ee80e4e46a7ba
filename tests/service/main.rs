//! The service, as its clients see it: a real process, asked over real connections.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "a test that fails here says where")]

mod fleet;
mod killed;
mod packaging;
#[path = "../sticky/postgres/server.rs"]
#[allow(dead_code, reason = "shared with the tests of the stores")]
mod postgres;
#[path = "../reference/mod.rs"]
mod reference;
mod server;
mod smoke;
mod use_case;
