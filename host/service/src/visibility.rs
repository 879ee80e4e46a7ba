//! What a key may see. A key of the platform sees everything. A tenant's key sees its application, with the senders and
//! entities that belong to it; anything else is answered as if it did not exist.

use callsign::{Catalog, Strategy};
use hashbrown::HashSet;
use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::http::{Caller, quoted};
use crate::service::View;
use crate::state::State;

/// Whether a tenant may use a sender: its application, or an entity of it, is associated with the sender.
pub(crate) fn sees_sender(catalog: &Catalog, tenant: Option<&str>, sender: u32) -> bool {
    let Some(tenant) = tenant else { return true };
    let Some((application, _)) = catalog.application(tenant) else { return false };
    let mut own = catalog.associations().iter().filter(|association| association.application == application);
    own.any(|association| association.sender == sender)
}

/// The senders that are associated with an application or its entities; `None` means all senders. One pass over the
/// associations, where [`sees_sender`] would need one for each sender.
pub(crate) fn visible_senders(catalog: &Catalog, application: Option<&str>) -> Option<HashSet<u32>> {
    let own = catalog.application(application?).map(|(index, _)| index);
    let associations = catalog.associations().iter().filter(|association| Some(association.application) == own);
    Some(associations.map(|association| association.sender).collect())
}

/// The entities that a tenant sees; `None` means all entities.
pub(crate) fn visible_entities<'a>(
    catalog: &'a Catalog,
    state: &'a State,
    tenant: Option<&str>,
) -> Option<HashSet<&'a str>> {
    let tenant = tenant?;
    let mut seen: HashSet<&str> =
        state.owners.iter().filter(|(_, owner)| *owner == tenant).map(|(entity, _)| &**entity).collect();
    let Some((application, _)) = catalog.application(tenant) else { return Some(seen) };
    let entity = |entity: Option<u32>| entity.map(|index| &*catalog.entities()[index as usize].id);
    let associations = catalog.associations().iter().filter(|association| association.application == application);
    seen.extend(associations.filter_map(|association| entity(association.entity)));
    let others = catalog.other_associations().iter().filter(|association| &*association.application == tenant);
    seen.extend(others.filter_map(|association| association.entity.as_deref()));
    let strategies = catalog.strategies().iter().filter(|strategy| strategy.application == application);
    seen.extend(strategies.filter_map(|strategy| entity(strategy.entity)));
    let defaults = catalog.default_senders().iter().filter(|default| default.application == application);
    seen.extend(defaults.filter_map(|default| entity(default.entity)));
    Some(seen)
}

/// Whether a tenant sees an entity.
pub(crate) fn sees_entity(view: &View, tenant: Option<&str>, entity: &str) -> bool {
    visible_entities(view.catalog(), &view.state, tenant).is_none_or(|seen| seen.contains(entity))
}

/// The application of a strategy's scope.
pub(crate) fn application_of<'a>(catalog: &'a Catalog, strategy: &Strategy) -> &'a str {
    &catalog.applications()[strategy.application as usize].id
}

/// # Errors
/// 400: the scope is of an application that the key does not see.
pub(crate) fn must_see_scope(body: &Map<String, Value>, caller: &Caller) -> Result<(), Fault> {
    let application = body.get("platform").and_then(|platform| platform.get("applicationId")).and_then(Value::as_str);
    match application {
        Some(application) if !caller.may_see(application) => Err(Fault::property(
            "platform.applicationId",
            format!("application {} does not exist", quoted(application)),
        )),
        _ => Ok(()),
    }
}

/// # Errors
/// 400: the scope is of an entity that the key does not see.
pub(crate) fn must_see_entity(view: &View, body: &Map<String, Value>, caller: &Caller) -> Result<(), Fault> {
    let entity = body.get("platform").and_then(|platform| platform.get("entityId")).and_then(Value::as_str);
    match entity {
        Some(entity) if !sees_entity(view, caller.tenant(), entity) => {
            Err(Fault::property("platform.entityId", format!("entity {} does not exist", quoted(entity))))
        }
        _ => Ok(()),
    }
}

/// # Errors
/// 404: there is no such application, or the caller may not see it.
pub(crate) fn application_must_exist(catalog: &Catalog, id: &str, may_see: bool) -> Result<(), Fault> {
    let found = catalog.application(id).filter(|_| may_see);
    found.map(drop).ok_or_else(|| Fault::not_found(format!("the application {}", quoted(id))))
}
