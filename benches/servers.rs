//! What pins cost on servers: bytes on the disk and in memory, processor time, listings. PostgreSQL and a Redis cluster are
//! started on loopback for this. How fast they are beside the other stores is in `benches/sticky.rs`.
//!
//! `cargo bench -p callsign-sticky --bench servers`; `STORES=redis` or `STORES=postgres` for one of them.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark that fails says where")]

#[path = "../tests/sticky/redis/cluster.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the tests")]
mod cluster;
#[path = "servers/postgres.rs"]
mod postgres;
#[path = "servers/redis.rs"]
mod redis;
#[path = "../tests/sticky/postgres/server.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the tests")]
mod server;

use std::time::Duration;

use callsign_destination::Number;
use callsign_sticky::{Channel, PinKey, PinScope, PinnedSender, Recipient, RedisOptions};

/// An application that nothing else here uses.
fn application() -> String {
    cluster::prefix()
}

fn number(index: u64) -> Recipient {
    Recipient::Number(Number::parse_e164(&format!("+1{:010}", 2_000_000_000 + index)).unwrap())
}

fn key(application: &str, index: u64) -> PinKey<'_> {
    PinKey::new(PinScope::new(application, None), Channel::Sms, number(index))
}

fn sender(id: &str) -> PinnedSender<'_> {
    PinnedSender::new(id)
}

/// A store of its own in the cluster, with patience for a busy machine.
fn options() -> RedisOptions {
    let mut options = RedisOptions::default();
    options.prefix = cluster::prefix();
    options.retry.attempt_timeout = Duration::from_secs(2);
    options.retry.total_timeout = Duration::from_secs(5);
    options
}

fn main() {
    let wanted = std::env::var("STORES").unwrap_or_else(|_| "postgres redis".into());
    let wanted = |name: &str| wanted.split([' ', ',']).any(|wanted| wanted == name);
    if wanted("postgres") {
        postgres::figures();
    }
    if wanted("redis") {
        redis::figures();
    }
}
