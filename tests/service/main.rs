//! The service, as its clients see it: a real process, asked over real connections.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "a test that fails here says where")]

mod audit;
mod bindings;
#[path = "../component.rs"]
#[allow(dead_code, reason = "more kinds of policies than are needed here")]
mod component;
mod config;
mod contract;
mod coverage;
mod default_senders;
mod events;
mod fleet;
mod keys;
mod killed;
mod modules;
mod nodes;
mod packaging;
mod pins;
mod policies;
#[path = "../sticky/postgres/server.rs"]
#[allow(dead_code, reason = "shared with the tests of the stores")]
mod postgres;
#[path = "../reference/mod.rs"]
mod reference;
mod security;
mod senders;
mod server;
mod smoke;
mod strategies;
mod use_case;
