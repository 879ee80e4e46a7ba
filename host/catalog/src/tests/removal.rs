//! What is removed costs what it is: nothing else moves, until the empty slots are given up.

use serde_json::{Value, json};

use super::load;
use crate::{Catalog, Edit, EditErrorKind, List};

const MANY: usize = 20_000;

/// How many of each kind are removed, one after the other.
const REMOVED: usize = 41;

/// A platform with many elements in every list. Every other application, entity and sender has nothing that refers to it.
fn platform() -> Catalog {
    let all = |make: fn(usize) -> Value| (0..MANY).map(make).collect::<Vec<_>>();
    let some = |make: fn(usize) -> Value| (0..MANY).step_by(2).map(make).collect::<Vec<_>>();
    let text = json!({
        "applications": all(|n| json!({"applicationId": format!("a{n}")})),
        "entities": all(|n| json!({"entityId": format!("e{n}")})),
        "senders": all(|n| json!({"senderId": format!("s{n}"), "sender": "12345", "senderType": "SHORT_CODE",
            "coverage": [{"channel": "SMS", "countries": "*"}]})),
        "associations": some(|n| json!({"resourceType": "NUMBER", "channel": "SMS", "applicationId": format!("a{n}"),
            "entityId": format!("e{n}"), "resourceId": format!("s{n}")})),
        "sendingStrategies": some(|n| json!({"sendingStrategyId": format!("t{n}"),
            "platform": {"applicationId": format!("a{n}"), "entityId": format!("e{n}")}, "senderIds": [format!("s{n}")]})),
    });
    load(&text.to_string())
}

fn removals(n: usize) -> [Edit<'static>; 3] {
    let [application, entity, sender] = ["a", "e", "s"].map(|kind| format!("{kind}{n}"));
    [Edit::remove_application(&application), Edit::remove_entity(&entity), Edit::remove_sender(&sender)]
}

#[test]
fn removing_a_sender_an_entity_an_application_or_a_strategy_of_many_copies_a_handful_of_chunks() {
    let mut catalog = platform();
    let mut chunks: [Vec<usize>; 4] = Default::default();
    let places = (0..REMOVED).map(|at| 2 * (at * (MANY / 2 - 1) / (REMOVED - 1)) + 1);
    for n in places {
        let strategy = Edit::remove_strategy(&format!("t{}", n - 1));
        for (chunks, edit) in chunks.iter_mut().zip(removals(n).into_iter().chain([strategy])) {
            let edited = catalog.edit(&[edit]).expect("nothing refers to it");
            chunks.push(edited.unshared_chunks(&catalog));
            catalog = edited;
        }
    }
    // Hashes are other ones in each process. Where some stand close together at the end of a chunk, the next one is copied too.
    let kinds = [("an application", 3), ("an entity", 3), ("a sender", 3), ("a strategy", 12)];
    for ((what, usual), mut chunks) in kinds.into_iter().zip(chunks) {
        chunks.sort_unstable();
        let (middle, most) = (chunks[REMOVED / 2], chunks[REMOVED - 1]);
        assert!(middle <= usual && most <= usual + 3, "{what}: {middle} chunks, {most} at most");
    }
    assert_eq!((catalog.senders().len(), catalog.strategies().len()), (MANY - REMOVED, MANY / 2 - REMOVED));
    catalog.assert_ids_found();
}

#[test]
fn what_is_referred_to_is_not_removed_and_what_refers_to_it_may_go_with_it() {
    let catalog = platform();
    for edit in removals(10) {
        let list = edit.list();
        let refused = catalog.edit(&[edit]).expect_err("it is in use");
        assert_eq!((refused.kind, refused.list), (EditErrorKind::InUse, list));
    }
    let association = json!({"resourceType": "NUMBER", "channel": "SMS", "applicationId": "a10", "entityId": "e10",
        "resourceId": "s10"});
    let association = serde_json::value::to_raw_value(&association).expect("JSON");
    let mut edits = vec![Edit::remove(List::Associations, &association)];
    edits.extend(removals(10));
    let refused = catalog.edit(&edits).expect_err("the strategy names all of them");
    assert_eq!((refused.kind, refused.edit), (EditErrorKind::InUse, 1));
    edits.push(Edit::remove_strategy("t10"));
    let edited = catalog.edit(&edits).expect("nothing refers to them any more");
    assert!(edited.sender("s10").is_none() && edited.entity("e10").is_none() && edited.application("a10").is_none());
    assert!(edited.unshared_chunks(&catalog) <= 40);
}

#[test]
fn empty_slots_are_given_up_on_request_when_they_are_more_than_the_elements_and_by_an_edit_when_they_are_twice_as_many()
{
    let mut catalog = platform();
    let remove = |catalog: &Catalog, from: usize, until: usize| {
        let strategies = (from..until).map(|n| Edit::remove_strategy(&format!("t{}", 2 * n)));
        catalog.edit(&strategies.collect::<Vec<_>>()).expect("nothing refers to strategies")
    };
    // 10,000 strategies: more than half of the slots, and 64, may be empty.
    catalog = remove(&catalog, 0, 5_032);
    assert!(!catalog.has_many_empty_slots());
    catalog = remove(&catalog, 5_032, 5_033);
    assert!(catalog.has_many_empty_slots());
    let renumbered = catalog.renumbered();
    assert!(!renumbered.has_many_empty_slots() && renumbered == catalog);
    assert_eq!(renumbered.strategies().slots().len(), 4_967);
    assert_eq!(renumbered.strategy("t19998").map(|(index, _)| index), Some(4_966));

    catalog = remove(&catalog, 5_033, 6_688);
    assert_eq!((catalog.strategies().len(), catalog.strategies().slots().len()), (3_312, 10_000));
    catalog = remove(&catalog, 6_688, 6_689);
    assert_eq!((catalog.strategies().len(), catalog.strategies().slots().len()), (3_311, 3_311));
    let again = catalog.edit(&[Edit::remove_strategy("t19998")]).expect("it is there");
    assert_eq!(again.strategies().last().map(|last| &*last.id), Some("t19996"));
}
