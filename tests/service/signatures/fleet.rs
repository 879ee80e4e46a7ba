//! Two nodes on one database: what one hears of keys the other does too, and each verifies by itself.

use callsign_signature::SecretKey;
use serde_json::json;

use super::{SHOP, bind, entry, key_file, required, revoke, upload_signed};
use crate::policies::{TO, always, catalog, decide, try_upload};
use callsign_tests::servers::postgres::Server as Database;
use callsign_tests::service::{Server, folder};

/// Two services on a database, each with a rule for signatures; the first made the first key.
fn pair(database: &Database, first: &str, second: &str) -> (Server, Server, String) {
    let store = format!("[catalog]\nstore = \"{}\"\n", database.address());
    let one = Server::with_arguments(&format!("{store}{first}"), &["--catalog", catalog().to_str().unwrap()]);
    let key = one.key().to_owned();
    let data = folder("second");
    // The platform has a key already, so this one prints none.
    (one, Server::at(&data, &format!("{store}{second}"), &[]), key)
}

#[test]
fn another_node_that_hears_of_a_revocation_stops_what_runs() {
    let [one, two] = [(); 2].map(|()| SecretKey::generate().unwrap());
    let keys = key_file(&(entry(&one, "") + &entry(&two, "")));
    let database = Database::start();
    // The second node has no file: the keys are in the store.
    let (first, second, key) = pair(&database, &required(&keys), "[modules]\nsignatures = \"required\"\n");
    upload_signed(&first, &key, &always("acme", "1.0.0", 1), &one);
    upload_signed(&second, &key, &always("acme", "1.1.0", 2), &two);
    first.until("the first node has the module", || {
        first.ask(&key, "PUT", SHOP, Some(&json!({ "module": "acme@1.0.0" }))).status == 200
            && first.ask(&key, "PUT", SHOP, Some(&json!({ "module": "acme@1.1.0" }))).status == 200
    });
    bind(&first, &key, "care", "acme@1.1.0");
    second.until("the second node serves it", || decide(&second, &key, "care", TO) == "S2 acme@1.1.0");
    // Applications are served side by side.
    second.until("and for the other application", || decide(&second, &key, "shop", TO) == "S2 acme@1.1.0");

    revoke(&first, &key, &two);
    second.until("the second node runs nothing of it", || {
        (decide(&second, &key, "shop", TO), decide(&second, &key, "care", TO))
            == ("S1 acme@1.0.0".into(), "POLICY_FAILED".into())
    });
    assert_eq!(decide(&first, &key, "shop", TO), "S1 acme@1.0.0");
    assert_eq!(decide(&first, &key, "care", TO), "POLICY_FAILED");
    let binding = second.ask(&key, "GET", SHOP, None).expect(200).json();
    assert_eq!(binding["active"]["policy"], "acme@1.0.0");
}

#[test]
fn a_node_with_signatures_off_cannot_make_another_one_run_what_nobody_signed() {
    let secret = SecretKey::generate().unwrap();
    let keys = key_file(&entry(&secret, ""));
    let database = Database::start();
    let (strict, off, key) = pair(&database, &required(&keys), "");
    upload_signed(&strict, &key, &always("acme", "1.0.0", 1), &secret);
    bind(&strict, &key, "shop", "acme@1.0.0");
    try_upload(&off, &key, "", &always("acme", "1.1.0", 2)).expect(201);
    bind(&off, &key, "care", "acme@1.1.0");
    assert_eq!(decide(&off, &key, "care", TO), "S2 acme@1.1.0");
    strict.until("the strict node refuses it", || decide(&strict, &key, "care", TO) == "POLICY_FAILED");
    off.until("the other node has the module", || {
        off.ask(&key, "GET", SHOP, None).json()["active"]["policy"] == "acme@1.0.0"
    });
    // In the place of what is signed: the strict node takes it back, for both.
    bind(&off, &key, "shop", "acme@1.1.0");
    for server in [&strict, &off] {
        server.until("the signed policy serves again", || decide(server, &key, "shop", TO) == "S1 acme@1.0.0");
    }
}
