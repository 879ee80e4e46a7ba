//! What pins cost on servers: bytes on the disk and in memory, processor time, listings. PostgreSQL and a Redis cluster are
//! started on loopback for this. How fast they are beside the other stores is in `benches/sticky.rs`.
//!
//! `cargo bench -p callsign-sticky --bench servers`; `STORES=redis` or `STORES=postgres` for one of them.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark that fails says where")]

mod callers;
mod servers {
    pub(crate) mod postgres;
    pub(crate) mod redis;
}

use std::time::Duration;

use callsign_destination::Number;
use callsign_sticky::{Channel, PinKey, PinScope, PinnedSender, Recipient, RedisOptions};
use callsign_test_servers::redis::prefix;
use criterion::{Criterion, criterion_group, criterion_main};

/// An application that nothing else here uses.
fn application() -> String {
    prefix()
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

/// Options of a store of its own in the cluster, which waits long enough for a busy machine.
fn options() -> RedisOptions {
    let mut options = RedisOptions::default();
    options.prefix = prefix();
    options.retry.attempt_timeout = Duration::from_secs(2);
    options.retry.total_timeout = Duration::from_secs(5);
    options
}

fn figures(criterion: &mut Criterion) {
    let wanted = std::env::var("STORES").unwrap_or_else(|_| "postgres redis".into());
    let wanted = |name: &str| wanted.split([' ', ',']).any(|wanted| wanted == name);
    if wanted("postgres") {
        servers::postgres::figures(criterion);
    }
    if wanted("redis") {
        servers::redis::figures(criterion);
    }
}

criterion_group! { name = benches; config = callsign_turns::criterion(); targets = figures }
criterion_main!(benches);
