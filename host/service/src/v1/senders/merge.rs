//! What an import keeps of a sender that is there: everything that it does not say.

use std::collections::BTreeMap;

use callsign::{Catalog, Sender};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::element::{members, with};
use super::json;

/// The sender that a row is about, if it is there.
fn there<'c>(catalog: &'c Catalog, id: Option<&str>) -> Option<&'c Sender> {
    catalog.sender(id?).map(|(_, sender)| sender)
}

/// A row with the fields that it leaves out and its sender has; `None` if it has them all, or if the sender is new.
pub(super) fn completed(catalog: &Catalog, row: &RawValue) -> Option<Box<RawValue>> {
    let given = members(row);
    let id: String = serde_json::from_str(given.get("senderId")?.get()).ok()?;
    let there = json(there(catalog, Some(&id))?);
    let fields = members(&there);
    let mut rest = fields.iter().filter(|(name, _)| !given.contains_key(*name)).peekable();
    rest.peek()?;
    Some(with(row, rest.map(|(name, value)| (&**name, *value))))
}

/// Adds to the attributes of a row of a table those that the table has no column for and the sender has. Whether there
/// were any.
pub(super) fn keep_other_attributes(catalog: &Catalog, row: &mut Map<String, Value>, columns: &[String]) -> bool {
    let Some(there) = there(catalog, row.get("senderId").and_then(Value::as_str)) else { return false };
    let Some(Value::Object(attributes)) = row.get_mut("attributes") else { return false };
    let before = attributes.len();
    for (name, value) in there.attributes.iter().filter(|(name, _)| !columns.iter().any(|column| column == name)) {
        attributes.insert(name.to_owned(), value.into());
    }
    attributes.len() > before
}

/// Counts the fields in which two senders differ.
pub(super) fn count_changes(before: &Sender, after: &Sender, changed: &mut BTreeMap<&'static str, usize>) {
    let fields = [
        ("sender", before.address != after.address),
        ("senderType", before.kind != after.kind),
        ("coverage", before.coverage != after.coverage),
        ("status", before.suspended != after.suspended),
        ("messageTypes", before.message_types != after.message_types),
        ("weight", before.weight != after.weight),
        ("attributes", before.attributes != after.attributes),
    ];
    for (name, _) in fields.into_iter().filter(|(_, differs)| *differs) {
        *changed.entry(name).or_default() += 1;
    }
}
