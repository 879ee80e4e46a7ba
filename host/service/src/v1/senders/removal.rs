//! What is removed with a sender.

use callsign::{Catalog, Edit, EditErrorKind};
use serde_json::Value;

use crate::association::NamedAssociation;
use crate::change::{Change, Kind, key_of, raw};
use crate::fault::Fault;
use crate::http::quoted;

/// The changes that remove a sender.
///
/// # Errors
/// 409: it is in use. With `force` only if a strategy would lose the last sender of its list.
pub(super) fn of(catalog: &Catalog, id: &str, force: bool) -> Result<Vec<Change>, Fault> {
    let mut changes = if force { uses(catalog, id)? } else { unused(catalog, id)? };
    changes.push(Change::remove(Kind::Sender, id));
    Ok(changes)
}

/// No further change if nothing uses the sender.
fn unused(catalog: &Catalog, id: &str) -> Result<Vec<Change>, Fault> {
    match catalog.edit(&[Edit::remove_sender(id)]) {
        Err(error) if error.kind == EditErrorKind::InUse => {
            let text: Vec<&str> = error.faults.iter().map(|fault| &*fault.message).collect();
            Err(Fault::conflict(format!("{}, or remove it with force=true", text.join("; "))))
        }
        Err(error) => Err(Fault::conflict(error.to_string())),
        Ok(_) => Ok(Vec::new()),
    }
}

/// The changes that remove all uses of the sender.
fn uses(catalog: &Catalog, id: &str) -> Result<Vec<Change>, Fault> {
    let (index, _) = catalog.sender(id).ok_or_else(|| Fault::not_found(format!("the sender {}", quoted(id))))?;
    if !catalog.sender_is_used(index) {
        return Ok(Vec::new());
    }
    let associations = NamedAssociation::all(catalog).filter(|named| named.is_of_a_sender() && named.resource == id);
    let mut changes: Vec<Change> = associations.map(|named| Change::remove(Kind::Association, named.key())).collect();
    let mut emptied = Vec::new();
    for strategy in catalog.strategies() {
        match strategy.senders.as_deref() {
            Some([only]) if *only == index => emptied.push(quoted(&strategy.id)),
            Some(senders) if senders.binary_search(&index).is_ok() => {
                let body = raw(&catalog.strategy_json(strategy));
                let mut body: Value = serde_json::from_str(body.get()).map_err(Fault::internal)?;
                if let Some(Value::Array(ids)) = body.get_mut("senderIds") {
                    ids.retain(|listed| listed != id);
                }
                changes.push(Change::put(Kind::Strategy, &*strategy.id, &body));
            }
            _ => {}
        }
    }
    if !emptied.is_empty() {
        return Err(Fault::conflict(format!(
            "the sender {} is the only one that is listed by {}: list another one there, or remove that first",
            quoted(id),
            emptied.join(", ")
        )));
    }
    let application = |index: u32| &*catalog.applications()[index as usize].id;
    let entity = |index: Option<u32>| index.map(|index| &*catalog.entities()[index as usize].id);
    let defaults = catalog.default_senders().iter().filter(|default| default.sender == index);
    changes.extend(defaults.map(|default| {
        let key = key_of(&[Some(application(default.application)), entity(default.entity)]);
        Change::remove(Kind::DefaultSender, key)
    }));
    Ok(changes)
}
