//! Modules that cosign has signed, beside those of minisign.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callsign::ModuleDigest;
use callsign_signature::SecretKey;
use rcgen::{KeyPair, PublicKeyData, SigningKey};
use serde_json::{Value, json};

use super::{SHOP, add_key, bind, entry, requiring, statement, try_upload_signed, upload_signed};
use crate::policies::{TO, always, decide};

fn sha256(bytes: &[u8]) -> String {
    STANDARD.encode(ModuleDigest::of(bytes).as_bytes())
}

/// What `cosign sign-blob --key` writes of the statement of a component.
fn bundle(pair: &KeyPair, component: &[u8]) -> Value {
    let text = statement(component).to_string();
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "publicKey": { "hint": sha256(&pair.subject_public_key_info()) },
            "tlogEntries": [{ "logIndex": "771488337", "canonicalizedBody": "A".repeat(3_000) }],
        },
        "messageSignature": {
            "messageDigest": { "algorithm": "SHA2_256", "digest": sha256(text.as_bytes()) },
            "signature": STANDARD.encode(pair.sign(text.as_bytes()).unwrap()),
        },
    })
}

#[test]
fn a_module_that_cosign_signed_is_taken_in_and_runs_until_its_key_is_revoked() {
    let (minisign, cosign) = (SecretKey::generate().unwrap(), KeyPair::generate().unwrap());
    let server = requiring(&entry(&minisign, ""));
    let key = server.key();
    let (first, second) = (always("acme", "1.0.0", 1), always("acme", "1.1.0", 2));
    upload_signed(&server, key, &first, &minisign);
    bind(&server, key, "shop", "acme@1.0.0");

    let bundle = bundle(&cosign, &second).to_string();
    let unknown = try_upload_signed(&server, key, "", &second, &[&bundle]).expect(400);
    assert!(unknown.text.contains("no key has the id"), "{}", unknown.text);
    let body = json!({ "name": "cosign", "publicKey": cosign.public_key_pem() });
    let added = server.ask(key, "POST", "/v1/module-keys", Some(&body)).expect(201).json();
    let other = try_upload_signed(&server, key, "", &always("acme", "1.2.0", 0), &[&bundle]).expect(400);
    assert!(other.text.contains("is not of this key over these bytes"), "{}", other.text);
    let taken = try_upload_signed(&server, key, "", &second, &[&bundle]).expect(201).json();
    assert_eq!(taken["signatures"][0]["keyId"], added["keyId"]);
    assert_eq!(taken["signatures"][0]["valid"], true);
    bind(&server, key, "shop", "acme@1.1.0");
    assert_eq!(decide(&server, key, "shop", TO), "S2 acme@1.1.0");

    let path = format!("/v1/module-keys/{}/revoke", added["keyId"].as_str().unwrap());
    server.ask(key, "POST", &path, None).expect(200);
    assert_eq!(decide(&server, key, "shop", TO), "S1 acme@1.0.0");
    assert_eq!(server.get(SHOP).expect(200).json()["active"]["policy"], "acme@1.0.0");
    // A key of one kind does not count for the other.
    add_key(&server, key, &SecretKey::generate().unwrap(), &json!({}));
    try_upload_signed(&server, key, "", &second, &[&bundle]).expect(400);
}
