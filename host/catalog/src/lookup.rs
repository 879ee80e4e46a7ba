//! Finds elements by id or content, and by what they refer to.
//!
//! The indexes are persistent, as the lists are: an edit updates them in time with what it changed.

#[cfg(any(test, feature = "testing"))]
mod checked;
mod of_application;
mod reference_counts;

use std::sync::Arc;

use callsign_destination::Numbering;

use self::reference_counts::ReferenceCounts;
pub(super) use self::reference_counts::Target;
use super::{
    Catalog,
    coverage::Interned,
    kind::{Channel, ResourceType},
    model::{Application, Association, DefaultSender, Entity, OtherAssociation, Sender, Strategy},
    parallel::both,
    persistent::{HashIndex, IndexHasher, MultiIndex, SlotVec, spread},
    unresolved::{IdLookup, association_code},
};

/// The indexes of a catalog, by hash.
#[derive(Clone, Default)]
pub(super) struct Lookup {
    hasher: IndexHasher,
    applications: HashIndex,
    entities: HashIndex,
    senders: HashIndex,
    strategies: HashIndex,
    /// Slots, by the content of associations.
    associations: HashIndex,
    other_associations: HashIndex,
    /// Slots, by scope.
    default_senders: HashIndex,
    /// Slots, by sender.
    associations_of: MultiIndex,
    defaults_of: MultiIndex,
    strategies_of: MultiIndex,
    /// Slots, by application: what an application and its entities have.
    associations_in: MultiIndex,
    other_associations_in: MultiIndex,
    strategies_in: MultiIndex,
    defaults_in: MultiIndex,
    /// Slots, by application and sender.
    uses: MultiIndex,
    reference_counts: ReferenceCounts,
}

/// An application, or an entity of it, by index.
type ScopeIndex = (u32, Option<u32>);

/// An element that has an id.
trait Named: PartialEq {
    fn id(&self) -> &str;
}

/// How many of `len` elements may differ, one in 8 and 16 more, for an index to be updated and not made from the start.
fn most_updates(len: usize) -> usize {
    16 + len / 8
}

impl Catalog {
    /// The application with this id, and its index into [`Catalog::applications`].
    pub fn application(&self, id: &str) -> Option<(u32, &Application)> {
        self.find_named(&self.lookup.applications, &self.applications, id)
    }

    /// The entity with this id, and its index into [`Catalog::entities`].
    pub fn entity(&self, id: &str) -> Option<(u32, &Entity)> {
        self.find_named(&self.lookup.entities, &self.entities, id)
    }

    /// The sender with this id, and its index into [`Catalog::senders`].
    pub fn sender(&self, id: &str) -> Option<(u32, &Sender)> {
        self.find_named(&self.lookup.senders, &self.senders, id)
    }

    /// The strategy with this id, and its index into [`Catalog::strategies`].
    pub fn strategy(&self, id: &str) -> Option<(u32, &Strategy)> {
        self.find_named(&self.lookup.strategies, &self.strategies, id)
    }

    /// This catalog with its indexes, which are made from those of the catalog that it came from. `moved` says that elements have
    /// other slots than in that one.
    pub(super) fn indexed(mut self, before: &Catalog, moved: bool) -> Catalog {
        self.lookup = before.lookup.after(before, &self);
        self.lookup.reference_counts = match moved {
            true => ReferenceCounts::of(&self),
            false => before.lookup.reference_counts.after(before, &self),
        };
        self
    }

    /// A catalog without elements, which every catalog starts from.
    pub(super) fn empty() -> Catalog {
        Catalog {
            applications: SlotVec::default(),
            entities: SlotVec::default(),
            senders: SlotVec::default(),
            associations: SlotVec::default(),
            other_associations: SlotVec::default(),
            strategies: SlotVec::default(),
            default_senders: SlotVec::default(),
            interned: Interned::default(),
            lookup: Lookup::default(),
            numbering: Arc::clone(Numbering::standard()),
            name: None,
        }
    }

    /// Whether no list has two elements with the same id, or with the same content where elements have no id.
    pub(super) fn has_no_duplicates(&self) -> bool {
        fn slots<T, K: PartialEq>(table: &HashIndex, list: &SlotVec<T>, key: impl Fn(&T) -> K) -> bool {
            table.same_hash_pairs().into_iter().all(|(one, other)| list.at(one).map(&key) != list.at(other).map(&key))
        }
        let lookup = &self.lookup;
        slots(&lookup.applications, &self.applications, |one| one.id.clone())
            && slots(&lookup.entities, &self.entities, |one| one.id.clone())
            && slots(&lookup.senders, &self.senders, |one| one.id.clone())
            && slots(&lookup.strategies, &self.strategies, |one| one.id.clone())
            && slots(&lookup.associations, &self.associations, code_of)
            && slots(&lookup.other_associations, &self.other_associations, OtherAssociation::clone)
            && slots(&lookup.default_senders, &self.default_senders, scope_of_default)
    }

