//! What is removed with an application or an entity, and what moves.

use callsign::DEFAULT_APPLICATION;
use hashbrown::HashSet;

use crate::association::NamedAssociation;
use crate::change::{Change, Kind, key_of};
use crate::entity;
use crate::service::View;

/// What becomes of the associations of a scope that is removed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Associations {
    /// They move to the application `default`.
    Move,
    /// They are removed: a tenant may not change the application `default`.
    Remove,
}

/// The changes that remove an application. Nothing of it is left: the next one with its id has another generation.
pub(super) fn of_application(view: &View, id: &str) -> Vec<Change> {
    let mut changes = of_scopes(view, id, |_| true, Associations::Move);
    changes.extend(view.state.bindings_of(id).map(|binding| Change::remove(Kind::Binding, binding.target.key())));
    let state = &view.state;
    let keys = state.keys.values().filter(|key| key.application_id.as_deref() == Some(id));
    changes.extend(keys.map(|key| Change::remove(Kind::Key, &*key.key_id)));
    let keys = state.module_keys.iter().filter(|key| key.application_id.as_deref() == Some(id));
    changes.extend(keys.map(|key| Change::remove(Kind::ModuleKey, key.id().to_string())));
    changes.extend(state.modules_of(Some(id)).map(|module| Change::remove(Kind::Module, module.key())));
    let made = state.entities.of(Some(id));
    changes.extend(made.flat_map(|record| entity::remove(&state.entities, Some(id), &record.id)));
    let next = state.generation(view.catalog(), id).saturating_add(1);
    changes.push(Change::put(Kind::Generation, id, &next));
    changes.push(Change::remove(Kind::Application, id));
    changes
}

/// The changes that remove the entity that an application made, with everything of it in that application.
pub(super) fn of_tenants_entity(view: &View, application: &str, id: &str) -> Vec<Change> {
    let mut changes = of_scopes(view, application, |entity| entity == Some(id), Associations::Remove);
    let bindings = view.state.bindings_of(application).filter(|bound| bound.target.entity_id.as_deref() == Some(id));
    changes.extend(bindings.map(|binding| Change::remove(Kind::Binding, binding.target.key())));
    changes.extend(entity::remove(&view.state.entities, Some(application), id));
    changes
}

/// The changes that remove an entity of the platform, with everything of it in the applications that have no entity of
/// their own with its id.
pub(super) fn of_platforms_entity(view: &View, id: &str) -> Vec<Change> {
    let entities = &view.state.entities;
    let mut changes = Vec::new();
    let catalog = view.catalog();
    // The applications are gone through only if the entity has anything but bindings.
    let is_used = catalog.entity(id).is_some_and(|(index, _)| catalog.entity_is_used(index));
    let applications = catalog.applications().iter().filter(|_| is_used);
    for application in applications.filter(|application| !entities.has(Some(&application.id), id)) {
        changes.extend(of_scopes(view, &application.id, |entity| entity == Some(id), Associations::Move));
    }
    let bindings = view.state.bindings.keys().filter(|target| target.entity_id.as_deref() == Some(id));
    let bindings = bindings.filter(|target| !entities.has(target.application_id.as_deref(), id));
    changes.extend(bindings.map(|target| Change::remove(Kind::Binding, target.key())));
    // Several applications may have the same association, which moves once.
    let mut moved = HashSet::new();
    changes.retain(|change| change.body.is_none() || moved.insert(change.key.clone()));
    changes.extend(entity::remove(entities, None, id));
    changes
}

/// The changes that remove scopes of an application: its own, and those of its entities, but for what is bound to them. Takes
/// time with what the application has.
fn of_scopes(view: &View, id: &str, goes: impl Fn(Option<&str>) -> bool, associations: Associations) -> Vec<Change> {
    let catalog = view.catalog();
    let Some((index, _)) = catalog.application(id) else { return Vec::new() };
    let entity = |index: Option<u32>| index.map(|index| &*catalog.entities()[index as usize].id);
    let mut changes = Vec::new();
    let mut moved = HashSet::new();
    for named in NamedAssociation::of_application(catalog, index).filter(|named| goes(named.entity)) {
        changes.push(Change::remove(Kind::Association, named.key()));
        let default = NamedAssociation { application: DEFAULT_APPLICATION, entity: None, ..named };
        // An application and an entity of it may be associated with the same sender.
        if associations == Associations::Move && !default.is_in(catalog) && moved.insert(default.key()) {
            changes.push(Change::put(Kind::Association, default.key(), &default.body()));
        }
    }
    for strategy in catalog.strategies_in(index).into_iter().map(|index| &catalog.strategies()[index as usize]) {
        if goes(entity(strategy.entity)) {
            changes.push(Change::remove(Kind::Strategy, &*strategy.id));
        }
    }
    for default in catalog.default_senders_in(index).filter(|default| goes(entity(default.entity))) {
        changes.push(Change::remove(Kind::DefaultSender, key_of(&[Some(id), entity(default.entity)])));
    }
    changes
}
