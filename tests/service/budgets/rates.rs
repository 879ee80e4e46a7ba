//! So much a second: 429 for all keys of the tenant, with the time after which to try again.

use std::time::Instant;

use callsign_tests::component::Component;
use callsign_tests::service::Reply;
use serde_json::{Value, json};

use super::{ENTITIES, STRATEGIES, decide, is_over, message, messages, others_go_on, over_budget, server, used};
use crate::policies::upload;
use crate::security::connection::Wire;

#[test]
fn messages_a_second_are_of_all_its_keys_together() {
    let server = server("messages_per_second = 1");
    let (shop, second) = (server.new_key(Some("shop"), &[]), server.new_key(Some("shop"), &[]));
    let bank = server.new_key(Some("bank"), &[]);
    // A request that is larger than the rate is let in, and paid for: for a minute.
    decide(&server, &shop, &messages(60)).expect(200);
    for key in [&shop, &second] {
        is_over("/v1/decisions", &decide(&server, key, &message()), 429, "messages_per_second");
    }
    others_go_on(&server, &bank);
    // What it manages goes on too.
    server.ask(&shop, "GET", ENTITIES, None).expect(200);
    assert_eq!(used(&server, "shop", "messages_per_second").1, 2);
    assert!(over_budget(&server, "messages_per_second") >= 2.0);
    // Another one need not wait so long.
    let refused = (0..100).map(|_| decide(&server, &bank, &message())).find(|reply| reply.status == 429);
    is_over("/v1/decisions", &refused.expect("it is refused at some time"), 429, "messages_per_second");
    server.until("it may decide again", || decide(&server, &bank, &message()).status == 200);
}

#[test]
fn a_tenant_pays_for_each_channel_of_a_message() {
    let server = server("messages_per_second = 1");
    let shop = server.new_key(Some("shop"), &[]);
    let message = json!({ "channels": ["SMS", "MMS", "RCS"], "to": "+14155550123" });
    decide(&server, &shop, &json!({ "messages": vec![message; 20] })).expect(200);
    let refused = decide(&server, &shop, &self::message());
    is_over("/v1/decisions", &refused, 429, "messages_per_second");
    // 60 seconds of its rate are used, and not 20.
    let after: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!(after > 20, "{after}");
}

#[test]
fn a_body_is_not_read_for_a_tenant_that_is_over_a_rate() {
    let server = server("messages_per_second = 1");
    let shop = server.new_key(Some("shop"), &[]);
    decide(&server, &shop, &messages(50)).expect(200);
    let head = format!(
        "POST /v1/decisions HTTP/1.1\r\nhost: x\r\nauthorization: App {shop}\r\ncontent-length: 1000000\r\n\
         expect: 100-continue\r\n\r\n"
    );
    let mut wire = Wire::with(&server, head);
    is_over("/v1/decisions", &wire.reply().unwrap(), 429, "messages_per_second");
}

#[test]
fn requests_that_manage_are_429_in_the_form_of_their_path() {
    let server = server("management_per_second = 1");
    let bank = server.new_key(Some("bank"), &[]);
    let (shop, second) = (server.new_key(Some("shop"), &[]), server.new_key(Some("shop"), &[]));
    for path in [ENTITIES, STRATEGIES, "/v1/bindings"] {
        let mut replies = (0..100).map(|_| server.ask(&shop, "GET", path, None));
        let refused = replies.find(|reply| reply.status == 429).expect("it is refused at some time");
        is_over(path, &refused, 429, "management_per_second");
        let mut replies = (0..100).map(|_| server.ask(&second, "GET", path, None));
        let refused = replies.find(|reply| reply.status == 429).expect("another key of it is too");
        is_over(path, &refused, 429, "management_per_second");
    }
    decide(&server, &shop, &message()).expect(200);
    server.get(ENTITIES).expect(200);
    // Its own rate is as low; so it is asked once.
    server.until("the bank may", || server.ask(&bank, "GET", ENTITIES, None).status == 200);
}

#[test]
fn changes_are_so_many_a_second_and_what_is_read_goes_on() {
    let server = server("changes_per_second = 1\nchanges_at_once = 3");
    let bank = server.new_key(Some("bank"), &[]);
    let (shop, second) = (server.new_key(Some("shop"), &[]), server.new_key(Some("shop"), &[]));
    let made = std::cell::Cell::new(0);
    let make = |key: &str| {
        made.set(made.get() + 1);
        server.ask(key, "POST", ENTITIES, Some(&json!({ "entityId": format!("e{}", made.get()) })))
    };
    // One comes back every second, so a slow machine may make a few more.
    let until_refused = |path: &str, ask: &dyn Fn() -> Reply| {
        let refused = (0..100).map(|_| ask()).find(|reply| reply.status == 429).expect("it is refused at some time");
        is_over(path, &refused, 429, "changes_per_second");
    };
    for _ in 0..3 {
        make(&shop).expect(201);
    }
    until_refused(ENTITIES, &|| make(&shop));
    // Of all its keys, and on all paths.
    until_refused(ENTITIES, &|| make(&second));
    let swap = json!({ "module": "standard" });
    until_refused("/v1/binding", &|| server.ask(&second, "PUT", "/v1/binding?applicationId=shop", Some(&swap)));
    let authorization = format!("App {shop}");
    until_refused("/v1/modules", &|| {
        server.send(&[("authorization", &authorization)], "POST", "/v1/modules", Some(b"no component"))
    });
    // What is refused for what it says is paid for too.
    until_refused(ENTITIES, &|| server.ask(&bank, "POST", ENTITIES, Some(&json!({ "entityId": "" }))));
    // Reading, deciding and pins go on, and the platform has no such budget.
    server.ask(&shop, "GET", ENTITIES, None).expect(200);
    decide(&server, &shop, &message()).expect(200);
    for _ in 0..5 {
        let pin = server.ask(&shop, "DELETE", "/v1/pins?applicationId=shop&channel=SMS&to=%2B14155550123", None);
        assert_ne!(pin.status, 429, "{pin:?}");
        make(server.key()).expect(201);
    }
    let (used, refused) = used(&server, "shop", "changes_per_second");
    assert!(used <= 3 && refused >= 4, "{used} {refused}");
    assert!(over_budget(&server, "changes_per_second") >= 5.0);
    server.until("it may change something again", || make(&shop).status == 201);
}

