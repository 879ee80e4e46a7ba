//! What a start does with modules, keys and files of them.

use std::path::Path;

use callsign_signature::SecretKey;
use serde_json::json;

use super::{SHOP, bind, entry, key_file, required, revoke, signed, try_upload_signed, upload_signed};
use crate::policies::{TO, always, catalog, decide, try_upload};
use callsign_tests::service::{Server, folder};

/// A service on a folder that is kept.
fn start(data: &Path, config: &str) -> Server {
    Server::at(data, config, &["--catalog", catalog().to_str().unwrap()])
}

#[test]
fn what_was_taken_in_while_signatures_were_off_does_not_run_once_they_are_required() {
    let secret = SecretKey::generate().unwrap();
    let keys = key_file(&entry(&secret, ""));
    let data = folder("downgrade");
    let server = start(&data, &required(&keys));
    let key = server.key().to_owned();
    upload_signed(&server, &key, &always("acme", "1.0.0", 1), &secret);
    bind(&server, &key, "shop", "acme@1.0.0");
    assert_eq!(server.end(), Some(0));

    let server = Server::at(&data, "", &[]);
    for version in ["1.1.0", "1.2.0"] {
        try_upload(&server, &key, "", &always("acme", version, 2)).expect(201);
        bind(&server, &key, "shop", &format!("acme@{version}"));
    }
    bind(&server, &key, "care", "acme@1.1.0");
    let wrong = always("acme", "1.3.0", 2);
    try_upload_signed(&server, &key, "", &wrong, &[&signed(&secret, &always("acme", "1.3.0", 1))]).expect(201);
    assert_eq!(decide(&server, &key, "shop", TO), "S2 acme@1.2.0");
    assert_eq!(server.end(), Some(0));

    let server = Server::at(&data, &required(&keys), &[]);
    server.until("the last policy that is signed serves", || decide(&server, &key, "shop", TO) == "S1 acme@1.0.0");
    assert_eq!(decide(&server, &key, "care", TO), "POLICY_FAILED");
    let refused = server.ask(&key, "PUT", SHOP, Some(&json!({ "module": "acme@1.3.0" }))).expect(400).json();
    assert!(refused["detail"].as_str().unwrap().contains("is not of this key over these bytes"), "{refused}");
    // The signature that is right takes the place of the wrong one of the same key.
    try_upload_signed(&server, &key, "", &wrong, &[&signed(&secret, &wrong)]).expect(200);
    bind(&server, &key, "shop", "acme@1.3.0");
    assert_eq!(server.end(), Some(0));

    // The copy of a node may be gone: then the module comes from the catalog store, and is verified again.
    std::fs::remove_dir_all(data.join("modules")).unwrap();
    let server = Server::at(&data, &required(&keys), &[]);
    server.until("it serves after a start", || decide(&server, &key, "shop", TO) == "S2 acme@1.3.0");
    assert_eq!(server.end(), Some(0));
}

#[test]
fn a_start_without_keys_or_with_a_file_that_is_none_is_refused_where_signatures_are_required() {
    let (one, two) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    let refused = |config: &str| match Server::try_at(&folder("refused"), config, &[]) {
        Err(log) => log,
        Ok(_) => panic!("it starts: {config}"),
    };
    let log = refused("[modules]\nsignatures = \"required\"\n");
    assert!(log.contains("there are no keys to verify signatures with"), "{log}");
    let open = key_file(&entry(&one, ""));
    std::fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
    let twin = entry(&one, "") + &entry(&one, "");
    let missing = folder("missing").join("keys.toml");
    for (file, words) in [
        (key_file(""), "there are no keys in it"),
        (key_file("\n# none yet\n"), "there are no keys in it"),
        (key_file("key = []\n"), "there are no keys in it"),
        (key_file(&twin), "another key has the id"),
        (key_file("[[key]]\nname = \"x\"\n"), "public_key"),
        (key_file(&entry(&two, "application = \"none\"")), "there are no keys to verify signatures with"),
        (open, "is open to other users"),
        (missing, "No such file"),
    ] {
        let log = refused(&required(&file));
        assert!(log.contains(words), "{words}: {log}");
        // A file that is named must be one, whatever the rule.
        if !words.contains("to verify") {
            let log = refused(&required(&file).replace("required", "off"));
            assert!(log.contains(words), "{words}: {log}");
        }
    }
    let log = refused("[modules]\nsignatures = \"sometimes\"\n");
    assert!(log.contains("signatures"), "{log}");
}

