//! The conformance table over HTTP.

use callsign_tests::conformance::table;
use callsign_tests::service::Server;
use serde_json::{Value, json};

use crate::contract::world;

fn server() -> Server {
    world::of(&serde_json::from_str(&table().catalog).unwrap(), "")
}

#[test]
fn every_decision_of_the_conformance_table_is_made_one_by_one() {
    let server = server();
    for case in table().decisions {
        case.check(&server.post("/v1/decisions", &case.message).expect(200).json());
    }
    for wrong in table().wrong_messages {
        let refused = server.post("/v1/decisions", &wrong.message).expect(400).json();
        let properties: Vec<&Value> =
            refused["violations"].as_array().unwrap().iter().map(|one| &one["property"]).collect();
        assert_eq!(properties, [&json!(wrong.at)], "{}: {refused}", wrong.name);
    }
}

#[test]
fn every_decision_of_the_conformance_table_is_made_in_one_batch() {
    let cases: Vec<_> = table().decisions.into_iter().filter(|case| !case.is_pinned).collect();
    let messages: Vec<&Value> = cases.iter().map(|case| &case.message).collect();
    let decided = server().post("/v1/decisions", &json!({ "messages": messages })).expect(200).json();
    let decisions = decided["decisions"].as_array().unwrap();
    assert_eq!(decisions.len(), cases.len());
    cases.iter().zip(decisions).for_each(|(case, decision)| case.check(decision));
}
