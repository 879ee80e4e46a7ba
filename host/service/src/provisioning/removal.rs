//! What is removed with an application or an entity, and what moves.

use callsign::DEFAULT_APPLICATION;
use hashbrown::HashSet;

use crate::association::NamedAssociation;
use crate::change::{Change, Kind, key_of};
use crate::service::View;

/// The changes that remove an application.
pub(super) fn of_application(view: &View, id: &str) -> Vec<Change> {
    let mut changes = of_scopes(view, |application, _| application == id);
    let state = &view.state;
    let keys = state.keys.values().filter(|key| key.application_id.as_deref() == Some(id));
    changes.extend(keys.map(|key| Change::remove(Kind::Key, &*key.key_id)));
    let modules = state.modules.iter().filter(|(_, module)| module.application_id.as_deref() == Some(id));
    changes.extend(modules.map(|(key, _)| Change::remove(Kind::Module, key)));
    let owned = state.owners.iter().filter(|(_, owner)| *owner == id);
    changes.extend(owned.map(|(entity, _)| Change::remove(Kind::Owner, entity)));
    changes.push(Change::remove(Kind::Application, id));
    changes
}

/// The changes that remove an entity.
pub(super) fn of_entity(view: &View, id: &str) -> Vec<Change> {
    let mut changes = of_scopes(view, |_, entity| entity == Some(id));
    if view.state.owners.contains_key(id) {
        changes.push(Change::remove(Kind::Owner, id));
    }
    changes.push(Change::remove(Kind::Entity, id));
    changes
}

/// Whether anything of an entity belongs to another application than this one.
pub(super) fn touches_others(view: &View, entity: &str, application: &str) -> bool {
    let catalog = view.catalog();
    let Some((own, _)) = catalog.application(application) else { return true };
    let Some((index, _)) = catalog.entity(entity) else { return false };
    let other = |application: u32, entity: Option<u32>| entity == Some(index) && application != own;
    catalog.associations().iter().any(|association| other(association.application, association.entity))
        || catalog.strategies().iter().any(|strategy| other(strategy.application, strategy.entity))
        || catalog.default_senders().iter().any(|default| other(default.application, default.entity))
        || catalog.other_associations().iter().any(|association| {
            association.entity.as_deref() == Some(entity) && &*association.application != application
        })
        || view.state.bindings.keys().any(|target| {
            target.entity_id.as_deref() == Some(entity) && target.application_id.as_deref() != Some(application)
        })
}

/// The changes that remove scopes: associations move to the application `default`, everything else is removed.
fn of_scopes(view: &View, goes: impl Fn(&str, Option<&str>) -> bool) -> Vec<Change> {
    let catalog = view.catalog();
    let mut changes = Vec::new();
    let all: Vec<NamedAssociation<'_>> = NamedAssociation::all(catalog).collect();
    let stays = |named: &NamedAssociation<'_>| named.application == DEFAULT_APPLICATION && named.entity.is_none();
    let mut there: HashSet<String> = all.iter().filter(|named| stays(named)).map(NamedAssociation::key).collect();
    for named in all.iter().filter(|named| goes(named.application, named.entity)) {
        changes.push(Change::remove(Kind::Association, named.key()));
        let moved = NamedAssociation { application: DEFAULT_APPLICATION, entity: None, ..*named };
        // An application and an entity of it may be associated with the same sender.
        if there.insert(moved.key()) {
            changes.push(Change::put(Kind::Association, moved.key(), &moved.body()));
        }
    }
    let application = |index: u32| &*catalog.applications()[index as usize].id;
    let entity = |index: Option<u32>| index.map(|index| &*catalog.entities()[index as usize].id);
    for strategy in catalog.strategies() {
        if goes(application(strategy.application), entity(strategy.entity)) {
            changes.push(Change::remove(Kind::Strategy, &*strategy.id));
        }
    }
    for default in catalog.default_senders() {
        let (application, entity) = (application(default.application), entity(default.entity));
        if goes(application, entity) {
            changes.push(Change::remove(Kind::DefaultSender, key_of(&[Some(application), entity])));
        }
    }
    for target in view.state.bindings.keys() {
        if let Some(application) = &target.application_id
            && goes(application, target.entity_id.as_deref())
        {
            changes.push(Change::remove(Kind::Binding, target.key()));
        }
    }
    changes
}
