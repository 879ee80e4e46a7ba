//! Everything of a revision besides the catalog: keys, owners of entities, modules and bindings. Immutable: each
//! revision has its own.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::binding::{BindingRecord, Target};
use crate::change::{Change, Kind, key_of};
use crate::key::Key;
use crate::module::ModuleRecord;
use crate::store::StoreError;

/// The state at a revision.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) revision: u64,
    /// By their id.
    pub(crate) keys: Arc<HashMap<String, Arc<Key>>>,
    /// The ids of all entities. Every message that names an entity looks here.
    pub(crate) entities: Arc<HashSet<Box<str>>>,
    /// The application that created an entity, by the id of the entity.
    pub(crate) owners: Arc<HashMap<String, String>>,
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

    /// Puts or removes an element.
    pub(crate) fn apply(&mut self, kind: Kind, key: &str, body: Option<&str>) -> Result<(), StoreError> {
        match kind {
            Kind::Key => put(Arc::make_mut(&mut self.keys), kind, key, body),
            Kind::Module => {
                let modules = Arc::make_mut(&mut self.modules);
                match read(kind, key, body)? {
                    Some(module) => modules.insert(key.to_owned(), Arc::new(module)),
                    None => modules.remove(key),
                };
                Ok(())
            }
            Kind::Owner => {
                let owners = Arc::make_mut(&mut self.owners);
                match read(kind, key, body)? {
                    Some(owner) => owners.insert(key.to_owned(), owner),
                    None => owners.remove(key),
                };
                Ok(())
            }
            Kind::Binding => {
                let bindings = Arc::make_mut(&mut self.bindings);
                match read::<BindingRecord>(kind, key, body)? {
                    Some(binding) => {
                        bindings.insert(binding.target.clone(), Arc::new(binding));
                    }
                    None => bindings.retain(|target, _| target.key() != key),
                }
                Ok(())
            }
            Kind::Entity => {
                let entities = Arc::make_mut(&mut self.entities);
                match body {
                    Some(_) => entities.insert(key.into()),
                    None => entities.remove(key),
                };
                Ok(())
            }
            Kind::Application | Kind::Sender | Kind::Association | Kind::Strategy | Kind::DefaultSender => Ok(()),
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
