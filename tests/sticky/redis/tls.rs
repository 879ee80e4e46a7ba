//! TLS to a Redis Cluster, whose servers have certificates that the test makes.

use callsign_sticky::{OpenError, RedisStore, StickyStore};

use crate::conformance::{self, key, sender};
use crate::redis::options;
use callsign_test_servers::certificates::Authority;
use callsign_test_servers::redis::{Cluster, Setup, TlsFiles};

const TWO: Setup = Setup {
    masters: 2,
    replicas: 0,
    password: Some("hush"),
    cluster: true,
    node_timeout: 10_000,
    more: &[],
    tls: None,
};

#[track_caller]
fn refused(address: &str, why: &str) {
    let error = RedisStore::connect(address, options()).expect_err(why);
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(why) && !text.contains("hush"), "{text}");
}

#[test]
fn pins_are_kept_over_tls_on_every_server_and_a_wrong_certificate_is_refused() {
    let files = TlsFiles::leaked(&["127.0.0.1"], false);
    let cluster = Cluster::start(Setup { tls: Some(files), ..TWO });
    let address = cluster.tls_address("127.0.0.1", &files.authority, "");
    let store = RedisStore::connect(&address, options()).unwrap();
    conformance::all(&store);
    drop(store);

    // Another name, another authority, and the authorities of the system.
    refused(&cluster.tls_address("localhost", &files.authority, ""), "not valid for name");
    let other = Authority::new();
    refused(&cluster.tls_address("127.0.0.1", &other, ""), "UnknownIssuer");
    refused(&cluster.tls_address("127.0.0.1", &other, "&sslmode=verify-ca"), "UnknownIssuer");
    refused(address.split('?').next().unwrap(), "UnknownIssuer");
    // The name does not count with `verify-ca`.
    let any_name = cluster.tls_address("localhost", &files.authority, "&sslmode=verify-ca");
    drop(RedisStore::connect(&any_name, options()).unwrap());

    // A port without TLS, and one with TLS that is asked without.
    let plain = cluster.address().replace("redis://", "rediss://");
    assert!(matches!(RedisStore::connect(&plain, options()), Err(OpenError::Unreachable { .. })));
    let swapped = address.replace("rediss://", "redis://");
    let error = RedisStore::connect(swapped.split('?').next().unwrap(), options()).unwrap_err();
    assert!(matches!(error, OpenError::Unreachable { .. }) && !error.to_string().contains("hush"), "{error}");
}

#[test]
fn an_expired_certificate_is_refused() {
    let authority = Authority::new();
    let server = authority.sign_expired(&["127.0.0.1"]);
    let files: &TlsFiles = Box::leak(Box::new(TlsFiles { authority, server, clients: false }));
    // One server, since servers with such certificates do not find together.
    let cluster = Cluster::start(Setup { masters: 1, tls: Some(files), ..TWO });
    refused(&cluster.tls_address("127.0.0.1", &files.authority, ""), "expired");
    refused(&cluster.tls_address("127.0.0.1", &files.authority, "&sslmode=verify-ca"), "expired");
}

#[test]
fn servers_are_checked_by_the_names_that_they_announce() {
    let files = TlsFiles::leaked(&["localhost"], true);
    let more = &["--cluster-announce-hostname", "localhost", "--cluster-preferred-endpoint-type", "hostname"];
    let cluster = Cluster::start(Setup { tls: Some(files), more, ..TWO });
    let client = files.authority.sign(&["a client"]);
    let own = format!("&sslcert={}&sslkey={}", client.certificate.display(), client.key.display());
    let store = RedisStore::connect(&cluster.tls_address("localhost", &files.authority, &own), options()).unwrap();
    // Of both servers: only the map that they announced leads to the second one.
    for index in 0..50 {
        let app = conformance::application();
        assert_eq!(store.insert(&key(&app, index), &sender("a")).unwrap(), None);
    }
    drop(store);
    // They want a certificate of their clients.
    let without = cluster.tls_address("localhost", &files.authority, "");
    assert!(matches!(RedisStore::connect(&without, options()), Err(OpenError::Unreachable { .. })));
    refused(&cluster.tls_address("127.0.0.1", &files.authority, &own), "not valid for name");
}
