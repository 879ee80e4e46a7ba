//! A change of one sender of a large platform copies little, whatever the size.

use std::fmt::Write;

use super::*;

const SENDERS: usize = 100_000;
const ENTITIES: usize = 10_000;

/// How many changes of each kind are made, one after the other.
const CHANGES: usize = 41;

/// The senders that change: the first one, the last one, and others between.
fn places() -> impl Iterator<Item = usize> {
    (0..CHANGES).map(|at| at * (SENDERS - 1) / (CHANGES - 1))
}

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

/// That changes copied so many chunks in the middle, and so many at most: hashes are other ones in each process, and where some
/// stand close together at the end of a chunk, the next one is copied too.
fn assert_a_handful(what: &str, mut chunks: Vec<usize>, usual: usize, most: usize) {
    chunks.sort_unstable();
    let (middle, largest) = (chunks[CHANGES / 2], chunks[CHANGES - 1]);
    assert!(middle <= usual && largest <= most, "{what}: {middle} chunks, {largest} at most");
}

#[test]
fn a_change_of_one_sender_of_many_copies_a_handful_of_chunks_and_no_scope_but_its_own() {
    let mut revision = Revision::new(platform()).expect("senders that differ");
    let mut copied: [Vec<usize>; 3] = Default::default();
    for index in places() {
        let suspended = after(&revision, &[put(List::Senders, &sender(index, "SUSPENDED"))]);
        let (chunks, scopes) = unshared(&revision, &suspended);
        assert_eq!(scopes, 1, "suspended");
        copied[0].push(chunks);

        let (from, to) = (index % ENTITIES, (index + 1) % ENTITIES);
        let moved = [
            Edit::remove_owned(List::Associations, raw(&association(index, from))),
            put(List::Associations, &association(index, to)),
        ];
        let moved = after(&suspended, &moved);
        let (chunks, scopes) = unshared(&suspended, &moved);
        assert_eq!(scopes, 2, "associated with another");
        copied[1].push(chunks);

        let new = moved.catalog().senders().len();
        let added = [put(List::Senders, &sender(new, "ACTIVE")), put(List::Associations, &association(new, to))];
        let added = after(&moved, &added);
        let (chunks, scopes) = unshared(&moved, &added);
        assert_eq!(scopes, 1, "added");
        copied[2].push(chunks);
        revision = added;
    }
    let [suspended, moved, added] = copied;
    assert_a_handful("suspended", suspended, 3, 3);
    assert_a_handful("associated with another", moved, 16, 25);
    assert_a_handful("added", added, 24, 28);
}

#[test]
fn a_removal_of_one_of_many_copies_a_handful_of_chunks_and_no_scope_but_its_own() {
    let mut revision = Revision::new(platform()).expect("senders that differ");
    let mut copied: [Vec<usize>; 2] = Default::default();
    for index in places() {
        let id = format!("S{index}");
        let freed =
            after(&revision, &[Edit::remove_owned(List::Associations, raw(&association(index, index % ENTITIES)))]);
        let without = after(&freed, &[Edit::remove_sender(&id)]);
        let (chunks, scopes) = unshared(&freed, &without);
        assert_eq!(scopes, 0, "a sender");
        copied[0].push(chunks);
        assert_eq!(without.sender_by_key(callsign_sticky::SenderKey::of(&id).0), None);
        assert!(
            without.senders_called(sender(index, "ACTIVE")["sender"].as_str().expect("a text")).all(|other| *without
                .catalog()
                .senders()[other as usize]
                .id
                != *id)
        );

        let (application, entity) = (format!("A{index}"), format!("N{index}"));
        let added = [
            put(List::Applications, &json!({"applicationId": application})),
            put(List::Entities, &json!({"entityId": entity})),
        ];
        let added = after(&without, &added);
        let known = added.scope_of(Some(&application), None);
        let other = added.scope_of(Some(&application), Some("E0"));
        let gone = after(&added, &[Edit::remove_application(&application), Edit::remove_entity(&entity)]);
        let (chunks, scopes) = unshared(&added, &gone);
        assert_eq!(scopes, 2, "an application and an entity");
        copied[1].push(chunks);
        assert_eq!((gone.scope_of(Some(&application), None), gone.removed_scopes()), (0, added.removed_scopes() + 2));
        for handle in [known, other] {
            assert_eq!(gone.scope(handle).and_then(|scope| scope.application), None);
        }
        revision = gone;
    }
    let [senders, scopes] = copied;
    assert_a_handful("a sender", senders, 8, 12);
    assert_a_handful("an application and an entity", scopes, 8, 12);
}

#[test]
fn an_id_that_is_removed_and_put_again_in_one_change_is_another_element() {
    let before = Revision::new(platform()).expect("senders that differ");
    let catalog = before.catalog().edit(&[Edit::remove_sender("S5")]);
    assert!(catalog.is_err(), "it is associated");
    let edits = [
        Edit::remove_owned(List::Associations, raw(&association(5, 5))),
        Edit::remove_sender("S5"),
        put(List::Senders, &sender(5, "ACTIVE")),
        put(List::Associations, &association(5, 6)),
    ];
    let after = after(&before, &edits);
    let (index, _) = after.catalog().sender("S5").expect("it is there");
    assert_eq!((index as usize, after.sender_by_key(callsign_sticky::SenderKey::of("S5").0)), (SENDERS, Some(index)));
    let scope = |entity| after.scope(after.scope_of(Some("shop"), Some(entity))).expect("a scope");
    assert_eq!((scope("E5").handle_of(index), scope("E6").handle_of(index).is_some()), (None, true));
}
