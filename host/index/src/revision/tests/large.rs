//! A change of one sender of a large platform copies little, whatever the size.

use std::fmt::Write;

use super::*;

const SENDERS: usize = 100_000;
const ENTITIES: usize = 10_000;

fn sender(index: usize, status: &str) -> Value {
    json!({
        "senderId": format!("S{index}"), "sender": format!("+1415{index:07}"), "senderType": "VIRTUAL_LONG_NUMBER",
        "coverage": [{"channel": "SMS", "countries": ["US"]}], "status": status,
    })
}

fn association(sender: usize, entity: usize) -> Value {
    json!({"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": format!("E{entity}"),
           "resourceId": format!("S{sender}")})
}

/// One application with many entities that have ten senders each, and a strategy of its own for every other one.
fn platform() -> Catalog {
    let mut text = String::from(r#"{"applications": [{"applicationId": "shop"}], "entities": [{"entityId": "E0"}"#);
    for entity in 1..ENTITIES {
        write!(text, r#",{{"entityId": "E{entity}"}}"#).expect("a string");
    }
    for (list, element) in [
        ("senders", (|index| sender(index, "ACTIVE")) as fn(usize) -> Value),
        ("associations", |index| association(index, index % ENTITIES)),
    ] {
        write!(text, r#"], "{list}": ["#).expect("a string");
        for index in 0..SENDERS {
            write!(text, "{}{}", if index == 0 { "" } else { "," }, element(index)).expect("a string");
        }
    }
    text += r#"], "sendingStrategies": [{"sendingStrategyId": "A", "platform": {"applicationId": "shop"}}"#;
    for entity in (0..ENTITIES).step_by(2) {
        write!(
            text,
            r#",{{"sendingStrategyId": "T{entity}", "platform": {{"applicationId": "shop", "entityId": "E{entity}"}}}}"#
        )
        .expect("a string");
    }
    Catalog::from_json(&(text + "]}")).expect("sound")
}

/// How many chunks and how many scopes a revision does not share with the one before.
fn unshared(before: &Revision, after: &Revision) -> (usize, usize) {
    assert_eq!(after.shares_with(), before.number());
    let chunks = after.catalog.unshared_chunks(&before.catalog)
        + after.scopes.unshared_chunks(&before.scopes)
        + after.names.unshared_chunks(&before.names)
        + after.other_entities.unshared_chunks(&before.other_entities)
        + after.entities_of.unshared_chunks(&before.entities_of)
        + after.senders.unshared_chunks(&before.senders);
    let scopes = after.scopes.differences_by(&before.scopes, |one, other| !Arc::ptr_eq(one, other)).count();
    (chunks, scopes + after.scopes.len() - before.scopes.len())
}

fn after(before: &Revision, edits: &[Edit<'_>]) -> Revision {
    Revision::after(before, before.catalog().edit(edits).expect("a sound edit")).expect("senders that differ")
}

fn put(list: List, element: &Value) -> Edit<'static> {
    Edit::put_owned(list, raw(element))
}

#[test]
fn a_change_of_one_sender_of_many_copies_a_handful_of_chunks_and_no_scope_but_its_own() {
    let mut revision = Revision::new(platform()).expect("senders that differ");
    for index in [0, 777, 50_000, SENDERS - 1] {
        let suspended = after(&revision, &[put(List::Senders, &sender(index, "SUSPENDED"))]);
        let (chunks, scopes) = unshared(&revision, &suspended);
        assert!(chunks <= 3 && scopes == 1, "suspended: {chunks} chunks, {scopes} scopes");

        let (from, to) = (index % ENTITIES, (index + 1) % ENTITIES);
        let moved = [
            Edit::remove_owned(List::Associations, raw(&association(index, from))),
            put(List::Associations, &association(index, to)),
        ];
        let moved = after(&suspended, &moved);
        let (chunks, scopes) = unshared(&suspended, &moved);
        assert!(chunks <= 16 && scopes == 2, "associated with another: {chunks} chunks, {scopes} scopes");

        let new = moved.catalog().senders().len();
        let added = [put(List::Senders, &sender(new, "ACTIVE")), put(List::Associations, &association(new, to))];
        let added = after(&moved, &added);
        let (chunks, scopes) = unshared(&moved, &added);
        assert!(chunks <= 24 && scopes == 1, "added: {chunks} chunks, {scopes} scopes");
        revision = added;
    }
}