#[test]
fn time_of_policies_is_charged_and_refused_when_it_is_used_up() {
    let server = server("policy_milliseconds_per_second = 2\nmessages_per_second = 0");
    let (shop, bank) = (server.new_key(Some("shop"), &[]), server.new_key(Some("bank"), &[]));
    // It may be 4 ms ahead, and the policy of the platform takes several at a message: a busy machine does not give them back in
    // between. A policy of its own would be stopped by the gateway already.
    let slow = Component::new("slow", "1.0.0").resolve(
        "(local $left i32) (local.set $left (i32.const 20000000))
         (loop $again (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
         (call $decide (i32.const 0) (i32.const -1) (i32.const 4) (i32.const 0))",
    );
    upload(&server, server.key(), &slow.build());
    server.put("/v1/binding", &json!({ "module": "slow@1.0.0" })).expect(200);
    let is_refused = |body: &Value| {
        let refused = (0..200).map(|_| decide(&server, &shop, body)).find(|reply| reply.status == 429);
        is_over("/v1/decisions", &refused.unwrap(), 429, "policy_milliseconds_per_second");
    };
    is_refused(&message());
    // A dry run is paid for too.
    let mut dry = message();
    dry["dryRun"] = json!(true);
    server.until("the shop may decide again", || decide(&server, &shop, &dry).status == 200);
    is_refused(&dry);
    others_go_on(&server, &bank);
}

fn naming(entities: std::ops::Range<usize>) -> Value {
    let message = |entity| json!({ "entityId": format!("e{entity}"), "channel": "SMS", "to": "+14155550123" });
    json!({ "messages": entities.map(message).collect::<Vec<_>>() })
}

fn count(server: &callsign_tests::service::Server, key: &str) -> u64 {
    let list = server.ask(key, "GET", &format!("{ENTITIES}?size=1"), None).expect(200).json();
    list["paging"]["totalResults"].as_u64().unwrap()
}

#[test]
fn entities_that_messages_name_are_made_at_a_rate_and_the_messages_decided_all_the_same() {
    let server = server("new_entities_per_second = 2");
    let (shop, bank) = (server.new_key(Some("shop"), &[]), server.new_key(Some("bank"), &[]));
    let (before, began) = (count(&server, &shop), Instant::now());
    let decisions = decide(&server, &shop, &naming(0..100)).expect(200).json();
    // Two seconds ahead, and what came back while they were counted.
    let most = 2 * (began.elapsed().as_secs() + 3);
    assert_eq!(decisions["decisions"].as_array().unwrap().len(), 100);
    server.until("some are there", || count(&server, &shop) > before);
    assert!(count(&server, &shop) - before <= most, "{} of {most}", count(&server, &shop) - before);
    assert!(used(&server, "shop", "new_entities_per_second").1 >= 100_u64.saturating_sub(most));
    server.until_logged("tenant.new_entities_per_second");
    let told = |log: &str| log.matches("tenant.new_entities_per_second").count();
    decide(&server, &shop, &naming(200..300)).expect(200);
    assert_eq!(told(&server.log()), 1, "it is told once a minute");
    others_go_on(&server, &bank);
    let mut fresh = message();
    fresh["entityId"] = json!("of-the-bank");
    decide(&server, &bank, &fresh).expect(200);
    let seen = || server.ask(&bank, "GET", &format!("{ENTITIES}/of-the-bank"), None).status == 200;
    server.until("the bank's entity is made", seen);
}

#[test]
fn entities_that_messages_name_count_as_its_own_and_over_the_budget_none_is_made() {
    let server = server("entities = 3");
    let (shop, bank) = (server.new_key(Some("shop"), &[]), server.new_key(Some("bank"), &[]));
    for entity in 0..3 {
        decide(&server, &shop, &naming(entity..entity + 1)).expect(200);
        server.until("it is made", || used(&server, "shop", "entities").0 == entity as u64 + 1);
    }
    decide(&server, &shop, &naming(3..10)).expect(200);
    assert_eq!(used(&server, "shop", "entities").0, 3);
    assert!(used(&server, "shop", "entities").1 >= 7);
    server.until_logged("tenant.entities");
    others_go_on(&server, &bank);
    // The platform's own messages are not bound by it.
    let mut fresh = message();
    fresh["entityId"] = json!("of-the-platform");
    decide(&server, server.key(), &fresh).expect(200);
    server.until("it is made", || server.get(&format!("{ENTITIES}/of-the-platform")).status == 200);
}