    fn find_named<'c, T: Named>(&self, table: &HashIndex, list: &'c SlotVec<T>, id: &str) -> Option<(u32, &'c T)> {
        let is_it = |slot| list.at(slot).is_some_and(|there| there.id() == id);
        let slot = table.find(self.lookup.hasher.hash_one(id), is_it)?;
        Some((slot, list.at(slot)?))
    }

    /// The slot of the association with an [`association_code`].
    pub(super) fn association_slot(&self, code: [u32; 4]) -> Option<u32> {
        let is_it = |slot| self.associations.at(slot).is_some_and(|there| code_of(there) == code);
        self.lookup.associations.find(self.lookup.hasher.hash_one(code), is_it)
    }

    /// The slot of the association that is equal to this one, which no strategy acts on.
    pub(super) fn other_slot(&self, other: &OtherAssociation) -> Option<u32> {
        let hash = self.lookup.hasher.hash_one(other);
        self.lookup.other_associations.find(hash, |slot| self.other_associations.at(slot) == Some(other))
    }

    /// The slot of the default sender of a scope.
    pub(super) fn default_slot(&self, scope: ScopeIndex) -> Option<u32> {
        let is_it = |slot| self.default_senders.at(slot).is_some_and(|there| scope_of_default(there) == scope);
        self.lookup.default_senders.find(self.lookup.hasher.hash_one(scope), is_it)
    }

    /// The default sender of a scope itself, not one that it inherits.
    pub fn default_of(&self, application: u32, entity: Option<u32>) -> Option<u32> {
        Some(self.default_senders.at(self.default_slot((application, entity))?)?.sender)
    }

    /// Whether a sender is associated with a scope for a channel.
    pub fn is_associated(&self, sender: u32, channel: Channel, application: u32, entity: Option<u32>) -> bool {
        let mut types = ResourceType::SENDERS.into_iter();
        types.any(|kind| {
            self.association_slot(association_code(kind, channel.into(), application, entity, sender)).is_some()
        })
    }

    /// The associations of a sender.
    pub fn associations_of(&self, sender: u32) -> impl Iterator<Item = &Association> {
        let slots = self.lookup.associations_of.iter(spread(sender), |_| true);
        slots.filter_map(|slot| self.associations.at(slot))
    }

    /// The scopes that have a sender as their default.
    pub fn defaults_of(&self, sender: u32) -> impl Iterator<Item = &DefaultSender> {
        let slots = self.lookup.defaults_of.iter(spread(sender), |_| true);
        slots.filter_map(|slot| self.default_senders.at(slot))
    }

    /// The strategies of a scope itself, not those that it inherits, in their order.
    pub fn strategies_of(&self, application: u32, entity: Option<u32>) -> Vec<u32> {
        let hash = self.lookup.hasher.hash_one((application, entity));
        let is_it =
            |slot| self.strategies.at(slot).is_some_and(|there| scope_of_strategy(there) == (application, entity));
        sorted(self.lookup.strategies_of.iter(hash, is_it))
    }
}

/// Numbers in their order. A group has them in the order in which they came, the last first.
fn sorted(numbers: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut numbers: Vec<u32> = numbers.collect();
    numbers.sort_unstable();
    numbers
}

/// The application and the sender of an association.
fn use_of(association: &Association) -> (u32, u32) {
    (association.application, association.sender)
}

fn code_of(association: &Association) -> [u32; 4] {
    let Association { resource_type, channel, application, entity, sender } = *association;
    association_code(resource_type, channel.into(), application, entity, sender)
}

fn scope_of_default(default: &DefaultSender) -> ScopeIndex {
    (default.application, default.entity)
}

fn scope_of_strategy(strategy: &Strategy) -> ScopeIndex {
    (strategy.application, strategy.entity)
}

impl IdLookup for Catalog {
    fn application(&self, id: &str) -> Option<u32> {
        Some(Catalog::application(self, id)?.0)
    }

    fn entity(&self, id: &str) -> Option<u32> {
        Some(Catalog::entity(self, id)?.0)
    }

    fn sender(&self, id: &str) -> Option<u32> {
        Some(Catalog::sender(self, id)?.0)
    }
}

// === impl Lookup ===

