//! A revision: one catalog, indexed so that a decision never scans it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use callsign_destination::Country;
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use std::hash::BuildHasher;

mod before;
mod senders;
#[cfg(test)]
mod tests;

use self::before::Before;
pub use self::senders::SameKey;
use self::senders::SenderIndex;
use crate::catalog::{Catalog, Channel};
use crate::scope::{Ability, Scope, ScopeParts};
use callsign_sticky::PinScope;

/// The application of a message that names none.
pub const DEFAULT_APPLICATION: &str = "default";

/// Revisions, and the scopes of them, are numbered by the process, so that no two catalogs and no two scopes share a number.
static NEXT: AtomicU64 = AtomicU64::new(1);

fn next() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A catalog, immutable and indexed. What a catalog did not change is shared with the revision before it.
#[derive(Debug)]
pub struct Revision {
    number: u64,
    /// The revision that it shares with; 0 where it shares with none.
    shares_with: u64,
    catalog: Catalog,
    hasher: DefaultHashBuilder,
    /// Position 0 is the scope of applications that the catalog does not list. A scope keeps its position from revision to
    /// revision, so that a policy never finds an older scope where it knew a newer one.
    scopes: Vec<Arc<Scope>>,
    /// Positions in `scopes`, by the names of application and entity.
    names: HashTable<u32>,
    /// For each application the scope of entities that have nothing of their own.
    other_entities: Vec<u32>,
    senders: Arc<SenderIndex>,
}

impl Revision {
    /// Indexes a catalog.
    ///
    /// # Errors
    /// Two senders whose ids have the same 64-bit hash: one in 10^7 for a million senders. One of them needs another id.
    pub fn new(catalog: Catalog) -> Result<Self, SameKey> {
        Self::build(catalog, None)
    }

    /// Indexes a catalog that comes after another one.
    ///
    /// # Errors
    /// As [`Revision::new`].
    pub(crate) fn after(before: &Self, catalog: Catalog) -> Result<Self, SameKey> {
        Self::build(catalog, Some(before))
    }

    fn build(catalog: Catalog, before: Option<&Self>) -> Result<Self, SameKey> {
        let senders = match before {
            Some(before) if Arc::ptr_eq(&before.catalog.senders, &catalog.senders) => Arc::clone(&before.senders),
            before => Arc::new(SenderIndex::new(catalog.senders(), before.map(|before| &*before.senders))?),
        };
        let mut revision = Self {
            number: next(),
            shares_with: before.map_or(0, |before| before.number),
            catalog,
            hasher: DefaultHashBuilder::default(),
            scopes: Vec::new(),
            names: HashTable::new(),
            other_entities: Vec::new(),
            senders,
        };
        // Positions of scopes that are gone are not given to others; when they are many, all begins anew.
        let before = before.filter(|before| before.gone() < 1_024 + before.names.len());
        revision.index_scopes(before.map(|before| Before::new(before, &revision.catalog)));
        Ok(revision)
    }

    /// How many positions have no scope any more.
    fn gone(&self) -> usize {
        self.scopes.len() - 1 - self.names.len() - self.other_entities.len()
    }

