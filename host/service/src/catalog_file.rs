//! The catalog of a platform as one file, out of the service and into it.
//!
//! In the service an entity's name belongs to who made it; in the file it is the platform's name for it, or the first maker's.

use callsign::{Catalog, DEFAULT_APPLICATION, Edit, List};
use hashbrown::{HashMap, HashSet};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::association::NamedAssociation;
use crate::change::{Change, Kind, key_of, raw};
use crate::entity::{self, EntityRecords};
use crate::fault::Fault;
use crate::service::View;

/// The catalog with the names of its entities.
///
/// # Errors
/// 500: a name that the service has is not one that a file may have.
pub(crate) fn exported(catalog: &Catalog, entities: &EntityRecords) -> Result<Catalog, Fault> {
    let mut names: HashMap<&str, Option<&str>> = HashMap::new();
    for record in entities.all() {
        let name = names.entry(&record.id).or_insert(record.name.as_deref());
        if record.maker().is_none() {
            *name = record.name.as_deref();
        }
    }
    let differing = catalog.entities().iter().filter_map(|entity| {
        let name = *names.get(&*entity.id)?;
        if entity.name.as_deref() == name {
            return None;
        }
        let mut body = serde_json::to_value(catalog.entity_json(entity)).ok()?;
        let fields = body.as_object_mut()?;
        match name {
            Some(name) => fields.insert("entityName".into(), name.into()),
            None => fields.remove("entityName"),
        };
        Some(Edit::put_owned(List::Entities, raw(&body)))
    });
    let edits: Vec<Edit<'_>> = differing.collect();
    catalog.edit(&edits).map_err(Fault::internal)
}

/// The changes that put every element of a catalog, each after those that it refers to.
pub(crate) fn elements(catalog: &Catalog) -> Vec<Change> {
    let application = |index: u32| &*catalog.applications()[index as usize].id;
    let entity = |index: Option<u32>| index.map(|index| &*catalog.entities()[index as usize].id);
    let put = |kind, key: &str, body: &dyn Fn() -> Box<RawValue>| Change { kind, key: key.into(), body: Some(body()) };
    let mut changes = Vec::new();
    for element in catalog.applications() {
        changes.push(put(Kind::Application, &element.id, &|| raw(&catalog.application_json(element))));
    }
    for element in catalog.entities() {
        changes.push(put(Kind::Entity, &element.id, &|| raw(&catalog.entity_json(element))));
    }
    for element in catalog.senders() {
        changes.push(put(Kind::Sender, &element.id, &|| raw(&catalog.sender_json(element))));
    }
    for named in NamedAssociation::all(catalog) {
        changes.push(put(Kind::Association, &named.key(), &|| raw(&named.body())));
    }
    for element in catalog.strategies() {
        changes.push(put(Kind::Strategy, &element.id, &|| raw(&catalog.strategy_json(element))));
    }
    for element in catalog.default_senders() {
        let key = key_of(&[Some(application(element.application)), entity(element.entity)]);
        changes.push(put(Kind::DefaultSender, &key, &|| raw(&catalog.default_sender_json(element))));
    }
    changes
}

/// What one element is before and after.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) kind: Kind,
    pub(crate) key: String,
    pub(crate) before: Option<Box<RawValue>>,
    pub(crate) after: Option<Box<RawValue>>,
}

impl Difference {
    pub(crate) fn word(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        }
    }
}

/// What makes the platform's catalog the wanted one, in an order in which every element comes after those that it refers to.
///
/// # Errors
/// See [`exported`].
pub(crate) fn differences(view: &View, wanted: &Catalog) -> Result<Vec<Difference>, Fault> {
    let mut wanted = elements(wanted);
    for change in wanted.iter_mut().filter(|change| change.kind == Kind::Application) {
        // Which pins are of an application is not for a file to say.
        let body: Option<serde_json::Map<String, serde_json::Value>> =
            change.body.as_deref().and_then(|body| serde_json::from_str(body.get()).ok());
        let mut body = body.unwrap_or_default();
        body.remove("generation");
        let generation = view.state.generation(view.catalog(), &change.key);
        if generation > 0 {
            body.insert("generation".into(), generation.into());
        }
        change.body = Some(raw(&body));
    }
    let present = elements(&exported(view.catalog(), &view.state.entities)?);
    let keys: HashSet<(Kind, &str)> = wanted.iter().map(|change| (change.kind, &*change.key)).collect();
    let gone: Vec<Difference> = (present.iter().rev())
        .filter(|change| !keys.contains(&(change.kind, &*change.key)) && change.key != DEFAULT_APPLICATION)
        .map(|change| Difference {
            kind: change.kind,
            key: change.key.clone(),
            before: change.body.clone(),
            after: None,
        })
        .collect();
    let mut known: HashMap<(Kind, &str), &RawValue> = HashMap::with_capacity(present.len());
    known.extend(present.iter().filter_map(|change| Some(((change.kind, &*change.key), change.body.as_deref()?))));
    let mut differences = gone;
    for Change { kind, key, body } in &wanted {
        let before = known.get(&(*kind, &**key)).copied();
        let is_same = match (before, body) {
            (Some(before), Some(after)) => is_same(before, after),
            _ => false,
        };
        if !is_same {
            let before = before.map(RawValue::to_owned);
            differences.push(Difference { kind: *kind, key: key.clone(), before, after: body.clone() });
        }
    }
    Ok(differences)
}

