//! A key that is revoked or expires stops what runs with it.

use callsign_signature::SecretKey;
use serde_json::json;

use super::{SHOP, add_key, bind, entry, requiring, revoke, signed, try_upload_signed, upload_signed};
use crate::events::Listener;
use crate::policies::{TO, always, decide};

#[test]
fn what_a_revoked_key_signed_gives_way_to_the_last_policy_that_still_verifies() {
    let [one, two, three] = [(); 3].map(|()| SecretKey::generate().unwrap());
    let server = requiring(&(entry(&one, "") + &entry(&two, "")));
    let key = server.key();
    upload_signed(&server, key, &always("acme", "1.0.0", 1), &one);
    let second = always("acme", "1.1.0", 2);
    upload_signed(&server, key, &second, &two);
    upload_signed(&server, key, &always("acme", "1.2.0", 0), &two);
    for version in ["1.0.0", "1.1.0", "1.2.0"] {
        bind(&server, key, "shop", &format!("acme@{version}"));
    }
    // Without anything from before, with each rule for failures.
    bind(&server, key, "care", "acme@1.1.0");
    let standard = json!({ "module": "acme@1.1.0", "onFailure": "STANDARD" });
    server.put("/v1/binding?applicationId=default", &standard).expect(200);
    assert_eq!(decide(&server, key, "shop", TO), "S0 acme@1.2.0");

    let mut events = Listener::of(&server, key);
    let revoked = revoke(&server, key, &two);
    assert!(revoked["revokedAt"].as_str().unwrap().ends_with('Z'), "{revoked}");
    // Whoever revoked it has the answer once this node runs nothing of it.
    assert_eq!(decide(&server, key, "shop", TO), "S1 acme@1.0.0");
    assert_eq!(decide(&server, key, "care", TO), "POLICY_FAILED");
    let binding = server.get(SHOP).expect(200).json();
    assert_eq!((&binding["active"]["policy"], &binding["passedOver"]), (&json!("acme@1.0.0"), &json!("1.2.0")));
    assert_eq!(binding.get("history").map(|history| history.as_array().unwrap().len()), Some(0));
    let audit = server.get("/v1/audit?size=5").expect(200).text;
    assert!(audit.contains("modules without a valid signature are taken off"), "{audit}");
    let (mut told, mut held) = (None, 0);
    while told.is_none() || held < 2 {
        let (name, event) = events.next().unwrap();
        if name != "distrusted" {
            continue;
        }
        assert!(event["reason"].as_str().unwrap().contains("is revoked since"), "{event}");
        match event["to"].as_str() {
            Some(to) => {
                assert_eq!((&event["for"]["applicationId"], to), (&json!("shop"), "acme@1.0.0"));
                assert_eq!(event["policy"], "acme@1.2.0");
                told = Some(());
            }
            None => held += 1,
        }
    }

    // Nothing brings it back but a signature that counts.
    let refused = server.put(SHOP, &json!({ "module": "acme@1.1.0" })).expect(400).json();
    assert!(refused["detail"].as_str().unwrap().contains("is revoked since"), "{refused}");
    let canary = json!({ "module": "acme@1.1.0", "perMille": 500 });
    server.post("/v1/binding/canary?applicationId=shop", &canary).expect(400);
    server.post("/v1/binding/shadow?applicationId=shop", &json!({ "module": "acme@1.1.0" })).expect(400);
    try_upload_signed(&server, key, "", &second, &[]).expect(400);
    add_key(&server, key, &three, &json!({}));
    let again = try_upload_signed(&server, key, "", &second, &[&signed(&three, &second)]).expect(200).json();
    assert_eq!(again["signatures"].as_array().unwrap().len(), 2);
    server.until("the binding that was held serves again", || decide(&server, key, "care", TO) == "S2 acme@1.1.0");
    bind(&server, key, "shop", "acme@1.1.0");
    assert_eq!(decide(&server, key, "shop", TO), "S2 acme@1.1.0");
}

