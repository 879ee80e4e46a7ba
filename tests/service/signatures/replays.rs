//! Recorded decisions are made again by modules that may run, and by no others.

use std::path::Path;

use callsign_signature::SecretKey;
use serde_json::Value;

use super::{bind, entry, key_file, required, revoke, upload_signed};
use crate::policies::{TO, always, catalog, decide};
use callsign_tests::service::{Server, command, folder};

/// What `callsign replay` says of the log in a data folder.
fn replay(data: &Path, arguments: &[&str]) -> Value {
    let log = data.join("log");
    let paths = [log.to_str().unwrap(), "--data", data.to_str().unwrap(), "--json"];
    let output = command().arg("replay").args(paths).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_module_of_a_revoked_key_is_not_replayed() {
    let (one, two) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    let keys = key_file(&entry(&one, ""));
    let data = folder("replayed");
    let config = format!("{}[log]\ndirectory = \"{}\"\n", required(&keys), data.join("log").display());
    let server = Server::at(&data, &config, &["--catalog", catalog().to_str().unwrap()]);
    let key = server.key().to_owned();
    upload_signed(&server, &key, &always("acme", "1.0.0", 1), &one);
    bind(&server, &key, "shop", "acme@1.0.0");
    for _ in 0..3 {
        assert_eq!(decide(&server, &key, "shop", TO), "S1 acme@1.0.0");
    }
    decide(&server, &key, "care", TO);
    assert_eq!(server.end(), Some(0));
    let whole = replay(&data, &[]);
    assert_eq!((&whole["records"], &whole["replayed"]), (&4.into(), &4.into()), "{whole}");

    let server = Server::at(&data, &config, &[]);
    revoke(&server, &key, &one);
    assert_eq!(server.end(), Some(0));
    // The keys of the platform count without a word, and the standard policy needs no signature.
    let left = replay(&data, &[]);
    assert_eq!((&left["replayed"], &left["notReplayed"]["MODULE_GONE"]), (&1.into(), &3.into()), "{left}");
    // A file of keys does not bring a revoked one back.
    let again = replay(&data, &["--signatures", "required", "--keys", keys.to_str().unwrap()]);
    assert_eq!(again["notReplayed"], left["notReplayed"], "{again}");
    let other = key_file(&entry(&two, ""));
    assert_eq!(replay(&data, &["--keys", other.to_str().unwrap()])["notReplayed"], left["notReplayed"]);
    assert_eq!(replay(&data, &["--signatures", "off"])["replayed"], 4);
}
