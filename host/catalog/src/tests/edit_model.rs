//! Random edits against a model that knows nothing of indexes: it changes the lists of a file as JSON, and reads it.

use serde_json::{Value, json};

use crate::testing::{Change, Numbers, file, start};
use crate::{Catalog, CatalogError, Edit, EditErrorKind, List, check};

/// Catalogs that grow from a random start, each with several calls of several edits.
const WORLDS: u64 = 400;
const CALLS: usize = 25;

/// The values that tell an element apart; nothing where it lacks one.
fn identity(list: List, element: &Value) -> Option<Value> {
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(|text| json!(text));
    let optional =
        |value: &Value| if value.is_null() { Some(json!(null)) } else { value.as_str().map(|text| json!(text)) };
    match list {
        List::Applications => text(&element["applicationId"]),
        List::Entities => text(&element["entityId"]),
        List::Senders => text(&element["senderId"]),
        List::Strategies => text(&element["sendingStrategyId"]),
        List::Associations => {
            element.get("entityId")?;
            Some(json!([
                element["resourceType"].as_str()?,
                element["channel"].as_str()?,
                element["applicationId"].as_str()?,
                optional(&element["entityId"])?,
                element["resourceId"].as_str()?,
            ]))
        }
        List::DefaultSenders => {
            let platform = &element["platform"];
            Some(json!([platform["applicationId"].as_str()?, optional(&platform["entityId"])?]))
        }
    }
}

/// Whether an element has no fault by itself: the only one of a file, it lacks no more than what it refers to.
fn is_sound(list: List, element: &Value) -> bool {
    let text = json!({ list.as_str(): [element] }).to_string();
    match Catalog::from_json(&text) {
        Ok(_) => true,
        Err(CatalogError::Faults(faults)) => faults.iter().all(|fault| fault.message.contains(" is not in \"")),
        Err(other) => panic!("{other}"),
    }
}

/// The file after the changes; nothing where one of them cannot be.
fn model(file: &Value, changes: &[Change]) -> Option<Catalog> {
    let mut file = file.clone();
    for Change { list, put, element } in changes {
        if *put && !is_sound(*list, element) {
            return None;
        }
        let identity = identity(*list, element)?;
        let elements = file[list.as_str()].as_array_mut()?;
        let found = elements.iter().position(|other| self::identity(*list, other).as_ref() == Some(&identity));
        match (found, put) {
            (Some(found), true) => elements[found] = element.clone(),
            (None, true) => elements.push(element.clone()),
            (Some(_), false) if *list == List::Applications && identity == "default" => return None,
            (Some(found), false) => drop(elements.remove(found)),
            (None, false) => return None,
        }
    }
    Catalog::from_json(&file.to_string()).ok()
}

#[test]
fn edits_are_what_reading_the_changed_file_gives() {
    let (mut accepted, mut refused) = (0, [0; 5]);
    for seed in 0..WORLDS {
        let mut numbers = Numbers::of(seed);
        let mut catalog = start(&mut numbers);
        for call in 0..CALLS {
            let file = file(&catalog);
            let text = file.to_string();
            assert_eq!(Catalog::from_json(&text).expect("sound"), catalog, "seed {seed}, call {call}");
            assert_eq!(check::catalog_one_by_one(&text).expect("sound"), catalog, "seed {seed}, call {call}");
            let count = numbers.below(6);
            let changes: Vec<Change> = (0..count).map(|_| numbers.change(&file)).collect();
            let edits: Vec<Edit<'_>> = changes.iter().map(Change::edit).collect();
            match (catalog.edit(&edits), model(&file, &changes)) {
                (Ok(edited), Some(expected)) => {
                    assert_eq!(edited, expected, "seed {seed}, call {call}: {changes:?} of {file}");
                    edited.assert_found();
                    // Now and then without empty slots, as a service does it.
                    catalog = if numbers.below(8) == 0 { edited.renumbered() } else { edited };
                    assert_eq!(catalog, expected, "seed {seed}, call {call}");
                    catalog.assert_found();
                    accepted += 1;
                }
                (Err(error), None) => {
                    assert_eq!(error.list, changes[error.edit].list);
                    assert!(!error.faults.is_empty(), "seed {seed}, call {call}: {error:?}");
                    assert!(!error.to_string().contains("not a sound element"), "seed {seed}, call {call}: {error}");
                    refused[match error.kind {
                        EditErrorKind::Unsound => 0,
                        EditErrorKind::UnknownReference => 1,
                        EditErrorKind::Ties { .. } => 2,
                        EditErrorKind::NotFound => 3,
                        EditErrorKind::InUse | EditErrorKind::Permanent => 4,
                    }] += 1;
                }
                (edited, expected) => panic!(
                    "seed {seed}, call {call}: {:?} where the model has {:?}\n{changes:?}\nof {file}",
                    edited.err().map(|error| error.to_string()),
                    expected.map(|_| "a catalog"),
                ),
            }
        }
    }
    let enough = accepted >= 1_500 && refused.iter().all(|&refused| refused >= 100);
    assert!(enough, "the edits were too uniform: {accepted} accepted, refused {refused:?}");
}
