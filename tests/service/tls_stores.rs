//! A service whose catalog and pins are on servers that speak TLS.

use serde_json::json;

use crate::policies::{TO, catalog, once_pins_answer};
use callsign_tests::servers::certificates::Authority;
use callsign_tests::servers::postgres::Server as Database;
use callsign_tests::servers::redis::{Cluster, Setup, TlsFiles};
use callsign_tests::service::{Server, folder};

fn config(catalog: &str, sticky: &str) -> String {
    format!("[catalog]\nstore = {catalog:?}\n[sticky]\nstore = {sticky:?}\n")
}

#[test]
fn a_fleet_keeps_its_catalog_and_its_pins_over_tls() {
    let files = TlsFiles::leaked(&["127.0.0.1"], false);
    let cluster =
        Cluster::start(Setup { masters: 1, replicas: 0, password: Some("hush"), tls: Some(files), ..Setup::default() });
    let authority = Authority::new();
    let database = Database::start_with_tls(&authority.sign(&["127.0.0.1"]), &authority);
    let roots = authority.certificate.display();
    let store = format!("{}?sslmode=verify-full&sslrootcert={roots}", database.address());
    let config = config(&store, &cluster.tls_address("127.0.0.1", &files.authority, ""));
    let file = catalog();
    let first = Server::with_arguments(&config, &["--catalog", file.to_str().unwrap()]);
    let key = first.key().to_owned();
    let data = folder("second");
    let second = Server::at(&data, &config, &[]);

    // What one changes the other hears: the connection that listens is encrypted too.
    let application = json!({ "applicationId": "new" });
    first.ask(&key, "POST", "/provisioning/1/applications", Some(&application)).expect(201);
    let path = "/provisioning/1/applications/new";
    second.until("the other node has seen the change", || second.ask(&key, "GET", path, None).status == 200);
    let plain = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                 WHERE application_name = 'callsign' AND NOT ssl";
    let encrypted = plain.replace("NOT ssl", "ssl");
    second.until("two nodes have two connections each", || database.sql(&encrypted).parse::<u32>().unwrap() >= 4);
    assert_eq!(database.sql(plain), "0");

    // A pin that one writes the other reads.
    let pin = json!({ "applicationId": "shop", "channel": "SMS", "to": TO, "senderId": "S1" });
    once_pins_answer(&first, || first.ask(&key, "PUT", "/v1/pins", Some(&pin))).expect(200);
    let path = "/v1/pins?applicationId=shop&channel=SMS&to=%2B14155550123";
    let found = once_pins_answer(&second, || second.ask(&key, "GET", path, None));
    assert_eq!(found.expect(200).json()["senderId"], "S1");
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn a_service_does_not_start_on_a_server_that_it_cannot_trust() {
    let (authority, other) = (Authority::new(), Authority::new());
    let database = Database::start_with_tls(&authority.sign(&["127.0.0.1"]), &authority);
    let files = TlsFiles::leaked(&["127.0.0.1"], false);
    let cluster =
        Cluster::start(Setup { masters: 1, replicas: 0, password: Some("hush"), tls: Some(files), ..Setup::default() });
    let full = |authority: &Authority| {
        format!("{}?sslmode=verify-full&sslrootcert={}", database.address(), authority.certificate.display())
    };
    for (catalog, sticky, why) in [
        (full(&other), String::new(), "UnknownIssuer"),
        (full(&authority).replace("127.0.0.1", "localhost"), String::new(), "not valid for name"),
        (String::new(), cluster.tls_address("127.0.0.1", &other, ""), "UnknownIssuer"),
        (String::new(), cluster.tls_address("localhost", &files.authority, ""), "not valid for name"),
    ] {
        let data = folder("refused");
        let mut log = String::new();
        // On a busy machine the time for a connection may be over before the certificate is seen.
        let is_told = (0..10).any(|_| {
            let Err(told) = Server::try_at(&data, &config(&catalog, &sticky), &[]) else { panic!("it starts: {why}") };
            assert!(!told.contains("hush") && !told.contains("not-a-secret"), "{told}");
            log = told;
            log.contains(why)
        });
        assert!(is_told, "{log}");
        std::fs::remove_dir_all(data).unwrap();
    }
}