/// Whether two elements are the same, in whatever order their fields are.
fn is_same(one: &RawValue, other: &RawValue) -> bool {
    let value = |raw: &RawValue| serde_json::from_str::<serde_json::Value>(raw.get()).ok();
    one.get() == other.get() || value(one) == value(other)
}

/// The changes of these differences, with what goes along: of an application that is removed its keys, keys of modules, modules,
/// bindings and entities, of an entity its records and bindings.
pub(crate) fn changes(view: &View, differences: &[Difference]) -> Vec<Change> {
    let state = &view.state;
    let mut changes = Vec::new();
    let removed = |kind: Kind| {
        let of = differences.iter().filter(move |difference| difference.kind == kind && difference.after.is_none());
        of.map(|difference| &*difference.key).collect::<HashSet<&str>>()
    };
    let (applications, entities) = (removed(Kind::Application), removed(Kind::Entity));
    let goes = |id: Option<&str>| id.is_some_and(|id| applications.contains(id));
    let keys = state.keys.values().filter(|key| goes(key.application_id.as_deref()));
    changes.extend(keys.map(|key| Change::remove(Kind::Key, &*key.key_id)));
    let keys = state.module_keys.iter().filter(|key| goes(key.application_id.as_deref()));
    changes.extend(keys.map(|key| Change::remove(Kind::ModuleKey, key.id().to_string())));
    for id in &applications {
        changes.extend(state.modules_of(Some(id)).map(|module| Change::remove(Kind::Module, module.key())));
        let next = state.generation(view.catalog(), id).saturating_add(1);
        changes.push(Change::put(Kind::Generation, *id, &next));
    }
    for target in state.bindings.keys() {
        let entity = target.entity_id.as_deref();
        if goes(target.application_id.as_deref()) || entity.is_some_and(|entity| entities.contains(entity)) {
            changes.push(Change::remove(Kind::Binding, target.key()));
        }
    }
    // Whose the entities are afterwards.
    let mut left: HashMap<&str, usize> = HashMap::new();
    for record in state.entities.all() {
        let is_left = !goes(record.maker()) && !entities.contains(&*record.id);
        *left.entry(&record.id).or_default() += usize::from(is_left);
        if !is_left {
            changes.push(entity::unrecord(record));
        }
    }
    let orphans = left.iter().filter(|(id, makers)| **makers == 0 && !entities.contains(**id));
    changes.extend(orphans.map(|(id, _)| entity::record(None, id, None)));
    for difference in differences {
        let Difference { kind, key, after, .. } = difference;
        if let (Kind::Entity, Some(after)) = (kind, after) {
            #[derive(serde::Deserialize)]
            #[serde(rename_all = "camelCase")]
            struct Named {
                entity_name: Option<String>,
            }
            let name = serde_json::from_str::<Named>(after.get()).ok().and_then(|named| named.entity_name);
            changes.extend(entity::rename(&state.entities, key, name.as_deref()));
        }
        if let (Kind::Application, Some(_), None) = (kind, after, &difference.before)
            && state.generations.contains_key(key)
        {
            // From now on the application itself has it.
            changes.push(Change::remove(Kind::Generation, &**key));
        }
        changes.push(Change { kind: *kind, key: key.clone(), body: after.clone() });
    }
    changes
}

/// How many elements of a kind differ.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct DifferenceCount {
    pub(crate) added: usize,
    pub(crate) changed: usize,
    pub(crate) removed: usize,
}
