//! A pooler between the store and the server, which lends a connection for one transaction at a time.

use callsign_sticky::PostgresStore;
use callsign_test_servers::pgbouncer::Pooler;
use callsign_test_servers::postgres::{Server, options, schema};

use crate::conformance;

#[test]
fn behind_a_pooler_of_transactions_it_does_what_every_store_does() {
    let server = Server::shared();
    // Fewer connections than callers, so that each statement of a caller may come to another one.
    let pooler = Pooler::start(server, 3);
    let schema = schema();
    let store = PostgresStore::connect(&pooler.address(), options(&schema)).unwrap();
    conformance::all(&store);
    // A second store with other settings, by way of the same connections: neither finds what the other has set.
    let other = callsign_test_servers::postgres::schema();
    let beside = PostgresStore::connect(&pooler.address(), options(&other)).unwrap();
    conformance::all(&beside);
    for schema in [schema, other] {
        assert_ne!(server.sql(&format!("SELECT count(*) FROM {schema}.scopes")), "0");
    }
    assert_eq!(server.sql("SELECT count(*) FROM pg_prepared_statements"), "0");
}
