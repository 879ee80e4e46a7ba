//! What an import keeps of a sender that is there: everything that it does not say.

use std::collections::BTreeMap;

use callsign::{AttributeError, Attributes, Sender};

/// Which of the fields that may be left out a line has.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Given {
    pub(super) status: bool,
    pub(super) weight: bool,
    pub(super) message_types: bool,
    /// Of a JSON line: all attributes. A table has columns of some.
    pub(super) attributes: bool,
}

/// A sender as an import makes it of the one that is there. `columns` are the attributes that a table has columns for.
///
/// # Errors
/// With the attributes that the table does not name, it has too many.
pub(super) fn merged(
    before: &Sender,
    read: &Sender,
    given: Given,
    columns: Option<&[String]>,
) -> Result<Sender, AttributeError> {
    let mut sender = read.clone();
    if !given.status {
        sender.suspended = before.suspended;
    }
    if !given.weight {
        sender.weight = before.weight;
    }
    if !given.message_types {
        sender.message_types = before.message_types.clone();
    }
    sender.attributes = match columns {
        None if given.attributes => return Ok(sender),
        None => before.attributes.clone(),
        Some(columns) => {
            let is_kept = |name: &str| !columns.iter().any(|column| column == name);
            let kept = before.attributes.iter().filter(|(name, _)| is_kept(name));
            Attributes::new(kept.chain(read.attributes.iter()))?
        }
    };
    Ok(sender)
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
