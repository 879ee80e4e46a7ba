//! A revision: one catalog, indexed so that a decision never scans it.

use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use callsign_destination::Country;
use hashbrown::DefaultHashBuilder;

mod before;
mod changes;
mod layout;
mod remake;
mod senders;
#[cfg(test)]
mod tests;

use self::changes::Changes;
use self::senders::SenderIndex;
pub use self::senders::SenderKeyCollision;
use crate::scope::{Ability, Scope, ScopeParts, bit};
use callsign_catalog::persistent::{HashIndex, MultiIndex, PVec};
use callsign_catalog::{Catalog, Channel};
use callsign_sticky::PinScope;

/// The application of a message that names none.
pub const DEFAULT_APPLICATION: &str = "default";

/// Revisions, and the scopes of them, are numbered by the process, so that no two catalogs and no two scopes share a number.
static NEXT: AtomicU64 = AtomicU64::new(1);

fn next() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A catalog, immutable and indexed. What a catalog did not change is shared with the revision before it.
///
/// How it comes to be, by the private modules: `changes` finds what a small change concerns, and `remake` makes that anew,
/// in time with the change. Everything else takes the way of `layout`, which indexes the whole catalog, and with `before`
/// keeps the scopes of which nothing changed.
#[derive(Debug)]
pub struct Revision {
    number: u64,
    /// The revision that it shares with; 0 where it shares with none.
    shares_with: u64,
    /// The revision with which the places of scopes began: those with the same one have each scope in the same place.
    origin: u64,
    catalog: Catalog,
    hasher: DefaultHashBuilder,
    /// Position 0 is the scope of applications that the catalog does not list. A scope keeps its position from revision to
    /// revision, so that a policy never finds an older scope where it knew a newer one.
    scopes: PVec<Arc<Scope>>,
    /// Positions in `scopes`, by the names of application and entity.
    names: HashIndex,
    /// For each application the scope of entities that have nothing of their own.
    other_entities: PVec<u32>,
    /// For each application the scopes of the other ones.
    entities_of: MultiIndex,
    senders: Arc<SenderIndex>,
}

impl Revision {
    /// Indexes a catalog.
    ///
    /// # Errors
    /// Two senders whose ids have the same 64-bit hash: one in 10^7 for a million senders. One of them needs another id.
    pub fn new(catalog: Catalog) -> Result<Self, SenderKeyCollision> {
        Self::laid_out(catalog, None)
    }

    /// Indexes a catalog that comes after another one: in time with what it changed, where that is little.
    ///
    /// # Errors
    /// As [`Revision::new`].
    pub fn after(before: &Self, catalog: Catalog) -> Result<Self, SenderKeyCollision> {
        let small = Changes::between(&before.catalog, &catalog);
        match small.filter(|_| before.senders.has_room() && before.has_room()) {
            Some(changes) => Self::remade(before, catalog, changes),
            None => Self::laid_out(catalog, Some(before)),
        }
    }

    /// Positions of scopes that are gone are not given to others; when they are many, all begins anew.
    fn has_room(&self) -> bool {
        self.gone() < 1_024 + self.names.len()
    }

    /// How many positions have no scope any more.
    fn gone(&self) -> usize {
        self.scopes.len() - 1 - self.names.len() - self.other_entities.len()
    }

    /// The names of an application, or of an entity of it, by the catalog's indexes.
    fn names(&self, application: u32, entity: Option<u32>) -> (&str, Option<&str>) {
        names(&self.catalog, application, entity)
    }

    #[inline]
    fn hash_of_names(&self, names: (&str, Option<&str>)) -> u64 {
        self.hasher.hash_one(names)
    }

    /// The number of the revision: later ones are higher within a process.
    #[inline]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The number of the revision that it was made to come after; 0 of one that was made by itself.
    #[inline]
    pub fn shares_with(&self) -> u64 {
        self.shares_with
    }

    /// The number of the first revision that has all scopes that they share in the same places.
    #[inline]
    pub fn origin(&self) -> u64 {
        self.origin
    }

    /// What the revision was made of, without the rest.
    pub fn into_catalog(self) -> Catalog {
        self.catalog
    }

