//! A revision: one catalog, indexed so that a decision never scans it.

use std::sync::atomic::{AtomicU64, Ordering};

use callsign_destination::{Country, Number};
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use std::hash::BuildHasher;

use crate::catalog::{Catalog, Channel, Coverage, Sender};
use crate::scope::{Ability, Scope, ScopeParts};
use callsign_sticky::{PinScope, SenderKey};

/// The application of a message that names none.
pub const DEFAULT_APPLICATION: &str = "default";

/// Revisions are numbered by the process, so that no two catalogs share a number.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// A catalog, immutable and indexed.
#[derive(Debug)]
pub struct Revision {
    number: u64,
    catalog: Catalog,
    hasher: DefaultHashBuilder,
    /// Position 0 is the scope of applications that the catalog does not list.
    scopes: Vec<Scope>,
    /// Positions in `scopes`, by the names of application and entity.
    names: HashTable<u32>,
    /// For each application the scope of entities that have nothing of their own.
    other_entities: Vec<u32>,
    /// The stable number of each sender.
    keys: Vec<u64>,
    /// What each sender can do, and the coverages that differ.
    abilities: Vec<Ability>,
    coverages: Vec<Coverage>,
    /// The catalog's indexes of senders by their key, and by what recipients see.
    by_key: HashTable<u32>,
    by_number: HashTable<u32>,
    by_address: HashTable<u32>,
}

impl Revision {
    /// Indexes a catalog.
    ///
    /// # Errors
    /// Two senders whose ids have the same 64-bit hash: one in 10^7 for a million senders. One of them needs another id.
    pub fn new(catalog: Catalog) -> Result<Self, SameKey> {
        let hasher = DefaultHashBuilder::default();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let senders = catalog.senders();
        let keys: Vec<u64> = senders.iter().map(|sender| SenderKey::of(&sender.id).0).collect();
        let mut by_key = HashTable::with_capacity(senders.len());
        let mut by_number = HashTable::new();
        let mut by_address = HashTable::new();
        for (index, sender) in senders.iter().enumerate() {
            let key = keys[index];
            if let Some(&other) = by_key.find(hasher.hash_one(key), |&other: &u32| keys[other as usize] == key) {
                return Err(SameKey { first: senders[other as usize].id.clone(), second: sender.id.clone() });
            }
            by_key.insert_unique(hasher.hash_one(key), index as u32, |&other| hasher.hash_one(keys[other as usize]));
            match sender.number {
                Some(number) => by_number.insert_unique(hasher.hash_one(number), index as u32, |&other| {
                    hasher.hash_one(senders[other as usize].number.unwrap_or_default())
                }),
                None => by_address.insert_unique(hasher.hash_one(&*sender.address), index as u32, |&other| {
                    hasher.hash_one(&*senders[other as usize].address)
                }),
            };
        }
        let (abilities, coverages) = abilities(senders);
        let mut revision = Self {
            number,
            abilities,
            coverages,
            catalog,
            hasher,
            scopes: Vec::new(),
            names: HashTable::new(),
            other_entities: Vec::new(),
            keys,
            by_key,
            by_number,
            by_address,
        };
        revision.index_scopes();
        Ok(revision)
    }

    fn index_scopes(&mut self) {
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

        self.scopes.push(Scope::new(self.number, (0, 0), (None, None), ScopeParts::default(), &[]));
        // The application level first: entities inherit its strategies and its default.
        let applications = self.catalog.applications().len() as u32;
        for application in 0..applications {
            let own = parts.remove(&(application, None)).unwrap_or_default();
            let inherited = ScopeParts {
                application_strategies: own.application_strategies.clone(),
                application_default: own.application_default,
                ..ScopeParts::default()
            };
            self.add_scope(application, None, own);
            let other = self.scopes.len() as u32;
            let hashes = self.hashes(application, None);
            self.scopes.push(Scope::new(self.number, hashes, (Some(application), None), inherited, &self.abilities));
            self.note_sticky(other);
            self.other_entities.push(other);
        }
        let mut entities: Vec<_> = parts.into_iter().collect();
        entities.sort_unstable_by_key(|&(names, _)| names);
        for ((application, entity), mut own) in entities {
            let inherited = &self.scopes[self.other_entities[application as usize] as usize];
            own.application_strategies = inherited.strategies.clone();
            own.application_default =
                inherited.defaults.first().map(|&(_, handle)| inherited.members[handle as usize].sender);
            self.add_scope(application, entity, own);
        }
    }

