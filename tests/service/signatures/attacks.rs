//! What is not signed as it must be is refused, whatever it looks like.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callsign_signature::{SecretKey, Signature, Statement};
use serde_json::json;

use super::{
    SHOP, add_key, bind, entry, key_file, required, requiring, revoke, signed, statement, try_upload_signed,
    upload_signed, upload_with,
};
use crate::policies::{TO, always, catalog, decide, try_upload};
use callsign_tests::service::Server;

/// A text of a signature with some bytes of its second line changed.
fn with_bytes(text: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut bytes = STANDARD.decode(lines[1]).unwrap();
    change(&mut bytes);
    [lines[0], &STANDARD.encode(bytes), lines[2], lines[3], ""].join("\n")
}

#[test]
fn where_signatures_are_required_every_attack_on_them_is_refused_with_its_own_words() {
    let secrets: Vec<SecretKey> = (0..8).map(|_| SecretKey::generate().unwrap()).collect();
    let [right, second, old, early, revoked, shop, unknown, twin] = &secrets[..] else { unreachable!() };
    let keys = [
        entry(right, ""),
        entry(second, ""),
        entry(old, "valid_until = \"2020-01-01T00:00:00Z\""),
        entry(early, "valid_from = \"2999-01-01T00:00:00Z\""),
        entry(revoked, "revoked = \"2020-01-01T00:00:00Z\""),
    ];
    let server = requiring(&keys.concat());
    let key = server.key();
    add_key(&server, key, shop, &json!({ "applicationId": "shop" }));

    let acme = always("acme", "1.0.0", 1);
    let good = signed(right, &acme);
    let of_other = |component: &[u8]| signed(right, component);
    // The id of the right key, and another one's signature.
    let id = STANDARD.decode(right.public_key().as_str()).unwrap();
    let forged = with_bytes(&signed(twin, &acme), |bytes| bytes[2..10].copy_from_slice(&id[2..10]));
    let bytes = Statement::new("acme", "1.0.0", &"0".repeat(64)).unwrap();
    let nine: Vec<String> = (0..9).map(|_| good.clone()).collect();
    let nine: Vec<&str> = nine.iter().map(String::as_str).collect();
    let cut = &good[..good.trim_end().len() - 1];
    let mut attacks: Vec<(&str, Vec<&str>, &str)> = Vec::new();
    let (other_bytes, other_name, other_version) = (
        of_other(&always("acme", "1.0.0", 2)),
        of_other(&always("acme2", "1.0.0", 1)),
        of_other(&always("acme", "1.0.1", 1)),
    );
    let comment = good.replace("of a test", "of the release");
    let bit = with_bytes(&good, |bytes| bytes[30] ^= 4);
    let legacy = with_bytes(&good, |bytes| bytes[1] = b'd');
    let hidden = good.replace("of a test", "of\u{202e} a test");
    let (expired, not_yet, gone) = (signed(old, &acme), signed(early, &acme), signed(revoked, &acme));
    let (of_shop, of_nobody, also_good) = (signed(shop, &acme), signed(unknown, &acme), signed(second, &acme));
    let zeros = right.sign(&bytes, "of a test").unwrap().text().to_owned();
    attacks.push(("no signature", vec![], "has no signature, and signatures are required"));
    attacks.push(("of other bytes", vec![&other_bytes], "is not of this key over these bytes"));
    attacks.push(("of a digest that is nobody's", vec![&zeros], "is not of this key over these bytes"));
    attacks.push(("of another name", vec![&other_name], "is not of this key over these bytes"));
    attacks.push(("of another version", vec![&other_version], "is not of this key over these bytes"));
    attacks.push(("with its trusted comment changed", vec![&comment], "is not of this key over these bytes"));
    attacks.push(("with a bit changed", vec![&bit], "is not of this key over these bytes"));
    attacks.push(("of a key with the same id and other bytes", vec![&forged], "is not of this key over these bytes"));
    attacks.push(("of an expired key", vec![&expired], "was valid until 2020-01-01T00:00:00Z"));
    attacks.push(("of a key that is not valid yet", vec![&not_yet], "is valid from 2999-01-01T00:00:00Z on"));
    attacks.push(("of a revoked key", vec![&gone], "is revoked since 2020-01-01T00:00:00Z"));
    attacks.push(("of a key that is not known", vec![&of_nobody], "no key has the id"));
    attacks.push(("of the key of an application", vec![&of_shop], "is of an application"));
    attacks.push(("two of which the second is bad", vec![&good, &other_bytes], "is not of this key"));
    attacks.push(("two of which the first is bad", vec![&other_bytes, &also_good], "is not of this key"));
    attacks.push(("two of which one is of nobody", vec![&good, &of_nobody], "no key has the id"));
    attacks.push(("two of which one is revoked", vec![&good, &gone], "is revoked since"));
    attacks.push(("empty", vec![""], "the signature is empty"));
    attacks.push(("good and empty", vec![&good, ""], "the signature is empty"));
    attacks.push(("truncated", vec![cut], "64 bytes"));
    attacks.push(("truncated to a line", vec!["untrusted comment: x\n"], "four lines"));
    attacks.push(("of the old form", vec![&legacy], "old form"));
    attacks.push(("a public key", vec![right.public_key().as_str()], "four lines"));
    attacks.push(("with a comment that hides", vec![&hidden], "control or format characters"));
    attacks.push(("nine", nine, "a module may have 8"));
    for (what, signatures, words) in &attacks {
        let refused = try_upload_signed(&server, key, "", &acme, signatures);
        assert_eq!(refused.status, 400, "{what}: {refused:?}");
        let violation = refused.json();
        assert!(violation["detail"].as_str().unwrap().contains(words), "{what}: {violation}");
    }
    for (what, value, words) in [("not Base64", "!!!", "not the Base64"), ("not UTF-8", "/w==", "Base64 of a text")] {
        let refused = upload_with(&server, key, "", &acme, &[value]).expect(400).json();
        assert!(refused["detail"].as_str().unwrap().contains(words), "{what}: {refused}");
    }
    // 10 MB do not fit into the head of a request, which is refused or cut off.
    let authorization = format!("App {key}");
    let long = STANDARD.encode("x".repeat(10 << 20));
    let headers = [("authorization", &*authorization), ("callsign-signature", &*long)];
    let refused = server.try_send(&headers, "POST", "/v1/modules", Some(&acme));
    assert!(refused.as_ref().map_or(true, |reply| matches!(reply.status, 400 | 413 | 431)), "{refused:?}");

    assert_eq!(server.get("/v1/modules").expect(200).json()["paging"]["totalResults"], 0, "nothing is taken in");
    upload_signed(&server, key, &acme, right);
    server.delete(&format!("/v1/modules/{}", statement(&acme).digest())).expect(204);
    try_upload_signed(&server, key, "", &acme, &[&good, &also_good]).expect(201);
}

