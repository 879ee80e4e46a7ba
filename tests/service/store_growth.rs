//! The catalog store keeps what somebody refers to, and no more.

use std::path::Path;

use serde_json::{Value, json};

use crate::policies::{TO, always, catalog, decide, until_started, upload};
use callsign_tests::servers::postgres::Server as Database;
use callsign_tests::service::{Server, folder};

const SHOP: &str = "/v1/binding?applicationId=shop";

/// Settings of about 1 MB.
fn settings(number: usize) -> Value {
    json!({ "number": number, "text": "x".repeat(1_000_000) })
}

/// Uploads and deletes modules of 1 MB, swaps settings of 1 MB and rolls back, and gives the number of what is left: bytes
/// of components and settings, and of the log of revisions.
fn churn(server: &Server, key: &str, sizes: impl Fn() -> (u64, u64)) {
    for number in 0..5 {
        let mut component = always("brief", &format!("{number}.0.0"), 1);
        // A custom section makes it large.
        component.push(0);
        let bytes = [&[4][..], b"fill", &vec![0; 1_000_000]].concat();
        let mut length = bytes.len();
        while length > 0x7f {
            component.push((length & 0x7f | 0x80) as u8);
            length >>= 7;
        }
        component.push(length as u8);
        component.extend(bytes);
        let digest = upload(server, key, &component);
        assert!(sizes().0 > 1_000_000);
        server.ask(key, "DELETE", &format!("/v1/modules/{digest}"), None).expect(204);
    }
    assert!(sizes().0 < 100_000, "the components of modules that were deleted are deleted: {:?}", sizes());

    upload(server, key, &always("acme", "1.0.0", 1));
    for number in 0..24 {
        let body = json!({ "module": "acme@1.0.0", "settings": settings(number) });
        server.ask(key, "PUT", SHOP, Some(&body)).expect(200);
    }
    let (kept, log) = sizes();
    assert!(kept < 6_000_000, "the active settings and at most 4 MiB of earlier ones are kept: {kept}");
    assert!(log < 200_000, "the log of revisions has digests: {log}");
    // What can be rolled back to works still.
    for number in [22, 21, 20] {
        let binding = server.ask(key, "POST", "/v1/binding/rollback?applicationId=shop", None).expect(200).json();
        assert_eq!(binding["active"]["settings"], settings(number));
    }
    assert!(sizes().0 < 3_000_000, "settings that were rolled back from are deleted: {:?}", sizes());
    assert_eq!(decide(server, key, "shop", TO), "S1 acme@1.0.0");
}

fn of_sqlite(file: &Path) -> (u64, u64) {
    let store = rusqlite::Connection::open(file).unwrap();
    let sum = |sql: &str| store.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() as u64;
    (
        sum("SELECT coalesce(sum(length(bytes)), 0) FROM components"),
        sum("SELECT coalesce(sum(length(changes)), 0) FROM revisions"),
    )
}

#[test]
fn a_store_on_disk_keeps_only_what_is_referred_to() {
    let data = folder("growth");
    let file = catalog();
    let server = Server::at(&data, "", &["--catalog", file.to_str().unwrap()]);
    let key = server.key().to_owned();
    churn(&server, &key, || of_sqlite(&data.join("catalog.sqlite")));
    let before = server.get(SHOP).expect(200);
    assert_eq!(server.end(), Some(0));
    let server = Server::at(&data, "", &[]);
    let after = server.ask(&key, "GET", SHOP, None).expect(200);
    assert_eq!((after.json(), after.header("etag")), (before.json(), before.header("etag")));
    until_started(&server);
    assert_eq!(decide(&server, &key, "shop", TO), "S1 acme@1.0.0");
    server.ask(&key, "DELETE", SHOP, None).expect(204);
    assert!(of_sqlite(&data.join("catalog.sqlite")).0 < 100_000, "a binding that is removed takes its settings along");
    drop(server);
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn a_store_in_postgresql_keeps_only_what_is_referred_to() {
    let database = Database::start();
    let config = format!("[catalog]\nstore = \"{}\"", database.address());
    let file = catalog();
    let server = Server::with_arguments(&config, &["--catalog", file.to_str().unwrap()]);
    let key = server.key().to_owned();
    let data = folder("second");
    std::fs::create_dir_all(&data).unwrap();
    let second = Server::at(&data, &config, &[]);
    let sum = |sql: &str| database.sql(sql).parse::<u64>().unwrap();
    churn(&server, &key, || {
        (
            sum("SELECT coalesce(sum(length(bytes)), 0) FROM callsign_components"),
            sum("SELECT coalesce(sum(length(changes)), 0) FROM callsign_revisions"),
        )
    });
    // The other node has followed, also over revisions whose settings are deleted by now.
    let here = server.get(SHOP).expect(200);
    second.until("the other node has the same binding", || {
        let there = second.ask(&key, "GET", SHOP, None);
        (there.status, there.header("etag")) == (200, here.header("etag"))
    });
    // It is in use a moment after it is known.
    second.until("the other node serves it", || decide(&second, &key, "shop", TO) == "S1 acme@1.0.0");
    drop(second);
    std::fs::remove_dir_all(data).unwrap();
}