#[test]
fn a_canary_and_a_policy_from_before_need_a_valid_signature_too() {
    let [one, two] = [(); 2].map(|()| SecretKey::generate().unwrap());
    let server = requiring(&(entry(&one, "") + &entry(&two, "")));
    let key = server.key();
    upload_signed(&server, key, &always("acme", "1.0.0", 1), &two);
    upload_signed(&server, key, &always("acme", "1.1.0", 1), &one);
    upload_signed(&server, key, &always("acme", "1.2.0", 2), &two);
    bind(&server, key, "shop", "acme@1.0.0");
    bind(&server, key, "shop", "acme@1.1.0");
    let canary = json!({ "module": "acme@1.2.0", "perMille": 1000 });
    server.post("/v1/binding/canary?applicationId=shop", &canary).expect(200);
    assert_eq!(decide(&server, key, "shop", TO), "S2 acme@1.2.0");
    revoke(&server, key, &two);
    assert_eq!(decide(&server, key, "shop", TO), "S1 acme@1.1.0", "the canary is off");
    assert_eq!(server.get(SHOP).expect(200).json().get("canary"), None);
    let refused = server.post("/v1/binding/rollback?applicationId=shop", &json!({})).expect(409).json();
    assert!(refused["detail"].as_str().unwrap().contains("it may not run"), "{refused}");
    assert_eq!(decide(&server, key, "shop", TO), "S1 acme@1.1.0");
}

#[test]
fn a_binding_that_follows_versions_moves_to_what_is_signed_alone() {
    let [one, two] = [(); 2].map(|()| SecretKey::generate().unwrap());
    let server = requiring(&(entry(&one, "") + &entry(&two, "")));
    let key = server.key();
    upload_signed(&server, key, &always("acme", "1.0.0", 1), &one);
    server.put(SHOP, &json!({ "module": "acme@1.0.0", "versions": "^1" })).expect(200);
    upload_signed(&server, key, &always("acme", "1.1.0", 2), &two);
    let binding = server.get(SHOP).expect(200).json();
    assert_eq!(binding["active"]["policy"], "acme@1.1.0");
    assert_eq!(binding["active"]["signedBy"], json!([two.public_key().id().to_string()]));
    revoke(&server, key, &two);
    assert_eq!(decide(&server, key, "shop", TO), "S1 acme@1.0.0");
    let next = always("acme", "1.2.0", 2);
    try_upload_signed(&server, key, "", &next, &[&signed(&two, &next)]).expect(400);
    try_upload_signed(&server, key, "", &next, &[]).expect(400);
    assert_eq!(decide(&server, key, "shop", TO), "S1 acme@1.0.0");
    upload_signed(&server, key, &next, &one);
    assert_eq!(decide(&server, key, "shop", TO), "S2 acme@1.2.0");
}

#[test]
fn a_key_that_expires_stops_what_runs() {
    let one = SecretKey::generate().unwrap();
    let server = requiring(&entry(&one, ""));
    let key = server.key();
    upload_signed(&server, key, &always("acme", "1.0.0", 1), &one);
    bind(&server, key, "shop", "acme@1.0.0");
    // A slow machine gets more time to bind it before the key expires.
    let is_bound = [2, 10, 40].into_iter().any(|seconds| {
        let short = SecretKey::generate().unwrap();
        let end = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
        add_key(&server, key, &short, &json!({ "validUntil": end.to_string() }));
        let component = always("acme", &format!("1.{seconds}.0"), 2);
        let uploaded = try_upload_signed(&server, key, "", &component, &[&signed(&short, &component)]);
        let module = json!({ "module": format!("acme@1.{seconds}.0") });
        uploaded.status == 201 && server.put(SHOP, &module).status == 200
    });
    assert!(is_bound);
    server.until("the key has expired", || decide(&server, key, "shop", TO) == "S1 acme@1.0.0");
    let binding = server.get(SHOP).expect(200).json();
    assert_eq!(binding["active"]["policy"], "acme@1.0.0");
}