#[test]
fn a_key_of_an_application_counts_for_its_own_modules_alone() {
    let [platform, of_shop, of_care] = [(); 3].map(|()| SecretKey::generate().unwrap());
    let server = requiring(&entry(&platform, ""));
    let key = server.key();
    add_key(&server, key, &of_shop, &json!({ "applicationId": "shop" }));
    add_key(&server, key, &of_care, &json!({ "applicationId": "care" }));
    let shop = server.new_key(Some("shop"), &[]);
    let one = always("acme", "1.0.0", 1);
    let refused = try_upload_signed(&server, &shop, "", &one, &[&signed(&of_care, &one)]).expect(400).json();
    assert!(refused["detail"].as_str().unwrap().contains("is of an application"), "{refused}");
    try_upload_signed(&server, &shop, "", &one, &[&signed(&of_shop, &one)]).expect(201);
    // Not for the platform, whose modules others may use, and not for another application.
    try_upload_signed(&server, key, "", &one, &[&signed(&of_shop, &one)]).expect(400);
    try_upload_signed(&server, key, "?applicationId=care", &one, &[&signed(&of_shop, &one)]).expect(400);
    bind(&server, &shop, "shop", "acme@1.0.0");
    assert_eq!(decide(&server, &shop, "shop", TO), "S1 acme@1.0.0");
    server.put("/v1/binding?applicationId=care", &json!({ "module": "acme@1.0.0" })).expect(404);
    // A key of the platform is for modules of every application.
    let two = always("acme", "2.0.0", 2);
    try_upload_signed(&server, &shop, "", &two, &[&signed(&platform, &two)]).expect(201);
    bind(&server, &shop, "shop", "acme@2.0.0");
    assert_eq!(decide(&server, &shop, "shop", TO), "S2 acme@2.0.0");

    // Once the application is gone, so is its key: the next one with its id trusts nobody.
    server.delete("/provisioning/1/applications/shop").expect(200);
    let path = format!("/v1/module-keys/{}", of_shop.public_key().id());
    server.get(&path).expect(404);
    server.get(&format!("/v1/module-keys/{}", of_care.public_key().id())).expect(200);
}

