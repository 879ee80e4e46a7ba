//! Any bytes as edits of a catalog, one a line, such as `+entities {"entityId": "acme"}`: they are refused in words, or what
//! they make is a catalog that is written and read again as the same, also without empty slots. Edits that are taken one by one
//! are taken together.

#![no_main]

use std::sync::LazyLock;

use callsign_catalog::{Catalog, Edit, List};
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

static CATALOG: LazyLock<Catalog> =
    LazyLock::new(|| Catalog::from_json(include_str!("../../seeds/catalog/everything.json")).expect("a sound catalog"));

/// The edit of a line; none where it is no edit.
fn edit(line: &str) -> Option<Edit<'_>> {
    let (what, element) = line.split_once(' ')?;
    let element: &RawValue = serde_json::from_str(element).ok()?;
    let list = |name: &str| List::ALL.into_iter().find(|list| list.as_str() == name);
    match (what.strip_prefix('+').and_then(list), what.strip_prefix('-').and_then(list)) {
        (Some(list), _) => Some(Edit::put(list, element)),
        (_, Some(list)) => Some(Edit::remove(list, element)),
        _ => None,
    }
}

fuzz_target!(|text: &str| {
    let edits: Vec<Edit<'_>> = text.lines().filter_map(edit).collect();
    let together = CATALOG.edit(&edits);
    match &together {
        Ok(made) => {
            let text = serde_json::to_vec(&made.to_json()).expect("a catalog is written");
            assert_eq!(&Catalog::from_slice(&text).expect("what was made is sound"), made);
            assert_eq!(&made.renumbered(), made);
        }
        Err(error) => {
            assert!(error.edit < edits.len() && !error.faults.is_empty() && !error.to_string().is_empty());
            assert_eq!(error.list, edits[error.edit].list());
        }
    }
    let one_by_one = edits.iter().try_fold(CATALOG.clone(), |catalog, edit| catalog.edit(std::slice::from_ref(edit)));
    if let Ok(one_by_one) = one_by_one {
        assert_eq!(one_by_one, together.expect("each of them is taken alone"));
    }
});
