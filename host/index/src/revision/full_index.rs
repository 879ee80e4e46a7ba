//! The index of a whole catalog, made at once.

use std::sync::Arc;

use callsign_catalog::{
    Catalog,
    parallel::both,
    persistent::{HashIndex, IndexHasher, MultiIndex, spread},
};
use hashbrown::HashMap;

use super::{
    Revision, SenderKeyCollision, names, new_scope, next_number, scope_hashes, scope_reuse::ScopeReuse,
    sender_index::SenderIndex,
};
use crate::scope::{Ability, Member, Scope, ScopeParts, bit};

/// Collects the scopes of a catalog, and gives them their handles.
struct ScopeCollector<'a> {
    catalog: &'a Catalog,
    senders: &'a SenderIndex,
    hasher: &'a IndexHasher,
    before: Option<ScopeReuse<'a>>,
    scopes: Vec<Arc<Scope>>,
    /// Hashes of names, with handles.
    names: Vec<(u64, u32)>,
    entities_of: Vec<(u64, u32)>,
    other_entities: Vec<u32>,
}

impl Revision {
    /// Indexes a whole catalog. Scopes of which nothing changed are kept from the revision before.
    pub(super) fn index_all(catalog: Catalog, before: Option<&Self>) -> Result<Self, SenderKeyCollision> {
        let number = next_number();
        let elements = catalog.senders().len() + catalog.associations().len();
        let (parts, senders) = both(
            elements,
            || parts(&catalog),
            || match before {
                Some(before) if before.catalog.senders().is_same(catalog.senders()) => Ok(Arc::clone(&before.senders)),
                before => SenderIndex::new(catalog.senders(), before.map(|before| &*before.senders)).map(Arc::new),
            },
        );
        let senders = senders?;
        let shares_with = before.map_or(0, |before| before.number);
        let before = before.filter(|before| before.has_room());
        let hasher = before.map_or_else(IndexHasher::default, |before| before.hasher.clone());
        let unknown_application = match before {
            Some(before) => Arc::clone(&before.scopes[0]),
            None => {
                Arc::new(Scope::new(next_number(), (0, 0), (None, None), ScopeParts::default(), &senders.abilities))
            }
        };
        let mut collector = ScopeCollector {
            catalog: &catalog,
            senders: &senders,
            hasher: &hasher,
            before: before.map(|before| ScopeReuse::new(before, &catalog)),
            scopes: vec![unknown_application; before.map_or(1, |before| before.scopes.len())],
            names: Vec::new(),
            entities_of: Vec::new(),
            other_entities: Vec::new(),
        };
        collector.add_all(parts);
        let ScopeCollector { scopes, names, entities_of, other_entities, .. } = collector;
        let handles = scopes.len();
        Ok(Self {
            number,
            shares_with,
            origin: before.map_or(number, |before| before.origin),
            scopes: scopes.into(),
            names: HashIndex::of(names),
            other_entities: other_entities.into(),
            entities_of: MultiIndex::of(handles, entities_of, |_, _| true),
            catalog,
            hasher,
            senders,
        })
    }
}

impl ScopeCollector<'_> {
    fn add_all(&mut self, mut parts: HashMap<(u32, Option<u32>), ScopeParts>) {
        // The application level first: entities inherit its strategies and its default.
        let applications = self.catalog.applications();
        self.other_entities = vec![0; applications.slots().len()];
        for (application, listed) in applications.indexed() {
            let own = parts.remove(&(application, None)).unwrap_or_default();
            let inherited = ScopeParts {
                application_strategies: own.application_strategies.clone(),
                application_default: own.application_default,
                ..ScopeParts::default()
            };
            let handles = self.before.as_ref().and_then(|before| before.revision.handles_of(&listed.id));
            self.add_named((application, None), own, handles.map(|(own, _)| own));
            let other = self.add((application, None), inherited, handles.map(|(_, other)| other));
            self.other_entities[application as usize] = other;
        }
        let mut entities: Vec<_> = parts.into_iter().collect();
        entities.sort_unstable_by_key(|&(names, _)| names);
        for ((application, entity), mut own) in entities {
            let inherited = &self.scopes[self.other_entities[application as usize] as usize];
            own.inherit(inherited);
            let handle = self.before.as_ref().and_then(|before| {
                let (application, entity) = names(self.catalog, application, entity);
                before.revision.find_scope(application, entity)
            });
            let handle = self.add_named((application, entity), own, handle);
            self.entities_of.push((spread(application), handle));
        }
    }

    /// Adds a scope that is found by its names.
    fn add_named(&mut self, index: (u32, Option<u32>), parts: ScopeParts, handle: Option<u32>) -> u32 {
        let handle = self.add(index, parts, handle);
        self.names.push((self.hasher.hash_one(names(self.catalog, index.0, index.1)), handle));
        handle
    }

    /// Adds a scope with the handle that it had, or a new one. If nothing of it changed, the scope that was there is kept.
    fn add(&mut self, (application, entity): (u32, Option<u32>), mut parts: ScopeParts, handle: Option<u32>) -> u32 {
        for member in &mut parts.associated {
            member.ability = self.senders.abilities[member.sender as usize];
        }
        let hashes = scope_hashes(self.catalog, application, entity);
        let scope = new_scope(self.catalog, self.senders, (application, entity), hashes, parts);
        let Some(handle) = handle else {
            self.scopes.push(Arc::new(scope));
            return self.scopes.len() as u32 - 1;
        };
        let known = self.before.as_ref().and_then(|before| before.unchanged_scope(handle, &scope));
        self.scopes[handle as usize] = known.unwrap_or_else(|| Arc::new(scope));
        handle
    }
}

/// What each scope has of its own. The abilities of its senders are not filled in yet.
fn parts(catalog: &Catalog) -> HashMap<(u32, Option<u32>), ScopeParts> {
    let mut parts: HashMap<(u32, Option<u32>), ScopeParts> = HashMap::new();
    for association in catalog.associations() {
        let scope = parts.entry((association.application, association.entity)).or_default();
        let (sender, channels) = (association.sender, bit(association.channel));
        scope.associated.push(Member { sender, ability: Ability::default(), channels });
    }
    for (index, strategy) in catalog.strategies().indexed() {
        let scope = parts.entry((strategy.application, strategy.entity)).or_default();
        match strategy.entity {
            Some(_) => scope.entity_strategies.push(index),
            None => scope.application_strategies.push(index),
        }
    }
    for default in catalog.default_senders() {
        let scope = parts.entry((default.application, default.entity)).or_default();
        match default.entity {
            Some(_) => scope.entity_default = Some(default.sender),
            None => scope.application_default = Some(default.sender),
        }
    }
    parts
}

impl Revision {
    /// The handles of an application's own scope and of the scope of its other entities.
    fn handles_of(&self, application: &str) -> Option<(u32, u32)> {
        let own = self.find_scope(application, None)?;
        let index = self.scopes[own as usize].application?;
        Some((own, self.other_entities[index as usize]))
    }
}