#[test]
fn who_uploads_does_not_choose_whose_signatures_count() {
    let (right, other) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    let server = requiring(&entry(&right, ""));
    let body = json!({ "name": "mine", "publicKey": other.public_key().as_str() });
    let of_shop = json!({ "name": "mine", "publicKey": other.public_key().as_str(), "applicationId": "shop" });
    let uploads = server.new_key(None, &["modules:manage"]);
    let tenant = server.new_key(Some("shop"), &[]);
    let place = format!("/v1/module-keys/{}", right.public_key().id());
    for key in [&uploads, &tenant] {
        for body in [&body, &of_shop] {
            server.ask(key, "POST", "/v1/module-keys", Some(body)).expect(403);
        }
        server.ask(key, "POST", &format!("{place}/revoke"), None).expect(403);
        server.ask(key, "GET", "/v1/module-keys", None).expect(403);
    }
    let manages = server.new_key(None, &["keys:manage"]);
    let added = server.ask(&manages, "POST", "/v1/module-keys", Some(&body)).expect(201);
    assert_eq!(added.header("location"), Some(&*format!("/v1/module-keys/{}", other.public_key().id())));
    let again = server.ask(&manages, "POST", "/v1/module-keys", Some(&body)).expect(409).json();
    assert!(again["detail"].as_str().unwrap().contains("another key has the id"), "{again}");
    for (body, words) in [
        (json!({ "name": "x", "publicKey": "x" }), "publicKey"),
        (json!({ "name": "x", "publicKey": other.to_text().unwrap().expose() }), "secret key"),
        (json!({ "name": "", "publicKey": other.public_key().as_str() }), "name"),
        (json!({ "name": "x", "publicKey": other.public_key().as_str(), "validUntil": "soon" }), "validUntil"),
        (
            json!({ "name": "x", "publicKey": other.public_key().as_str(), "validFrom": "2027-01-01T00:00:00Z",
                "validUntil": "2026-01-01T00:00:00Z" }),
            "validUntil",
        ),
        (json!({ "publicKey": other.public_key().as_str() }), "name"),
    ] {
        let refused = server.post("/v1/module-keys", &body).expect(400).json();
        assert!(refused["detail"].as_str().unwrap().contains(words), "{words}: {refused}");
        let secret = other.to_text().unwrap();
        assert!(!refused.to_string().contains(secret.expose().lines().nth(1).unwrap()), "a secret is repeated");
    }
    let none = json!({ "name": "x", "publicKey": other.public_key().as_str(), "applicationId": "none" });
    server.post("/v1/module-keys", &none).expect(404);
    server.get("/v1/module-keys/none").expect(404);
    server.post("/v1/module-keys/0000000000000000/revoke", &json!({})).expect(404);
    let listed = server.get("/v1/module-keys").expect(200).json();
    assert_eq!(listed["paging"]["totalResults"], 2);
    let (first, second) = (revoke(&server, server.key(), &other), revoke(&server, server.key(), &other));
    assert_eq!(first, second, "revoked once");
}

