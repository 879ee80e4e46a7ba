//! Everything of a revision besides the catalog: keys, whose entities are, modules and bindings. Immutable: each
//! revision has its own.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use callsign::Catalog;
use callsign_signature::{Keyring, ModuleKey};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::binding::{BindingRecord, Target};
use crate::change::{Change, Kind, key_of};
use crate::entity::EntityRecords;
use crate::key::Key;
use crate::module::ModuleRecord;
use crate::store::StoreError;

/// The state at a revision.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) revision: u64,
    /// By their id.
    pub(crate) keys: Arc<HashMap<String, Arc<Key>>>,
    /// Whose each entity is.
    pub(crate) entities: EntityRecords,
    /// The generation that the next application with an id has, for ids of applications that were removed.
    pub(crate) generations: Arc<HashMap<String, u32>>,
    /// What signatures of modules are verified with.
    pub(crate) module_keys: Arc<Keyring>,
    /// By key, which has the owner and the digest.
    pub(crate) modules: Arc<BTreeMap<String, Arc<ModuleRecord>>>,
    pub(crate) bindings: Arc<BTreeMap<Target, Arc<BindingRecord>>>,
}

impl State {
    /// The state after changes. Changes of the catalog are ignored.
    ///
    /// # Errors
    /// An element cannot be read as its kind.
    pub(crate) fn after<'a>(
        &self,
        revision: u64,
        changes: impl IntoIterator<Item = &'a Change>,
    ) -> Result<Self, StoreError> {
        let mut next = Self { revision, ..self.clone() };
        for change in changes {
            next.apply(change.kind, &change.key, change.body.as_deref().map(RawValue::get))?;
        }
        Ok(next)
    }

    /// Whether an owner has a module; `None` is the platform.
    pub(crate) fn has_module(&self, owner: Option<&str>, digest: &str) -> bool {
        self.modules.contains_key(&key_of(&[owner, Some(digest)]))
    }

    /// Whether a module of any owner, or a binding, has a component.
    pub(crate) fn uses_component(&self, digest: &str) -> bool {
        self.modules.values().any(|module| module.digest == digest)
            || self.bindings.values().any(|binding| binding.specs().any(|spec| spec.module == digest))
    }

    /// The modules of an owner; `None` is the platform. Takes time with how many they are.
    pub(crate) fn modules_of(&self, owner: Option<&str>) -> impl Iterator<Item = &Arc<ModuleRecord>> {
        // The keys of one owner begin alike, and with nothing that the keys of another begin with.
        let mut first = key_of(&[owner]);
        first.truncate(first.len() - 1);
        first.push(',');
        let from = self.modules.range(first.clone()..);
        from.take_while(move |(key, _)| key.starts_with(&first)).map(|(_, module)| module)
    }

    /// The bindings of an application and its entities. Takes time with how many they are.
    pub(crate) fn bindings_of(&self, application: &str) -> impl Iterator<Item = &Arc<BindingRecord>> {
        let first = Target { application_id: Some(application.to_owned()), entity_id: None };
        let from = self.bindings.range(first.clone()..);
        from.take_while(move |(target, _)| target.application_id == first.application_id).map(|(_, binding)| binding)
    }

    /// The generation of an application, also of one that is not there: then of the next one with its id.
    pub(crate) fn generation(&self, catalog: &Catalog, application: &str) -> u32 {
        match catalog.application(application) {
            Some((_, application)) => application.generation,
            None => self.next_generation(application),
        }
    }

    /// The generation that an application has that is made now.
    pub(crate) fn next_generation(&self, application: &str) -> u32 {
        self.generations.get(application).copied().unwrap_or_default()
    }

    /// Puts or removes an element.
    pub(crate) fn apply(&mut self, kind: Kind, key: &str, body: Option<&str>) -> Result<(), StoreError> {
        match kind {
            Kind::Key => put(Arc::make_mut(&mut self.keys), kind, key, body),
            Kind::ModuleKey => {
                let keys = Arc::make_mut(&mut self.module_keys);
                match read::<ModuleKey>(kind, key, body)? {
                    Some(module_key) => keys.put(module_key),
                    None => {
                        if let Ok(id) = key.parse() {
                            keys.remove(id);
                        }
                    }
                }
                Ok(())
            }
            Kind::Module => {
                let modules = Arc::make_mut(&mut self.modules);
                match read(kind, key, body)? {
                    Some(module) => modules.insert(key.to_owned(), Arc::new(module)),
                    None => modules.remove(key),
                };
                Ok(())
            }
            Kind::Owner => self.entities.apply(key, body),
            Kind::Generation => {
                let generations = Arc::make_mut(&mut self.generations);
                match read(kind, key, body)? {
                    Some(generation) => generations.insert(key.to_owned(), generation),
                    None => generations.remove(key),
                };
                Ok(())
            }
            Kind::Binding => {
                let bindings = Arc::make_mut(&mut self.bindings);
                match read::<BindingRecord>(kind, key, body)? {
                    Some(binding) => {
                        bindings.insert(binding.target.clone(), Arc::new(binding));
                    }
                    None => {
                        if let Some(target) = Target::of_key(key) {
                            bindings.remove(&target);
                        }
                    }
                }
                Ok(())
            }
            Kind::Application
            | Kind::Entity
            | Kind::Sender
            | Kind::Association
            | Kind::Strategy
            | Kind::DefaultSender => Ok(()),
        }
    }
}

fn put<T: for<'de> Deserialize<'de>>(
    map: &mut HashMap<String, Arc<T>>,
    kind: Kind,
    key: &str,
    body: Option<&str>,
) -> Result<(), StoreError> {
    match read(kind, key, body)? {
        Some(element) => map.insert(key.to_owned(), Arc::new(element)),
        None => map.remove(key),
    };
    Ok(())
}

fn read<T: for<'de> Deserialize<'de>>(kind: Kind, key: &str, body: Option<&str>) -> Result<Option<T>, StoreError> {
    let read = body.map(serde_json::from_str).transpose();
    read.map_err(|error| StoreError::Damaged(format!("the {} {key}: {error}", kind.as_str())))
}
