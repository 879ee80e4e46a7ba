//! Step 6.

use serde_json::{Value, json};

use callsign_tests::platform::{Platform, decide, sms};

fn platform(priorities: Value) -> Platform {
    Platform::new()
        .typed("ALPHA", "ACME", "ALPHANUMERIC")
        .long("LONG", "+12125550100")
        .typed("SHORT", "24242", "SHORT_CODE")
        .typed("FREE", "+18005550100", "TOLL_FREE_NUMBER")
        .associate("shop", &["ALPHA", "LONG", "SHORT", "FREE"])
        .strategy("A", "shop", json!({"priorities": priorities}))
}

/// The senders that 200 recipients get.
fn used(platform: &Platform) -> Vec<String> {
    let gateway = platform.gateway();
    let mut used: Vec<String> = (0..200)
        .map(|index| decide(&gateway, &sms("shop", &format!("+1415555{index:04}"))).replace(" POOL", ""))
        .collect();
    used.sort_unstable();
    used.dedup();
    used
}

#[test]
fn keeps_only_the_candidates_of_the_best_priority_number_that_any_candidate_has() {
    let priorities = json!([{"senderType": "SHORT_CODE", "priority": 2}, {"senderType": "LONG", "priority": 3}]);
    let priorities = priorities.to_string().replace("\"LONG\"", "\"VIRTUAL_LONG_NUMBER\"");
    let platform = platform(serde_json::from_str(&priorities).unwrap());
    assert_eq!(used(&platform), ["SHORT"]);
    assert_eq!(used(&platform.clone().suspended("SHORT")), ["LONG"], "the best that any candidate has");
}

#[test]
fn the_lowest_number_is_the_best() {
    let all = [("ALPHANUMERIC", 4), ("VIRTUAL_LONG_NUMBER", 3), ("SHORT_CODE", 1), ("TOLL_FREE_NUMBER", 2)];
    let all = all.map(|(kind, priority)| json!({"senderType": kind, "priority": priority}));
    let mut platform = platform(all.to_vec().into());
    for id in ["SHORT", "FREE", "LONG", "ALPHA"] {
        assert_eq!(used(&platform), [id]);
        platform = platform.suspended(id);
    }
}

#[test]
fn types_that_the_list_does_not_name_come_after_all_that_it_names_together() {
    let platform = platform(json!([{"senderType": "TOLL_FREE_NUMBER", "priority": 4}]));
    assert_eq!(used(&platform), ["FREE"]);
    assert_eq!(used(&platform.suspended("FREE")), ["ALPHA", "LONG", "SHORT"]);
}

#[test]
fn types_of_the_same_priority_are_kept_together() {
    let same = ["SHORT_CODE", "ALPHANUMERIC"].map(|kind| json!({"senderType": kind, "priority": 1}));
    assert_eq!(used(&platform(same.to_vec().into())), ["ALPHA", "SHORT"]);
}

#[test]
fn without_priorities_every_type_is_kept() {
    assert_eq!(used(&platform(json!([]))), ["ALPHA", "FREE", "LONG", "SHORT"]);
}