#[test]
fn who_signed_what_is_in_the_list_the_history_and_the_audit_log() {
    let (one, two) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    let server = requiring(&(entry(&one, "") + &entry(&two, "")));
    let key = server.key();
    let first = upload_signed(&server, key, &always("acme", "1.0.0", 1), &one);
    let id = one.public_key().id().to_string();
    let signature = json!({ "keyId": id, "keyName": "of a test", "comment": "of a test", "valid": true });
    assert_eq!(first["signatures"], json!([signature]));
    bind(&server, key, "shop", "acme@1.0.0");
    let component = always("acme", "1.1.0", 2);
    let both = [signed(&one, &component), signed(&two, &component)];
    try_upload_signed(&server, key, "", &component, &[&both[0], &both[1]]).expect(201);
    bind(&server, key, "shop", "acme@1.1.0");
    let binding = server.get(SHOP).expect(200).json();
    assert_eq!(binding["active"]["signedBy"], json!([id, two.public_key().id().to_string()]));
    assert_eq!(binding["history"][0]["signedBy"], json!([id]));
    let audit = server.get("/v1/audit?size=20").expect(200).text;
    assert!(audit.contains(&format!("\"signedBy\":[\"{id}\"")), "{audit}");
    assert!(audit.contains("\"signatures\":[{"), "{audit}");
    assert!(audit.contains("\"kind\":\"moduleKey\""), "{audit}");
    // What counts no more says so.
    revoke(&server, key, &two);
    let listed = server.get("/v1/modules").expect(200).json();
    let signatures = &listed["results"][1]["signatures"];
    assert_eq!((&signatures[0]["valid"], &signatures[1]["valid"]), (&json!(true), &json!(false)));
    assert!(signatures[1]["fault"].as_str().unwrap().contains("is revoked since"), "{listed}");
    assert_eq!(decide(&server, key, "shop", TO), "S2 acme@1.1.0", "the other signature counts");
}

#[test]
fn where_signatures_are_off_they_are_kept_and_nothing_depends_on_them() {
    let secret = SecretKey::generate().unwrap();
    let server = Server::with_arguments("", &["--catalog", catalog().to_str().unwrap()]);
    let key = server.key();
    let acme = always("acme", "1.0.0", 1);
    let kept = try_upload_signed(&server, key, "", &acme, &[&signed(&secret, &acme)]).expect(201).json();
    assert_eq!(kept["signatures"][0]["valid"], false);
    assert_eq!(kept["signatures"][0].get("keyName"), None);
    // It must be one all the same.
    try_upload_signed(&server, key, "", &acme, &["x"]).expect(400);
    bind(&server, key, "shop", "acme@1.0.0");
    assert_eq!(decide(&server, key, "shop", TO), "S1 acme@1.0.0");
    try_upload(&server, key, "", &always("acme", "2.0.0", 1)).expect(201);
    add_key(&server, key, &secret, &json!({}));
    let listed = server.get("/v1/modules").expect(200).json();
    assert_eq!(listed["results"][0]["signatures"][0]["valid"], true);
    assert_eq!(listed["results"][1].get("signatures"), None);
    // The same bytes with another signature have both.
    let other = SecretKey::generate().unwrap();
    let more = try_upload_signed(&server, key, "", &acme, &[&signed(&other, &acme)]).expect(200).json();
    assert_eq!(more["signatures"].as_array().unwrap().len(), 2);
    let again = try_upload_signed(&server, key, "", &acme, &[]).expect(200).json();
    assert_eq!(again["signatures"].as_array().unwrap().len(), 2);
}

#[test]
fn a_signature_by_the_tool_itself_is_taken() {
    // `minisign` made this key and the signature of another module with it: host/signature/tests/tool.
    let public = "untrusted comment: minisign public key CE950F97B5F276FC\nRWT8dvK1lw+VzguyZ6sokWzZo+HhVSAeSaYr2bqOy4WN37qzaQmLkCtF\n";
    let keys = "[[key]]\nname = \"tool\"\npublic_key = \"RWT8dvK1lw+VzguyZ6sokWzZo+HhVSAeSaYr2bqOy4WN37qzaQmLkCtF\"\n";
    let server = Server::with_arguments(&required(&key_file(keys)), &["--catalog", catalog().to_str().unwrap()]);
    let listed = server.get("/v1/module-keys").expect(200).json();
    assert_eq!(listed["results"][0]["keyId"], "CE950F97B5F276FC");
    let body = json!({ "name": "again", "publicKey": public });
    server.post("/v1/module-keys", &body).expect(409);
    let text = include_str!("../../../host/signature/tests/tool/statement.minisig");
    assert_eq!(Signature::parse(text).unwrap().key_id().to_string(), "CE950F97B5F276FC");
    let acme = always("acme", "1.2.0", 1);
    let refused = try_upload_signed(&server, server.key(), "", &acme, &[text]).expect(400).json();
    assert!(refused["detail"].as_str().unwrap().contains("is not of this key over these bytes"), "{refused}");
}