    fn index_scopes(&mut self, before: Option<Before<'_>>) {
        let mut parts: HashMap<(u32, Option<u32>), ScopeParts> = HashMap::new();
        for association in self.catalog.associations() {
            let scope = parts.entry((association.application, association.entity)).or_default();
            scope.associated.push((association.sender, association.channel));
        }
        for (index, strategy) in self.catalog.strategies().iter().enumerate() {
            let scope = parts.entry((strategy.application, strategy.entity)).or_default();
            match strategy.entity {
                Some(_) => scope.entity_strategies.push(index as u32),
                None => scope.application_strategies.push(index as u32),
            }
        }
        for default in self.catalog.default_senders() {
            let scope = parts.entry((default.application, default.entity)).or_default();
            match default.entity {
                Some(_) => scope.entity_default = Some(default.sender),
                None => scope.application_default = Some(default.sender),
            }
        }

        let nobody = match &before {
            Some(before) => Arc::clone(&before.revision.scopes[0]),
            None => Arc::new(Scope::new(next(), (0, 0), (None, None), ScopeParts::default(), &[])),
        };
        self.scopes = vec![nobody; before.as_ref().map_or(1, |before| before.revision.scopes.len())];
        // The application level first: entities inherit its strategies and its default.
        let applications = self.catalog.applications().len() as u32;
        for application in 0..applications {
            let own = parts.remove(&(application, None)).unwrap_or_default();
            let inherited = ScopeParts {
                application_strategies: own.application_strategies.clone(),
                application_default: own.application_default,
                ..ScopeParts::default()
            };
            let id = &*self.catalog.applications()[application as usize].id;
            let places = before.as_ref().and_then(|before| before.revision.places_of(id));
            self.add_scope(application, None, own, places.map(|(own, _)| own), before.as_ref());
            let other =
                self.scope_in_place(application, None, inherited, places.map(|(_, other)| other), before.as_ref());
            self.other_entities.push(other);
        }
        let mut entities: Vec<_> = parts.into_iter().collect();
        entities.sort_unstable_by_key(|&(names, _)| names);
        for ((application, entity), mut own) in entities {
            let inherited = &self.scopes[self.other_entities[application as usize] as usize];
            own.application_strategies = inherited.strategies.clone();
            own.application_default =
                inherited.defaults.first().map(|&(_, handle)| inherited.members[handle as usize].sender);
            let place = before.as_ref().and_then(|before| {
                let application = &*self.catalog.applications()[application as usize].id;
                let entity = entity.map(|entity| &*self.catalog.entities()[entity as usize].id);
                before.revision.find_scope(application, entity)
            });
            self.add_scope(application, entity, own, place, before.as_ref());
        }
    }

    /// The places of an application's own scope and of that of its other entities.
    fn places_of(&self, application: &str) -> Option<(u32, u32)> {
        let own = self.find_scope(application, None)?;
        let index = self.scopes[own as usize].application?;
        Some((own, self.other_entities[index as usize]))
    }

    fn add_scope(
        &mut self,
        application: u32,
        entity: Option<u32>,
        parts: ScopeParts,
        place: Option<u32>,
        before: Option<&Before<'_>>,
    ) {
        let handle = self.scope_in_place(application, entity, parts, place, before);
        let (names, scopes, hasher, catalog) = (&mut self.names, &self.scopes, &self.hasher, &self.catalog);
        let hash = |handle: u32| {
            let (application, entity) = names_of(catalog, &scopes[handle as usize]);
            hasher.hash_one((application, entity))
        };
        names.insert_unique(hash(handle), handle, |&handle| hash(handle));
    }

    /// Puts a scope in the place that it had, or in a new one; the very scope that was there, where nothing of it changed.
    fn scope_in_place(
        &mut self,
        application: u32,
        entity: Option<u32>,
        parts: ScopeParts,
        place: Option<u32>,
        before: Option<&Before<'_>>,
    ) -> u32 {
        let hashes = self.hashes(application, entity);
        let names = (Some(application), entity);
        let mut scope = Scope::new(next(), hashes, names, parts, &self.senders.abilities);
        // On which channels any strategy of it is sticky.
        let strategies = scope.strategies.iter().map(|&index| &self.catalog.strategies()[index as usize]);
        let sticky = strategies.filter(|strategy| strategy.sticky);
        scope.sticky_channels = sticky
            .fold(0, |channels, strategy| channels | strategy.channel.map_or(u8::MAX, |channel| 1 << channel as u8));
        let Some(place) = place else {
            self.scopes.push(Arc::new(scope));
            return self.scopes.len() as u32 - 1;
        };
        let known = before.and_then(|before| before.same(place, &scope));
        self.scopes[place as usize] = known.unwrap_or_else(|| Arc::new(scope));
        place
    }