    /// Notes on which channels any strategy of a scope is sticky.
    fn note_sticky(&mut self, handle: u32) {
        let scope = &mut self.scopes[handle as usize];
        let strategies = scope.strategies.iter().map(|&index| &self.catalog.strategies()[index as usize]);
        let sticky = strategies.filter(|strategy| strategy.sticky);
        scope.sticky_channels = sticky
            .fold(0, |channels, strategy| channels | strategy.channel.map_or(u8::MAX, |channel| 1 << channel as u8));
    }

    fn add_scope(&mut self, application: u32, entity: Option<u32>, parts: ScopeParts) {
        let hashes = self.hashes(application, entity);
        let scope = Scope::new(self.number, hashes, (Some(application), entity), parts, &self.abilities);
        let handle = self.scopes.len() as u32;
        self.scopes.push(scope);
        self.note_sticky(handle);
        let (names, scopes, hasher, catalog) = (&mut self.names, &self.scopes, &self.hasher, &self.catalog);
        let hash = |handle: u32| {
            let (application, entity) = names_of(catalog, &scopes[handle as usize]);
            hasher.hash_one((application, entity))
        };
        names.insert_unique(hash(handle), handle, |&handle| hash(handle));
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

    /// What the revision was made of.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
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
        self.scopes.get(handle as usize)
    }

    /// Whether a sender is active and covers a channel to a country.
    #[inline]
    pub(crate) fn is_capable(&self, sender: u32, channel: Channel, country: Country) -> bool {
        self.abilities.get(sender as usize).is_some_and(|&ability| self.can(ability, channel, country))
    }

    /// Whether a sender with this ability is active and covers a channel to a country.
    #[inline]
    pub(crate) fn can(&self, ability: Ability, channel: Channel, country: Country) -> bool {
        !ability.suspended && self.coverages[ability.coverage as usize].covers(channel, country)
    }

    /// The stable numbers of the senders, by their index.
    pub(crate) fn keys(&self) -> &[u64] {
        &self.keys
    }

    /// A sender's index by its stable number.
    pub(crate) fn sender_by_key(&self, key: u64) -> Option<u32> {
        self.by_key.find(self.hasher.hash_one(key), |&index| self.keys[index as usize] == key).copied()
    }

    /// The senders that recipients see as `from`, in the order of the catalog: numbers are compared by their digits,
    /// names and short codes as they are written.
    pub(crate) fn registered(&self, from: &str) -> impl Iterator<Item = u32> {
        let senders = self.catalog.senders();
        let number = Number::parse_e164(from).ok().map(Number::get);
        let as_number = number.into_iter().flat_map(move |number| {
            let found = self.by_number.iter_hash(self.hasher.hash_one(number)).copied();
            found.filter(move |&index| senders[index as usize].number == Some(number))
        });
        let found = self.by_address.iter_hash(self.hasher.hash_one(from)).copied();
        let as_text = found.filter(move |&index| &*senders[index as usize].address == from);
        let mut found: Vec<u32> = as_number.chain(as_text).collect();
        found.sort_unstable();
        found.into_iter()
    }
}

fn names_of<'a>(catalog: &'a Catalog, scope: &Scope) -> (&'a str, Option<&'a str>) {
    let application = scope.application.map_or("", |index| &catalog.applications()[index as usize].id);
    (application, scope.entity.map(|index| &*catalog.entities()[index as usize].id))
}

/// The abilities of senders, and the coverages that they index: a platform has few that differ.
fn abilities(senders: &[Sender]) -> (Vec<Ability>, Vec<Coverage>) {
    let mut coverages: Vec<Coverage> = Vec::new();
    let mut known: HashMap<&Coverage, u32> = HashMap::new();
    let abilities = senders.iter().map(|sender| {
        let coverage = *known.entry(&sender.coverage).or_insert_with(|| {
            coverages.push(sender.coverage.clone());
            coverages.len() as u32 - 1
        });
        Ability { coverage, suspended: sender.suspended }
    });
    (abilities.collect(), coverages)
}

/// Two senders that cannot be told apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("senders {first} and {second} have the same 64-bit hash; give one of them another senderId")]
#[non_exhaustive]
pub struct SameKey {
    /// The id of the first in the catalog.
    pub first: Box<str>,
    /// The id of the second.
    pub second: Box<str>,
}
