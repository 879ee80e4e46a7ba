//! How a store is opened, and why not.

use std::sync::Barrier;

use callsign_sticky::{Filter, OpenError, PostgresStore, RecipientKey, StickyStore};

use crate::conformance::{key, sender};
use callsign_test_servers::postgres::{PASSWORD, Server, options, schema};

fn refused(address: &str, options: callsign_sticky::PostgresOptions) -> OpenError {
    PostgresStore::connect(address, options).unwrap_err()
}

#[test]
fn what_is_no_address_is_refused_without_telling_its_password() {
    for wrong in [
        "",
        "nonsense",
        "postgres:///db",
        "mysql://user:word@127.0.0.1/db",
        "postgres://user:word@127.0.0.1:port/db",
        "host=127.0.0.1 password=word colour=red",
        "postgres://user:word@127.0.0.1/db?sslmode=allow",
        "postgres://user:word@127.0.0.1/db?sslmode=verify-full&sslcert=only-one",
    ] {
        let error = refused(wrong, options(&schema()));
        assert!(matches!(error, OpenError::Address { .. }), "{wrong}: {error:?}");
        assert!(!error.to_string().contains("word@") && !error.to_string().contains("=word"), "{error}");
    }
    for wrong in ["", "Upper", "a-b", "1a", "a\"b", &"a".repeat(64)] {
        assert!(matches!(refused("host=127.0.0.1", options(wrong)), OpenError::Address { .. }), "{wrong}");
    }
}

#[test]
fn a_wrong_password_and_a_database_that_is_not_there_are_refused() {
    let address = Server::shared().address();
    for (wrong, expected) in
        [(address.replace(PASSWORD, "another-word"), "password"), (address.replace("/postgres", "/nowhere"), "nowhere")]
    {
        let error = refused(&wrong, options(&schema()));
        let text = error.to_string();
        assert!(matches!(error, OpenError::Unreachable { .. }) && text.contains(expected), "{error:?}");
        assert!(!text.contains("another-word") && !text.contains(PASSWORD), "{text}");
    }
}

#[test]
fn tables_of_a_newer_version_are_left_alone() {
    let (server, schema) = (Server::shared(), schema());
    drop(PostgresStore::connect(&server.address(), options(&schema)).unwrap());
    server.sql(&format!("INSERT INTO {schema}.migrations (version) VALUES (7)"));
    let error = refused(&server.address(), options(&schema));
    assert!(matches!(error, OpenError::Newer { found: 7, known: 1, .. }), "{error:?}");
}

#[test]
fn recipients_are_kept_with_one_key_for_good() {
    let server = Server::shared();
    let keys = [None, Some(RecipientKey::new([1; 32])), Some(RecipientKey::new([2; 32]))];
    for made_with in &keys {
        let schema = schema();
        for opened_with in [made_with].into_iter().chain(&keys) {
            let mut options = options(&schema);
            options.recipient_key = opened_with.clone();
            match PostgresStore::connect(&server.address(), options) {
                Ok(store) => {
                    assert_eq!(opened_with, made_with);
                    store.insert(&key("shop", 1), &sender("a")).unwrap();
                }
                Err(error) => {
                    assert!(matches!(error, OpenError::Key { .. }), "{error:?}");
                    assert_ne!(opened_with, made_with);
                }
            }
        }
    }
}

#[test]
fn many_that_open_a_new_database_at_once_all_do() {
    let (server, schema) = (Server::shared(), schema());
    let barrier = Barrier::new(8);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (barrier, schema) = (&barrier, &schema);
            scope.spawn(move || {
                barrier.wait();
                let store = PostgresStore::connect(&server.address(), options(schema)).unwrap();
                assert_eq!(store.insert(&key("at once", thread), &sender("a")).unwrap(), None);
            });
        }
    });
    assert_eq!(server.sql(&format!("SELECT count(*) FROM {schema}.pins")), "8");
    assert_eq!(server.sql(&format!("SELECT count(*) FROM {schema}.migrations")), "1");
}

#[test]
fn a_role_that_may_read_and_write_rows_opens_what_is_there() {
    let (server, schema) = (Server::shared(), schema());
    drop(PostgresStore::connect(&server.address(), options(&schema)).unwrap());
    server.sql(&format!(
        "CREATE ROLE {schema} LOGIN PASSWORD '{PASSWORD}'; GRANT USAGE ON SCHEMA {schema} TO {schema};
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {schema}"
    ));
    let address = server.address().replace("//callsign:", &format!("//{schema}:"));
    let store = PostgresStore::connect(&address, options(&schema)).unwrap();
    store.insert(&key("shop", 1), &sender("a")).unwrap();
    assert_eq!(store.count(&Filter::All).unwrap(), 1);
}

#[test]
fn a_position_is_of_one_filter() {
    let store = Server::shared().store();
    for index in 0..3 {
        store.insert(&key("shop", index), &sender("a")).unwrap();
    }
    let next = store.list(&Filter::All, None, 1).unwrap().next.unwrap();
    assert_eq!(store.list(&Filter::All, Some(&next), 9).unwrap().pins.len(), 2);
    for (filter, position) in [(Filter::Sender(sender("a")), next), (Filter::All, "00ff".parse().unwrap())] {
        let error = store.list(&filter, Some(&position), 1).unwrap_err().to_string();
        assert!(error.contains("position is not of this store and this filter"), "{error}");
    }
}
