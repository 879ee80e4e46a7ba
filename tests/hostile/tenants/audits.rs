//! Questions that are dear to answer: coverage audits, exports, large pages.

use serde_json::json;

use super::turns::{MIB, Turns};
use super::world::{ATTACKER, NEIGHBOUR, World};

const SCOPES: [&str; 4] = ["audit:read", "numbers:manage", "application-entity:manage", "sending-strategy:manage"];

#[test]
fn coverage_audits_without_end_cost_the_others_nothing() {
    let world = World::alone();
    let key = world.key(ATTACKER, &SCOPES);
    // A strategy for each country, each with senders of its own to look at.
    for first in b'A'..=b'Z' {
        let countries: Vec<String> =
            (b'A'..=b'Z').map(|second| format!("{}{}", char::from(first), char::from(second))).collect();
        for channel in ["SMS", "MMS", "RCS"] {
            let known: Vec<&String> = countries.iter().filter(|country| is_country(country)).collect();
            if known.is_empty() {
                continue;
            }
            let strategy = json!({
                "platform": { "applicationId": ATTACKER }, "channel": channel, "destinationCountryCodes": known,
            });
            world.server.ask(&key, "POST", "/v1/strategies", Some(&strategy));
        }
    }
    Turns::of(&world, "own: coverage audits, exports and large pages")
        .attacked_by(&key, 2, |attacker| {
            for path in [
                "/v1/coverage?size=1000",
                "/v1/senders/export",
                "/provisioning/1/associations?size=1000",
                "/provisioning/2/sending-strategies?size=1000&page=4294967295",
                "/v1/audit?size=1000",
            ] {
                attacker.ask("GET", path, b"");
            }
        })
        .memory(32 * MIB)
        .run();
}

/// Whether a code is one of a few countries of each letter.
fn is_country(code: &str) -> bool {
    const SOME: [&str; 40] = [
        "AE", "AR", "AT", "AU", "BE", "BR", "CA", "CH", "CL", "CN", "CO", "CZ", "DE", "DK", "EG", "ES", "FI", "FR",
        "GB", "GR", "HU", "ID", "IE", "IL", "IN", "IT", "JP", "KE", "KR", "MX", "NG", "NL", "NO", "NZ", "PL", "PT",
        "SE", "TR", "US", "ZA",
    ];
    SOME.contains(&code)
}

#[test]
fn refused_messages_of_a_tenant_do_not_push_those_of_another_out_of_its_audit() {
    let world = World::beside_others();
    let key = world.key(ATTACKER, &["decisions:make"]);
    let neighbour = world.key(NEIGHBOUR, &["decisions:make", "audit:read"]);
    let decision = world.decide(&neighbour, json!({ "channel": "RCS" }));
    assert_eq!(decision["refusal"]["code"], "NO_ELIGIBLE_SENDER", "{decision}");
    let seen = || {
        let audit = world.server.ask(&neighbour, "GET", "/v1/coverage", None).expect(200).json();
        audit["results"].as_array().unwrap().iter().any(|gap| gap["channel"] == "RCS" && gap["seen"].as_u64() > Some(0))
    };
    assert!(seen(), "it is in the audit");
    // More scopes than are kept of everybody together.
    for request in 0..150 {
        let messages: Vec<_> = (0..1_000)
            .map(|at| json!({ "entityId": format!("r{request}-{at}"), "channel": "RCS", "to": "+14155550123" }))
            .collect();
        let reply = world.server.ask(&key, "POST", "/v1/decisions", Some(&json!({ "messages": messages })));
        assert!(matches!(reply.status, 200 | 429), "{reply:?}");
    }
    assert!(seen(), "it is in the audit still");
}