    /// What the revision was made of.
    #[inline]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The senders that `from` of a message may mean, as indexes into [`Catalog::senders`], in their order.
    pub fn senders_called(&self, from: &str) -> impl Iterator<Item = u32> + use<> {
        self.registered(from)
    }

    /// The scope of a message, as a handle.
    #[inline]
    pub fn scope_of(&self, application: Option<&str>, entity: Option<&str>) -> u32 {
        let application = application.unwrap_or(DEFAULT_APPLICATION);
        self.find_scope(application, entity).unwrap_or_else(|| {
            // An entity without anything of its own has what its application has; an unknown application has nothing.
            let known = entity.and_then(|_| self.find_scope(application, None));
            let known = known.and_then(|handle| self.scopes[handle as usize].application);
            known.map_or(0, |application| self.other_entities[application as usize])
        })
    }

    /// The names of each scope from a handle on; none for the scope of unknown applications. The scope of an application's
    /// other entities has the names of the application.
    pub fn scope_names(&self, first: usize) -> impl Iterator<Item = Option<(&str, Option<&str>)>> {
        self.scopes.iter().skip(first).map(|scope| Some(self.names(scope.application?, scope.entity)))
    }

    #[inline]
    fn find_scope(&self, application: &str, entity: Option<&str>) -> Option<u32> {
        let hash = self.hash_of_names((application, entity));
        self.names.find(hash, |handle| {
            let scope = &self.scopes[handle as usize];
            let is_of = |index: u32| *self.catalog.applications()[index as usize].id == *application;
            scope.entity_id.as_deref() == entity && scope.application.is_some_and(is_of)
        })
    }

    /// A scope by its handle.
    #[inline]
    pub fn scope(&self, handle: u32) -> Option<&Scope> {
        self.scopes.get(handle as usize).map(|scope| &**scope)
    }

    /// Whether a sender is active and covers a channel to a country.
    #[inline]
    pub fn is_capable(&self, sender: u32, channel: Channel, country: Country) -> bool {
        self.senders.abilities.get(sender as usize).is_some_and(|&ability| self.can(ability, channel, country))
    }

    /// Whether a sender with this ability is active and covers a channel to a country.
    #[inline]
    pub fn can(&self, ability: Ability, channel: Channel, country: Country) -> bool {
        !ability.suspended && self.senders.coverages[ability.coverage as usize].covers(channel, country)
    }

    /// The stable numbers of the senders, by their index.
    #[inline]
    pub fn keys(&self) -> &PVec<u64> {
        &self.senders.keys
    }

    /// A sender's index by its stable number.
    #[inline]
    pub fn sender_by_key(&self, key: u64) -> Option<u32> {
        self.senders.by_key(key)
    }

    /// The senders that recipients see as `from`, in the order of the catalog: numbers are compared by their digits,
    /// names and short codes as they are written.
    pub fn registered(&self, from: &str) -> impl Iterator<Item = u32> + use<> {
        self.senders.registered(self.catalog.senders(), from)
    }
}

fn names(catalog: &Catalog, application: u32, entity: Option<u32>) -> (&str, Option<&str>) {
    let application = &*catalog.applications()[application as usize].id;
    (application, entity.map(|index| &*catalog.entities()[index as usize].id))
}

/// What names a scope, and its application, in pins.
fn hashes((application, entity): (&str, Option<&str>)) -> (u128, u64) {
    (PinScope::new(application, entity).hash(), PinScope::new(application, None).hash() as u64)
}

/// A scope with a new number.
#[inline]
fn scope(
    catalog: &Catalog,
    senders: &SenderIndex,
    (application, entity): (u32, Option<u32>),
    hashes: (u128, u64),
    parts: ScopeParts,
) -> Scope {
    let mut scope = Scope::new(next(), hashes, (Some(application), entity), parts, &senders.abilities);
    scope.entity_id = names(catalog, application, entity).1.map(Into::into);
    // On which channels any strategy of it is sticky.
    let strategies = scope.strategies.iter().map(|&index| &catalog.strategies()[index as usize]);
    let sticky = strategies.filter(|strategy| strategy.sticky);
    scope.sticky_channels = sticky.fold(0, |channels, strategy| channels | strategy.channel.map_or(u8::MAX, bit));
    scope
}
