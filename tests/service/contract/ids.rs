//! Ids are any visible text in NFC: in paths, in parameters and in bodies they mean what they say. The compatible paths make those
//! that a URL carries as they are.

use callsign_tests::service::Server;
use serde_json::{Value, json};

use super::world;

fn odd() -> Vec<String> {
    let ids = [
        "a/b",
        "/",
        "//",
        ".",
        "..",
        "../..",
        "a/../b",
        "50%",
        "50%25",
        "%2F",
        "%00",
        "a b",
        " lead and trail ",
        "a+b",
        "a?b=c&d=e#f",
        "\"quoted\"",
        "'quoted'",
        "'; DROP TABLE elements; --",
        "back\\slash",
        "{applicationId}",
        "{*rest}",
        ":id",
        "*",
        "single",
        "null",
        "[\"a\",null]",
        "true",
        "0",
        "-1",
        "grüße",
        "漢字",
        "🙂",
        "\u{e9}",
        "\u{a0}",
        "a;b",
        "a,b",
        "<b>bold</b>",
        "${x}",
        "$ref",
        "~",
        "applicationId",
        "constructor",
        "__proto__",
    ];
    let long = ["x".repeat(255), "漢".repeat(255), "%".repeat(255)];
    ids.into_iter().map(str::to_owned).chain(long).collect()
}

/// A service of which the catalog has applications and entities with these ids, and their names the same.
fn server_with(ids: impl Iterator<Item = String>) -> Server {
    let mut catalog = world::catalog();
    for id in ids {
        for (list, field, name) in
            [("applications", "applicationId", "applicationName"), ("entities", "entityId", "entityName")]
        {
            catalog[list].as_array_mut().unwrap().push(json!({ field: id, name: id }));
        }
    }
    world::of(&catalog, "")
}

/// Whether the path of a URL carries an id as it is.
fn is_carried(id: &str) -> bool {
    !matches!(id, "." | "..") && !id.contains(|sign: char| "\"#%/<>?[\\]^`{|} \u{a0}".contains(sign))
}

#[test]
fn the_compatible_paths_make_no_id_that_their_urls_cannot_carry() {
    let server = world::server();
    for (path, id) in [("/provisioning/1/applications", "applicationId"), ("/provisioning/1/entities", "entityId")] {
        let (carried, others): (Vec<String>, Vec<String>) = odd().into_iter().partition(|id| is_carried(id));
        assert!(carried.len() > 15 && others.len() > 15);
        for text in others {
            let refused = server.post(path, &json!({ id: text })).expect(400);
            super::fault::names(path, &refused, 400, id);
            server.get(&format!("{path}/{}", world::escaped(&text))).expect(404);
        }
    }
}

#[test]
fn an_id_that_is_not_in_nfc_is_refused_wherever_it_comes_in() {
    let server = world::server();
    let text = "cafe\u{301}";
    let message = json!({ "applicationId": "shop", "entityId": text, "channel": "SMS", "to": "+14155550123" });
    for refused in [
        server.post("/provisioning/1/applications", &json!({ "applicationId": text })),
        server.post("/provisioning/1/entities", &json!({ "entityId": text })),
        server.post("/v1/decisions", &message),
    ] {
        let refused = refused.expect(400).text;
        assert!(refused.contains("NFC") && refused.contains("caf\u{e9}"), "{refused}");
    }
}

#[test]
fn applications_and_entities_have_any_id() {
    let server = server_with(odd().into_iter().filter(|id| !is_carried(id)));
    for (path, id, name) in [
        ("/provisioning/1/applications", "applicationId", "applicationName"),
        ("/provisioning/1/entities", "entityId", "entityName"),
    ] {
        for text in odd().into_iter().filter(|id| is_carried(id)) {
            server.post(path, &json!({ id: text, name: text })).expect(201);
            server.post(path, &json!({ id: text })).expect(409);
        }
        for text in odd() {
            let one = format!("{path}/{}", world::escaped(&text));
            assert_eq!(server.get(&one).expect(200).json(), json!({ id: text, name: text }));
            server.put(&one, &json!({ name: "another" })).expect(204);
            assert_eq!(server.get(&one).expect(200).json(), json!({ id: text, name: "another" }));
        }
        let list = server.get(&format!("{path}?size=1000")).expect(200).json();
        assert_eq!(world::ids(&list, id).iter().filter(|id| odd().contains(id)).count(), odd().len());
        for text in odd() {
            server.delete(&format!("{path}/{}", world::escaped(&text))).expect(200);
            server.get(&format!("{path}/{}", world::escaped(&text))).expect(404);
        }
    }
}

#[test]
fn associations_and_strategies_have_them_too() {
    let server = server_with(odd().into_iter());
    for text in odd() {
        let links = "/provisioning/1/associations";
        let mut body = json!({
            "resourceType": "DOMAIN", "channel": "EMAIL", "applicationId": text, "entityId": text, "resourceId": text,
        });
        server.post(links, &body).expect(201);
        body["entityId"] = Value::Null;
        server.post(links, &body).expect(201);
        let query = world::escaped(&text);
        let query = format!("applicationId={query}&entityId={query}&resourceId={query}");
        let found = server.get(&format!("{links}?{query}")).expect(200).json();
        assert_eq!(found["paging"]["totalResults"], 1, "{text:?}");
        let single = format!("{links}/single?resourceType=DOMAIN&channel=EMAIL&{query}");
        assert_eq!(server.get(&single).expect(200).json()["resourceId"], json!(text));

        let strategies = "/provisioning/2/sending-strategies";
        let platform = json!({ "applicationId": text, "entityId": text });
        server.post(strategies, &json!({ "platform": platform })).expect(201);
        let found = server.get(&format!("{strategies}?{query}")).expect(200).json();
        assert_eq!(found["results"][0]["platform"], platform, "{text:?}");

        server.ask(server.key(), "DELETE", links, Some(&body)).expect(204);
        server.delete(&format!("/provisioning/1/entities/{}", world::escaped(&text))).expect(200);
        server.delete(&format!("/provisioning/1/applications/{}", world::escaped(&text))).expect(200);
    }
    // What was of the entities moved, and each is there under its name.
    let left = server
        .get("/provisioning/1/associations?resourceType=DOMAIN&applicationId=default&size=1000")
        .expect(200)
        .json();
    assert_eq!(world::ids(&left, "resourceId"), odd());
}

#[test]
fn a_sender_has_any_id_as_well() {
    let senders = odd().into_iter().filter(|id| !id.is_empty()).map(|id| {
        json!({
            "senderId": id, "sender": "12345", "senderType": "SHORT_CODE",
            "coverage": [{ "channel": "SMS", "countries": ["US"] }],
        })
    });
    let senders: Vec<Value> = senders.collect();
    let server = world::of(&json!({ "applications": [{ "applicationId": "shop" }], "senders": senders }), "");
    for text in odd() {
        let body = world::association(&json!(null), &text);
        server.post("/provisioning/1/associations", &body).expect(201);
        let found = server.get(&format!("/provisioning/1/associations?resourceId={}", world::escaped(&text)));
        assert_eq!(found.expect(200).json()["results"], json!([body]));
    }
    let list = server.get("/numbers/1/numbers?limit=1000").expect(200).json();
    assert_eq!(list["numberCount"], odd().len());
}