    fn hashes(&self, application: u32, entity: Option<u32>) -> (u128, u64) {
        let application = &*self.catalog.applications()[application as usize].id;
        let entity = entity.map(|entity| &*self.catalog.entities()[entity as usize].id);
        (PinScope::new(application, entity).hash(), PinScope::new(application, None).hash() as u64)
    }

    /// The number of the revision: later ones are higher within a process.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The number of the revision that it was made to come after; 0 of one that was made by itself.
    pub(crate) fn shares_with(&self) -> u64 {
        self.shares_with
    }

    /// What the revision was made of, without the rest.
    pub(crate) fn into_catalog(self) -> Catalog {
        self.catalog
    }

    /// What the revision was made of.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The senders that `from` of a message may mean, as indexes into [`Catalog::senders`], in their order.
    pub fn senders_called(&self, from: &str) -> impl Iterator<Item = u32> + use<> {
        self.registered(from)
    }

    /// The scope of a message, as a handle.
    pub(crate) fn scope_of(&self, application: Option<&str>, entity: Option<&str>) -> u32 {
        let application = application.unwrap_or(DEFAULT_APPLICATION);
        self.find_scope(application, entity).unwrap_or_else(|| {
            // An entity without anything of its own has what its application has; an unknown application has nothing.
            let known = entity.and_then(|_| self.find_scope(application, None));
            let known = known.and_then(|handle| self.scopes[handle as usize].application);
            known.map_or(0, |application| self.other_entities[application as usize])
        })
    }

    /// The names of each scope, in the order of the handles; none for the scope of unknown applications. The scope of
    /// an application's other entities has the names of the application.
    pub(crate) fn scope_names(&self) -> impl Iterator<Item = Option<(&str, Option<&str>)>> {
        self.scopes.iter().map(|scope| scope.application.map(|_| names_of(&self.catalog, scope)))
    }

    fn find_scope(&self, application: &str, entity: Option<&str>) -> Option<u32> {
        let hash = self.hasher.hash_one((application, entity));
        self.names
            .find(hash, |&handle| names_of(&self.catalog, &self.scopes[handle as usize]) == (application, entity))
            .copied()
    }

    /// A scope by its handle.
    pub(crate) fn scope(&self, handle: u32) -> Option<&Scope> {
        self.scopes.get(handle as usize).map(|scope| &**scope)
    }

    /// Whether a sender is active and covers a channel to a country.
    #[inline]
    pub(crate) fn is_capable(&self, sender: u32, channel: Channel, country: Country) -> bool {
        self.senders.abilities.get(sender as usize).is_some_and(|&ability| self.can(ability, channel, country))
    }

    /// Whether a sender with this ability is active and covers a channel to a country.
    #[inline]
    pub(crate) fn can(&self, ability: Ability, channel: Channel, country: Country) -> bool {
        !ability.suspended && self.senders.coverages[ability.coverage as usize].covers(channel, country)
    }

    /// The stable numbers of the senders, by their index.
    pub(crate) fn keys(&self) -> &[u64] {
        &self.senders.keys
    }

    /// A sender's index by its stable number.
    pub(crate) fn sender_by_key(&self, key: u64) -> Option<u32> {
        self.senders.by_key(key)
    }

    /// The senders that recipients see as `from`, in the order of the catalog: numbers are compared by their digits,
    /// names and short codes as they are written.
    pub(crate) fn registered(&self, from: &str) -> impl Iterator<Item = u32> + use<> {
        self.senders.registered(self.catalog.senders(), from)
    }
}

fn names_of<'a>(catalog: &'a Catalog, scope: &Scope) -> (&'a str, Option<&'a str>) {
    let application = scope.application.map_or("", |index| &catalog.applications()[index as usize].id);
    (application, scope.entity.map(|index| &*catalog.entities()[index as usize].id))
}
