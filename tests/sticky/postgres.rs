//! The store in PostgreSQL: what it promises beyond what every store does. The server is a real one.

mod expiry;
mod kills;
mod opening;
mod pooler;
mod tls;
mod two_processes;
mod unreachable;

use callsign_sticky::{PostgresStore, RecipientKey};

use crate::conformance;
use callsign_test_servers::postgres::{Server, options, schema};

#[test]
fn the_store_in_postgresql_does_what_every_store_does() {
    conformance::all(&Server::shared().store());
}

#[test]
fn it_does_so_with_hashed_recipients() {
    let server = Server::shared();
    let schema = schema();
    let mut options = options(&schema);
    options.recipient_key = Some(RecipientKey::random().unwrap());
    conformance::all(&PostgresStore::connect(&server.address(), options).unwrap());
    let numbers =
        format!("SELECT count(*) FROM {schema}.pins WHERE recipient < '80000000-0000-0000-0000-000000000000'");
    assert_eq!(server.sql(&numbers), "0");
}
