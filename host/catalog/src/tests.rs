//! What a catalog file may say, and what is reported when it says something else.

mod edit;
mod edit_model;
mod elements;
mod everything;
mod facts;
mod fast_load;
mod model;
mod mutation;
mod relations;
mod removal;
mod text;
mod typed_edits;
mod warnings;
mod write;

use super::{Catalog, CatalogError, Faults};
use crate::testing::SOUND;

/// The catalog of a sound text. Marks as of [`assert_faults`] mean nothing here.
fn load(text: &str) -> Catalog {
    Catalog::from_json(&text.replace('¦', "")).expect("a sound catalog")
}

fn faults(text: &str) -> Faults {
    match Catalog::from_json(text) {
        Err(CatalogError::Faults(faults)) => faults,
        other => panic!("expected faults, not {other:?}"),
    }
}

/// Asserts all faults of a text, as `path: message`. Each is where the text has a `¦`, which is taken out first.
#[track_caller]
fn assert_faults(marked: &str, expected: &[&str]) {
    let text = marked.replace('¦', "");
    let mut found = Vec::new();
    let mut places = Vec::new();
    for fault in &faults(&text) {
        found.push(format!("{}: {}", fault.path, fault.message));
        places.push((fault.line, fault.column));
    }
    assert_eq!(found, expected, "in {text}");
    let mut marks = Vec::new();
    for (row, line) in marked.split('\n').enumerate() {
        let columns = line.chars().enumerate().filter(|(_, character)| *character == '¦');
        // Each mark moves those behind it by one.
        marks.extend(columns.enumerate().map(|(before, (column, _))| (row + 1, column + 1 - before)));
    }
    assert_eq!(places, marks, "in {text}");
}

/// A catalog with these lists; everything else that they refer to is `shop`, `acme` and `s1`.
fn platform(lists: &str) -> String {
    format!(
        r#"{{"applications":[{{"applicationId":"shop"}}],
"entities":[{{"entityId":"acme"}}],
"senders":[{{"senderId":"s1","sender":"12345","senderType":"SHORT_CODE","coverage":[]}}],
{lists}}}"#
    )
}
