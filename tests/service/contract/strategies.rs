//! Sending strategies.

use serde_json::{Value, json};

use super::{fault, world};
use callsign_tests::service::Server;

const PATH: &str = "/provisioning/2/sending-strategies";

#[track_caller]
fn made(server: &Server, body: &Value) -> String {
    let answer = server.post(PATH, body).expect(201).json();
    assert_eq!(fault::keys(&answer), ["sendingStrategyId"]);
    answer["sendingStrategyId"].as_str().unwrap().to_owned()
}

fn shown(server: &Server, id: &str) -> Value {
    let list = server.get(&format!("{PATH}?sendingStrategyId={id}")).expect(200).json();
    let results = list["results"].as_array().unwrap();
    assert_eq!(results.len(), 1, "{list}");
    results[0].clone()
}

#[test]
fn nothing_is_required_and_the_two_booleans_are_always_there() {
    let server = world::server();
    let id = made(&server, &json!({}));
    let bare = json!({
        "sendingStrategyId": id, "platform": { "applicationId": "default" }, "useStickySender": false,
        "useGeolocatedSender": false,
    });
    assert_eq!(shown(&server, &id), bare);
    server.delete(&format!("{PATH}/{id}")).expect(204);
    // Null is absent, wherever it is, and what is not known is passed over.
    let id = made(
        &server,
        &json!({
            "platform": null, "channel": null, "destinationCountryCode": null, "useStickySender": null,
            "useGeolocatedSender": null, "priorities": null, "sendingStrategyId": "MINE", "other": {},
        }),
    );
    assert_ne!(id, "MINE");
    let mut right = bare.clone();
    right["sendingStrategyId"] = json!(id);
    assert_eq!(shown(&server, &id), right);
    server.delete(&format!("{PATH}/{id}")).expect(204);
    let id = made(&server, &json!({ "platform": { "applicationId": null, "entityId": null }, "priorities": [] }));
    right["sendingStrategyId"] = json!(id);
    assert_eq!(shown(&server, &id), right);
}

#[test]
fn everything_that_is_given_is_answered() {
    let server = world::server();
    let mut body = json!({
        "platform": { "applicationId": "shop", "entityId": "acme" }, "channel": "MMS", "destinationCountryCode": "CA",
        "useStickySender": true, "useGeolocatedSender": true,
        "priorities": [{ "senderType": "SHORT_CODE", "priority": 1 }, { "senderType": "ALPHANUMERIC", "priority": 4 }],
    });
    let id = made(&server, &body);
    body["sendingStrategyId"] = json!(id);
    assert_eq!(shown(&server, &id), body);
}

#[test]
fn the_id_is_32_upper_case_letters_and_digits() {
    let server = world::server();
    let mut ids: Vec<String> = ["US", "CA", "GB", "FR"]
        .iter()
        .map(|country| made(&server, &json!({ "destinationCountryCode": country })))
        .collect();
    for id in &ids {
        let sign = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        assert!(id.len() == 32 && id.bytes().all(sign), "{id}");
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4);
}

#[test]
fn a_scope_that_ties_with_another_is_400_with_a_violation_that_names_it() {
    let server = world::server();
    let scopes = [
        json!({ "applicationId": "bank" }),
        json!({ "applicationId": "shop", "entityId": "acme" }),
        json!({ "applicationId": "bank", "entityId": "acme" }),
    ];
    for platform in scopes {
        for more in [
            json!({}),
            json!({ "channel": "SMS" }),
            json!({ "destinationCountryCode": "US" }),
            json!({ "channel": "SMS", "destinationCountryCode": "US" }),
        ] {
            let mut body = more;
            body["platform"] = platform.clone();
            let first = made(&server, &body);
            body["useStickySender"] = json!(true);
            let violations = fault::check(PATH, &server.post(PATH, &body), 400);
            assert!(violations.len() == 1 && violations[0].1.contains(&first), "{violations:?}");
            // The one that was refused did not take its place.
            assert_eq!(shown(&server, &first)["useStickySender"], false);
        }
        // Another channel and another country tie with none of these.
        made(&server, &json!({ "platform": platform, "channel": "MMS", "destinationCountryCode": "US" }));
        made(&server, &json!({ "platform": platform, "channel": "SMS", "destinationCountryCode": "CA" }));
    }
    let violations = fault::check(PATH, &server.post(PATH, &json!({ "platform": { "applicationId": "shop" } })), 400);
    assert!(violations[0].1.contains("SHOPS"), "{violations:?}");
}

#[test]
fn of_many_that_tie_and_are_made_at_once_one_is_first() {
    let server = world::server();
    let make = || server.post(PATH, &json!({})).status;
    let mut replies: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    replies.sort_unstable();
    assert_eq!(replies, [201, 400, 400, 400, 400, 400, 400, 400]);
}

#[test]
fn one_that_was_deleted_is_404_and_its_place_is_free() {
    let server = world::server();
    assert_eq!(server.delete(&format!("{PATH}/SHOPS")).expect(204).text, "");
    assert_eq!(fault::check(PATH, &server.delete(&format!("{PATH}/SHOPS")), 404), []);
    made(&server, &json!({ "platform": { "applicationId": "shop" } }));
}

#[test]
fn a_strategy_decides_from_when_it_is_made_until_it_is_deleted() {
    let server = world::server();
    let message = json!({ "applicationId": "bank", "entityId": "globex", "channel": "SMS", "to": "+14155550123" });
    let decide = || server.post("/v1/decisions", &message).expect(200).json();
    assert_eq!(decide()["senderId"], "BANKS");
    server.delete(&format!("{PATH}/BANKS")).expect(204);
    assert_eq!(decide()["refusal"]["code"], "NO_STRATEGY");
    let id = made(&server, &json!({ "platform": { "applicationId": "bank", "entityId": "globex" } }));
    assert_eq!(decide()["strategyId"], json!(id));
}
