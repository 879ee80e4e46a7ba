//! TLS to PostgreSQL: what each `sslmode` checks, against a server whose certificates the test makes.

use callsign_sticky::{OpenError, PostgresStore};

use crate::conformance;
use callsign_test_servers::certificates::Authority;
use callsign_test_servers::postgres::{Server, options, schema};

/// Opens a store at an address with further options.
fn open(address: &str, host: &str, query: &str) -> Result<PostgresStore, OpenError> {
    let address = address.replace("127.0.0.1", host);
    PostgresStore::connect(&format!("{address}?{query}"), options(&schema()))
}

/// The error, once it is known to be of the server or its certificate, and to say why.
#[track_caller]
fn refused(opened: Result<PostgresStore, OpenError>, why: &str) {
    let error = opened.expect_err(why);
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(why) && !text.contains("not-a-secret"), "{text}");
}

#[test]
fn a_certificate_is_checked_as_the_mode_says() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = Server::start_with_tls(&authority.sign(&["127.0.0.1"]), &authority);
    let address = server.address();
    let trusted = format!("sslrootcert={}", authority.certificate.display());
    let unknown = format!("sslrootcert={}", other.certificate.display());
    let with = |host: &str, mode: &str, roots: &str| open(&address, host, &format!("sslmode={mode}&{roots}"));

    // The right one. Everything is done over TLS then, by every connection.
    let store = with("127.0.0.1", "verify-full", &trusted).unwrap();
    conformance::all(&store);
    let count = |which: &str| {
        server.sql(&format!(
            "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
             WHERE application_name = 'callsign' AND {which}"
        ))
    };
    assert_ne!(count("ssl"), "0");
    assert_eq!(count("NOT ssl"), "0");
    drop(store);

    // Another name, and another authority.
    refused(with("localhost", "verify-full", &trusted), "not valid for name");
    drop(with("localhost", "verify-ca", &trusted).unwrap());
    for mode in ["verify-full", "verify-ca", "require", "prefer"] {
        refused(with("127.0.0.1", mode, &unknown), "UnknownIssuer");
    }
    refused(open(&address, "127.0.0.1", "sslmode=verify-full"), "UnknownIssuer");

    // Without an authority these check nothing, as in libpq; the default is `prefer`.
    for query in ["sslmode=require", "sslmode=prefer", ""] {
        let store = open(&address, "localhost", query).unwrap();
        assert_ne!(count("ssl"), "0", "{query}");
        assert_eq!(count("NOT ssl"), "0", "{query}");
        drop(store);
    }
    let store = open(&address, "127.0.0.1", "sslmode=disable").unwrap();
    assert_ne!(count("NOT ssl"), "0");
    drop(store);

    // One that has expired.
    server.set_certificate(&authority.sign_expired(&["127.0.0.1"]));
    server.reload();
    for mode in ["verify-full", "verify-ca"] {
        refused(with("127.0.0.1", mode, &trusted), "expired");
    }
}

#[test]
fn a_server_without_tls_is_refused_by_each_mode_that_needs_it() {
    let authority = Authority::new();
    let address = Server::shared().address();
    let roots = format!("sslrootcert={}", authority.certificate.display());
    for mode in ["require", "verify-ca", "verify-full"] {
        refused(open(&address, "127.0.0.1", &format!("sslmode={mode}&{roots}")), "does not support TLS");
    }
    drop(open(&address, "127.0.0.1", "sslmode=prefer").unwrap());
}

#[test]
fn a_server_that_wants_a_certificate_of_its_clients_gets_one() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = Server::start_with_tls(&authority.sign(&["127.0.0.1"]), &authority);
    server.require_client_certificates();
    server.reload();
    let own = |authority: &Authority| {
        let client = authority.sign(&["a client"]);
        format!("&sslcert={}&sslkey={}", client.certificate.display(), client.key.display())
    };
    let trusted = format!("sslmode=verify-full&sslrootcert={}", authority.certificate.display());
    drop(open(&server.address(), "127.0.0.1", &format!("{trusted}{}", own(&authority))).unwrap());
    for refused in [String::new(), own(&other)] {
        let opened = open(&server.address(), "127.0.0.1", &format!("{trusted}{refused}"));
        assert!(matches!(opened, Err(OpenError::Unreachable { .. })), "{refused}");
    }
    // Without TLS it lets nobody in.
    assert!(open(&server.address(), "127.0.0.1", "sslmode=disable").is_err());
}

#[test]
fn a_file_that_is_missing_or_no_certificate_or_open_to_others_is_refused_before_a_connection() {
    let authority = Authority::new();
    let client = authority.sign(&["a client"]);
    let key = client.key.display().to_string();
    let address = "postgres://me:hush@127.0.0.1:1/db";
    let refused = |query: String, why: &str| {
        let error = PostgresStore::connect(&format!("{address}?{query}"), options(&schema())).unwrap_err();
        assert!(matches!(error, OpenError::Tls { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(why) && !text.contains("hush"), "{text}");
    };
    refused("sslmode=verify-full&sslrootcert=/nowhere/ca.pem".into(), "/nowhere/ca.pem");
    refused(format!("sslmode=verify-full&sslrootcert={key}"), "no certificate");
    refused(format!("sslmode=require&sslcert={key}&sslkey={key}"), "no certificate");
    std::fs::set_permissions(&client.key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let query = format!("sslmode=require&sslcert={}&sslkey={key}", client.certificate.display());
    refused(query, &format!("chmod 600 {key}"));
}
