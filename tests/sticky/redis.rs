//! The store in a Redis Cluster, on real servers.

mod cluster;

use callsign_sticky::{RecipientKey, RedisOptions};

use crate::conformance;
use cluster::{Cluster, prefix};

fn options() -> RedisOptions {
    let mut options = RedisOptions::default();
    options.prefix = prefix();
    options
}

#[test]
fn the_redis_store_does_what_every_store_does() {
    let cluster = Cluster::shared();
    conformance::all(&cluster.store(options()));
}

#[test]
fn it_does_so_with_hashed_recipients_and_when_replicas_are_waited_for() {
    let cluster = Cluster::shared();
    let mut options = options();
    options.recipient_key = Some(RecipientKey::new([7; 32]));
    options.wait_replicas = Some((1, std::time::Duration::from_millis(150)));
    conformance::all(&cluster.store(options));
}