impl Lookup {
    /// The indexes of the catalog `after`, made from these of the catalog `before`. The indexes of `after` itself are not
    /// used.
    pub(super) fn after(&self, before: &Catalog, after: &Catalog) -> Self {
        let hasher = &self.hasher;
        let of_association = |association: &Association| hasher.hash_one(code_of(association));
        let of_other = |association: &OtherAssociation| hasher.hash_one(association);
        let of_default = |default: &DefaultSender| hasher.hash_one(scope_of_default(default));
        let of_its_sender = |association: &Association| spread(association.sender);
        let of_application = |association: &Association| spread(association.application);
        let of_use = |association: &Association| hasher.hash_one(use_of(association));
        let of_default_sender = |default: &DefaultSender| spread(default.sender);
        let changed =
            most_updates(before.associations.len()) < after.associations.len().abs_diff(before.associations.len());
        let changed = if changed { after.associations.len() } else { 0 };
        let (old, new) = (&before.associations, &after.associations);
        let (((associations, associations_of), (associations_in, uses)), mut lookup) = both(
            changed,
            || {
                both(
                    changed,
                    || {
                        (
                            slots(&self.associations, old, new, of_association),
                            groups(&self.associations_of, old, new, of_its_sender, |_, _| true),
                        )
                    },
                    || {
                        (
                            groups(&self.associations_in, old, new, of_application, |_, _| true),
                            groups(&self.uses, old, new, of_use, |one, other| use_of(one) == use_of(other)),
                        )
                    },
                )
            },
            || Lookup {
                hasher: hasher.clone(),
                applications: self.ids(&self.applications, &before.applications, &after.applications),
                entities: self.ids(&self.entities, &before.entities, &after.entities),
                senders: self.ids(&self.senders, &before.senders, &after.senders),
                strategies: self.ids(&self.strategies, &before.strategies, &after.strategies),
                other_associations: slots(
                    &self.other_associations,
                    &before.other_associations,
                    &after.other_associations,
                    of_other,
                ),
                default_senders: slots(
                    &self.default_senders,
                    &before.default_senders,
                    &after.default_senders,
                    of_default,
                ),
                defaults_of: groups(
                    &self.defaults_of,
                    &before.default_senders,
                    &after.default_senders,
                    of_default_sender,
                    |_, _| true,
                ),
                strategies_of: groups(
                    &self.strategies_of,
                    &before.strategies,
                    &after.strategies,
                    |strategy| hasher.hash_one(scope_of_strategy(strategy)),
                    |one, other| scope_of_strategy(one) == scope_of_strategy(other),
                ),
                other_associations_in: groups(
                    &self.other_associations_in,
                    &before.other_associations,
                    &after.other_associations,
                    |other| hasher.hash_one(&*other.application),
                    |one, other| one.application == other.application,
                ),
                strategies_in: groups(
                    &self.strategies_in,
                    &before.strategies,
                    &after.strategies,
                    |strategy| spread(strategy.application),
                    |_, _| true,
                ),
                defaults_in: groups(
                    &self.defaults_in,
                    &before.default_senders,
                    &after.default_senders,
                    |default| spread(default.application),
                    |_, _| true,
                ),
                ..Lookup::default()
            },
        );
        (lookup.associations, lookup.associations_of) = (associations, associations_of);
        (lookup.associations_in, lookup.uses) = (associations_in, uses);
        lookup
    }

    /// The index of ids.
    fn ids<T: Named>(&self, known: &HashIndex, before: &SlotVec<T>, after: &SlotVec<T>) -> HashIndex {
        slots(known, before, after, |element| self.hasher.hash_one(element.id()))
    }
}

/// The slots of elements by a hash of them.
fn slots<T: PartialEq>(
    known: &HashIndex,
    before: &SlotVec<T>,
    after: &SlotVec<T>,
    hash: impl Fn(&T) -> u64,
) -> HashIndex {
    let Some(changes) = before.changes(after, most_updates(after.len())) else {
        return HashIndex::of(after.indexed().map(|(slot, element)| (hash(element), slot)));
    };
    let hashes = |&slot: &u32| (slot, before.at(slot).map(&hash), after.at(slot).map(&hash));
    let changes: Vec<_> = changes.iter().map(hashes).filter(|(_, before, after)| before != after).collect();
    let mut table = known.clone();
    changes.iter().for_each(|&(slot, before, _)| before.into_iter().for_each(|hash| table.remove(hash, slot)));
    changes.iter().for_each(|&(slot, _, after)| after.into_iter().for_each(|hash| table.insert(hash, slot)));
    table
}

/// The slots of elements in groups. `same` says whether two elements with the same hash are in one group.
fn groups<T: PartialEq>(
    known: &MultiIndex,
    before: &SlotVec<T>,
    after: &SlotVec<T>,
    hash: impl Fn(&T) -> u64,
    same: impl Fn(&T, &T) -> bool,
) -> MultiIndex {
    let is_same =
        |one: u32, other: u32| after.at(one).zip(after.at(other)).is_some_and(|(one, other)| same(one, other));
    let hashed = |list: &SlotVec<T>, slot: u32| Some((hash(list.at(slot)?), slot));
    let Some(changes) = before.changes(after, most_updates(after.len())) else {
        let hashes = after.indexed().map(|(slot, element)| (hash(element), slot));
        return MultiIndex::of(after.slots().len(), hashes, is_same);
    };
    let mut groups = known.clone();
    changes.iter().filter_map(|&slot| hashed(before, slot)).for_each(|(hash, slot)| groups.remove(hash, slot));
    for (hash, slot) in changes.iter().filter_map(|&slot| hashed(after, slot)) {
        groups.insert(hash, slot, |other| is_same(other, slot));
    }
    groups
}

// === impl Named ===

impl Named for Application {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Named for Entity {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Named for Sender {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Named for Strategy {
    fn id(&self) -> &str {
        &self.id
    }
}
