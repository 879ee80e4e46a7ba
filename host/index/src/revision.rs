//! A revision: one catalog, indexed so that a decision never scans it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use callsign_catalog::{
    Catalog, Coverage,
    persistent::{HashIndex, IndexHasher, MultiIndex, PVec},
};
use callsign_sticky::PinScope;

pub use self::sender_index::SenderKeyCollision;
use self::{catalog_diff::CatalogDiff, sender_index::SenderIndex};
use crate::{
    attributes::key_of,
    scope::{Ability, Scope, ScopeParts, bit},
};

mod catalog_diff;
mod full_index;
mod incremental;
mod scope_reuse;
mod sender_index;
#[cfg(test)]
mod tests;

/// The application of a message that names none.
pub const DEFAULT_APPLICATION: &str = "default";

/// The next number of a revision or a scope. They are unique in the process, so no two catalogs and no two scopes share one.
static NEXT_NUMBER: AtomicU64 = AtomicU64::new(1);

fn next_number() -> u64 {
    NEXT_NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// A catalog, immutable and indexed. It shares with the revision before it what the catalog did not change.
///
/// The private modules make it. `catalog_diff` finds out whether a change is small; if so, `incremental` updates the
/// scopes that it concerns, in time with the change. Otherwise `full_index` indexes the whole catalog, and `scope_reuse`
/// keeps the scopes of which nothing changed.
#[derive(Debug)]
pub struct Revision {
    number: u64,
    /// The number of the revision that it shares with; 0 if it shares with none.
    shares_with: u64,
    /// The number of the revision with which scope handles began. Revisions with the same one have the same handles.
    origin: u64,
    catalog: Catalog,
    hasher: IndexHasher,
    /// The scopes by handle. Handle 0 is the scope of applications that the catalog does not list. A scope keeps its handle
    /// from revision to revision, so a policy never finds an older scope where it knew a newer one.
    scopes: PVec<Arc<Scope>>,
    /// Handles by the names of application and entity.
    names: HashIndex,
    /// For each application, the handle of the scope of entities that have nothing of their own; 0 where the catalog has none
    /// with that index.
    other_entities: PVec<u32>,
    /// For each application, the handles of the scopes of its other entities.
    entities_of: MultiIndex,
    senders: Arc<SenderIndex>,
}

impl Revision {
    /// Indexes a catalog.
    ///
    /// # Errors
    /// Two senders have ids with the same 64-bit hash. With a million senders, the chance is one in 10^7. One of them needs
    /// another id.
    pub fn new(catalog: Catalog) -> Result<Self, SenderKeyCollision> {
        Self::index_all(catalog, None)
    }

    /// Indexes a catalog that comes after another one. If little differs, this takes time with what differs.
    ///
    /// # Errors
    /// As [`Revision::new`].
    pub fn after(before: &Self, catalog: Catalog) -> Result<Self, SenderKeyCollision> {
        if !before.catalog.has_same_numbering(&catalog) {
            // Every pool may differ.
            return Self::new(catalog);
        }
        let small_diff = CatalogDiff::between(&before.catalog, &catalog);
        match small_diff.filter(|_| before.senders.has_room() && before.has_room()) {
            Some(diff) => Self::update(before, catalog, diff),
            None => Self::index_all(catalog, Some(before)),
        }
    }

    /// Whether few handles belong to removed scopes. Such handles are not given to other scopes; once they are many, all
    /// handles are given again.
    fn has_room(&self) -> bool {
        self.removed_scopes() < 1_024 + self.names.len()
    }

    /// How many handles have no scope any more.
    fn removed_scopes(&self) -> usize {
        // Each application has a scope of its other entities.
        self.scopes.len() - 1 - self.names.len() - self.catalog.applications().len()
    }

    /// The names of an application, or of an entity of it, by the catalog's indexes.
    fn names(&self, application: u32, entity: Option<u32>) -> (&str, Option<&str>) {
        names(&self.catalog, application, entity)
    }

    #[inline]
    fn hash_of_names(&self, names: (&str, Option<&str>)) -> u64 {
        self.hasher.hash_one(names)
    }

    /// The number of the revision. Within a process, later revisions have higher numbers.
    #[inline]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The number of the revision that this one was made after; 0 if it was made with [`Revision::new`].
    #[inline]
    pub fn shares_with(&self) -> u64 {
        self.shares_with
    }

    /// The number of the revision with which scope handles began: revisions with the same one have the same handles.
    #[inline]
    pub fn origin(&self) -> u64 {
        self.origin
    }

    /// The same, of the catalog under a name: [`Catalog::named`]. For callers that know the name only after the index.
    #[must_use]
    pub fn named(self, name: impl Into<Arc<str>>) -> Self {
        Self { catalog: self.catalog.named(name), ..self }
    }

    /// The catalog, without its index.
    pub fn into_catalog(self) -> Catalog {
        self.catalog
    }

    /// The catalog.
    #[inline]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The senders that the `from` of a message may mean, as indexes into [`Catalog::senders`], in their order.
    pub fn senders_called(&self, from: &str) -> impl Iterator<Item = u32> + use<> {
        self.registered(from)
    }

    /// The handle of a message's scope.
    #[inline]
    pub fn scope_of(&self, application: Option<&str>, entity: Option<&str>) -> u32 {
        let application = application.unwrap_or(DEFAULT_APPLICATION);
        self.find_scope(application, entity).unwrap_or_else(|| {
            // An entity with nothing of its own has what its application has. An unknown application has nothing.
            let known = entity.and_then(|_| self.find_scope(application, None));
            let known = known.and_then(|handle| self.scopes[handle as usize].application);
            known.map_or(0, |application| self.other_entities[application as usize])
        })
    }

    /// Whether an entity of an application has something of its own: an association, a strategy or a default sender.
    pub fn has_scope(&self, application: &str, entity: &str) -> bool {
        self.find_scope(application, Some(entity)).is_some()
    }

    /// The names of all scopes from the handle `first` on; none for the scope of unknown applications. The scope of an
    /// application's other entities has the application's name.
    pub fn scope_names(&self, first: usize) -> impl Iterator<Item = Option<(&str, Option<&str>)>> {
        self.scopes.iter().skip(first).map(|scope| Some(self.names(scope.application?, scope.entity)))
    }

    #[inline]
    fn find_scope(&self, application: &str, entity: Option<&str>) -> Option<u32> {
        let hash = self.hash_of_names((application, entity));
        self.names.find(hash, |handle| {
            let scope = &self.scopes[handle as usize];
            let listed = scope.application.and_then(|index| self.catalog.applications().at(index));
            scope.entity_id.as_deref() == entity && listed.is_some_and(|listed| *listed.id == *application)
        })
    }

    /// The scope with a handle.
    #[inline]
    pub fn scope(&self, handle: u32) -> Option<&Scope> {
        self.scopes.get(handle as usize).map(|scope| &**scope)
    }

    /// What each sender can do, by the sender's index.
    #[inline]
    pub(crate) fn abilities(&self) -> &PVec<Ability> {
        &self.senders.abilities
    }

    /// The coverage of a sender with this ability.
    #[inline]
    pub(crate) fn coverage(&self, ability: Ability) -> &Coverage {
        &self.senders.coverages[ability.coverage as usize]
    }

    /// The senders with a number, as indexes, in no order.
    pub(crate) fn senders_with_number(&self, number: u64) -> impl Iterator<Item = u32> {
        self.senders.with_number(self.catalog.senders(), number)
    }

    /// The key of each sender, by the sender's index. What stands at an index without a sender means nothing.
    #[inline]
    pub fn keys(&self) -> &PVec<u64> {
        &self.senders.keys
    }

    /// The index of the sender with a key.
    #[inline]
    pub fn sender_by_key(&self, key: u64) -> Option<u32> {
        self.senders.by_key(key)
    }

    /// The senders that recipients see as `from`, as indexes, in the order of the catalog. Numbers are compared by their
    /// digits, names and short codes as they are written.
    pub fn registered(&self, from: &str) -> impl Iterator<Item = u32> + use<> {
        self.senders.registered(self.catalog.senders(), from)
    }
}

fn names(catalog: &Catalog, application: u32, entity: Option<u32>) -> (&str, Option<&str>) {
    let application = &*catalog.applications()[application as usize].id;
    (application, entity.map(|index| &*catalog.entities()[index as usize].id))
}

/// The hashes of a scope: the one that its pins are stored under, and that of its application, which recipients are
/// spread by. The spread is the same in every generation of an application.
fn scope_hashes(catalog: &Catalog, application: u32, entity: Option<u32>) -> (u128, u64) {
    let generation = catalog.applications()[application as usize].generation;
    let (application, entity) = names(catalog, application, entity);
    let pins = PinScope::of_generation(application, entity, generation);
    (pins.hash(), PinScope::new(application, None).hash() as u64)
}

/// A scope with a new number.
#[inline]
fn new_scope(
    catalog: &Catalog,
    senders: &SenderIndex,
    (application, entity): (u32, Option<u32>),
    hashes: (u128, u64),
    parts: ScopeParts,
) -> Scope {
    let mut scope = Scope::new(next_number(), hashes, (Some(application), entity), parts, &senders.abilities);
    scope.entity_id = names(catalog, application, entity).1.map(Into::into);
    let strategies = scope.strategies.iter().map(|&index| &catalog.strategies()[index as usize]);
    let sticky = strategies.filter(|strategy| strategy.sticky);
    scope.sticky_channels = sticky.fold(0, |channels, strategy| channels | strategy.channel.map_or(u8::MAX, bit));
    let limited = scope.members.iter().filter(|member| member.ability.limited);
    let types = limited.flat_map(|member| catalog.senders()[member.sender as usize].message_types.iter());
    let mut types: Vec<u64> = types.map(key_of).collect();
    types.sort_unstable();
    types.dedup();
    scope.message_types = types.into();
    scope
}