#[test]
fn what_the_store_knows_of_a_key_counts_more_than_a_file() {
    let (one, two) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    let keys = key_file(&(entry(&one, "") + &entry(&two, "")));
    let data = folder("seeded");
    let server = start(&data, &required(&keys));
    let key = server.key().to_owned();
    upload_signed(&server, &key, &always("acme", "1.0.0", 1), &one);
    bind(&server, &key, "shop", "acme@1.0.0");
    let revoked = revoke(&server, &key, &one);
    assert_eq!(decide(&server, &key, "shop", TO), "POLICY_FAILED");
    assert_eq!(server.end(), Some(0));

    // The file has the key without a word of that.
    let server = Server::at(&data, &required(&keys), &[]);
    let path = format!("/v1/module-keys/{}", one.public_key().id());
    assert_eq!(server.ask(&key, "GET", &path, None).expect(200).json(), revoked);
    assert_eq!(decide(&server, &key, "shop", TO), "POLICY_FAILED");
    let acme = always("acme", "1.1.0", 1);
    try_upload_signed(&server, &key, "", &acme, &[&signed(&one, &acme)]).expect(400);
    assert_eq!(server.end(), Some(0));

    // That the file has a key as revoked counts too, and a file is not needed any more.
    let both = entry(&one, "") + &entry(&two, "revoked = \"2026-01-01T00:00:00Z\"");
    let server = Server::at(&data, &required(&key_file(&both)), &[]);
    let path = format!("/v1/module-keys/{}", two.public_key().id());
    assert_eq!(server.ask(&key, "GET", &path, None).expect(200).json()["revokedAt"], "2026-01-01T00:00:00Z");
    assert_eq!(server.end(), Some(0));
    let server = Server::at(&data, "[modules]\nsignatures = \"required\"\n", &[]);
    assert_eq!(decide(&server, &key, "shop", TO), "POLICY_FAILED");
    // A configuration that is taken over while it runs does not switch signatures off.
    let told = server.reload("[modules]\nsignatures = \"off\"\n");
    assert!(told.contains("modules.signatures"), "{told}");
    try_upload(&server, &key, "", &acme).expect(400);
    assert_eq!(server.end(), Some(0));
}

#[test]
fn a_catalog_store_that_was_changed_by_hand_brings_nothing_to_run() {
    let secret = SecretKey::generate().unwrap();
    let keys = key_file(&entry(&secret, ""));
    let data = folder("changed");
    let server = start(&data, &required(&keys));
    let key = server.key().to_owned();
    upload_signed(&server, &key, &always("acme", "1.0.0", 1), &secret);
    upload_signed(&server, &key, &always("acme", "1.1.0", 2), &secret);
    bind(&server, &key, "shop", "acme@1.1.0");
    bind(&server, &key, "care", "acme@1.0.0");
    assert_eq!(server.end(), Some(0));
    // The old version in the place of the new one: its record says that it is the new one.
    let database = rusqlite::Connection::open(data.join("catalog.sqlite")).unwrap();
    let changed = database
        .execute(
            "UPDATE elements SET body = replace(body, '\"version\":\"1.0.0\"', '\"version\":\"9.0.0\"') WHERE kind = 'module'",
            [],
        )
        .unwrap();
    assert!(changed > 0);
    drop(database);
    let server = Server::at(&data, &required(&keys), &[]);
    server.until("what was not changed serves", || decide(&server, &key, "shop", TO) == "S2 acme@1.1.0");
    assert_eq!(decide(&server, &key, "care", TO), "POLICY_FAILED");
    assert_eq!(server.end(), Some(0));
}
