//! A cache of what a policy has worked out for a (scope, channel, country, message type), valid while the scope's revision
//! lasts.
//!
//! This is the fast way to decide: all that does not depend on the recipient is read and prepared once. The contract
//! makes it safe: the revision of a scope grows whenever anything changes that a decision for the scope can depend on.

use core::hash::{BuildHasherDefault, Hash, Hasher};

use hashbrown::HashMap;

use crate::spread::mix;
use crate::types::{Key, Request};

/// Values by (scope, channel, country, message type), and by a key of the policy's own where it has one. They are in two
/// generations: when the young one is full, the old one is dropped and the young one becomes the old one. So values in
/// use stay, others go, and a hit does not have to track its use.
///
/// The value of the request before is found without a search: messages of a batch often follow others of their kind.
#[derive(Debug)]
pub struct Cache<T, K = ()> {
    young: Generation<T, K>,
    old: Generation<T, K>,
    /// What the request before was for, and where its value is in the young generation.
    latest: Option<(Place<K>, usize)>,
    /// The weight of the young generation.
    weight: usize,
    /// The most that a generation may weigh.
    max_weight: usize,
}

/// Values, and where each is. One that is taken out leaves its slot to the next.
#[derive(Debug)]
struct Generation<T, K> {
    slots: HashMap<Place<K>, usize, BuildHasherDefault<U64Hasher>>,
    entries: Vec<Option<Entry<T>>>,
    empty: Vec<usize>,
}

impl<T, K> Default for Generation<T, K> {
    fn default() -> Self {
        Self { slots: HashMap::default(), entries: Vec::new(), empty: Vec::new() }
    }
}

impl<T, K: Eq + Hash> Generation<T, K> {
    fn take(&mut self, place: &Place<K>) -> Option<Entry<T>> {
        let slot = self.slots.remove(place)?;
        self.empty.push(slot);
        self.entries.get_mut(slot)?.take()
    }

    fn put(&mut self, place: Place<K>, entry: Entry<T>) -> usize {
        let slot = self.empty.pop().unwrap_or_else(|| {
            self.entries.push(None);
            self.entries.len() - 1
        });
        self.entries[slot] = Some(entry);
        self.slots.insert(place, slot);
        slot
    }
}

/// What a value is for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place<K> {
    /// Scope, channel and country.
    packed: u64,
    message_type: Key,
    own: K,
}

impl<K> Place<K> {
    #[inline]
    fn of(request: &Request, own: K) -> Self {
        // A scope is below 2^24.
        let packed = u64::from(request.scope) << 24 | u64::from(request.channel) << 16 | u64::from(request.country);
        Self { packed, message_type: request.message_type, own }
    }
}

impl<K: Hash> Hash for Place<K> {
    #[inline]
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        // A message type is a hash already, or one of the smallest numbers.
        hasher.write_u64(self.packed ^ self.message_type.rotate_left(48));
        self.own.hash(hasher);
    }
}

/// A fast hasher of numbers. Whoever chooses keys that collide slows down the decisions of its own policy alone.
#[derive(Debug, Default)]
struct U64Hasher(u64);

impl Hasher for U64Hasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.0 = mix(self.0 ^ number);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}

#[derive(Debug)]
struct Entry<T> {
    revision: u64,
    weight: usize,
    value: T,
}

impl<T> Cache<T> {
    /// Calls `look` with the value for a request. If there is none of the scope's revision, `make` makes it and gives
    /// its weight.
    #[inline]
    pub fn with<U>(
        &mut self,
        request: &Request,
        make: impl FnOnce() -> (T, usize),
        look: impl FnOnce(&mut T) -> U,
    ) -> U {
        self.with_key(request, (), make, look)
    }
}

impl<T, K: Clone + Eq + Hash> Cache<T, K> {
    /// A cache of two generations, each of at most this weight, in any unit.
    pub fn up_to_weight(weight: usize) -> Self {
        Self { young: Generation::default(), old: Generation::default(), latest: None, weight: 0, max_weight: weight }
    }

    /// As [`with`](Cache::with), for a request and a key of the policy's own.
    #[inline]
    pub fn with_key<U>(
        &mut self,
        request: &Request,
        own: K,
        make: impl FnOnce() -> (T, usize),
        look: impl FnOnce(&mut T) -> U,
    ) -> U {
        let place = Place::of(request, own);
        let slot = match &self.latest {
            Some((latest, slot)) if *latest == place => *slot,
            _ => self.search(&place),
        };
        let holds = matches!(self.young.entries.get(slot), Some(Some(entry)) if entry.revision == request.revision);
        let slot = if holds { slot } else { self.renew(place, request.revision, make) };
        // One place in the code that looks: what looks is then a part of this function, and not called by it.
        match self.young.entries.get_mut(slot) {
            Some(Some(entry)) => look(&mut entry.value),
            _ => unreachable!("a value is where it was put"),
        }
    }

    /// Where the value of another place than the latest is.
    fn search(&mut self, place: &Place<K>) -> usize {
        match self.young.slots.get(place) {
            Some(&slot) => {
                self.latest = Some((place.clone(), slot));
                slot
            }
            None => usize::MAX,
        }
    }

    /// Changes the weight of a value that was just looked at.
    #[cold]
    pub fn weigh(&mut self, request: &Request, own: K, weight: usize) {
        let place = Place::of(request, own);
        // It is in the young generation: whoever looks at a value puts it there.
        if let Some(mut entry) = self.young.take(&place) {
            self.weight -= entry.weight;
            entry.weight = weight;
            self.insert(place, entry);
        }
    }

    fn insert(&mut self, place: Place<K>, entry: Entry<T>) -> usize {
        if self.weight + entry.weight > self.max_weight {
            self.old = core::mem::take(&mut self.young);
            self.weight = 0;
        }
        self.weight += entry.weight;
        let slot = self.young.put(place.clone(), entry);
        self.latest = Some((place, slot));
        slot
    }

    /// Puts the value of a place that is not in the young generation there, and says where.
    #[cold]
    #[inline(never)]
    fn renew(&mut self, place: Place<K>, revision: u64, make: impl FnOnce() -> (T, usize)) -> usize {
        if let Some(stale) = self.young.take(&place) {
            self.weight -= stale.weight;
        }
        let old = self.old.take(&place).filter(|entry| entry.revision == revision);
        let entry = old.unwrap_or_else(|| {
            let (value, weight) = make();
            Entry { revision, weight, value }
        });
        self.insert(place, entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::request;

    #[test]
    fn values_of_new_revisions_take_the_slots_of_the_old_ones() {
        let mut cache = Cache::up_to_weight(100);
        for revision in 1..1_000 {
            for scope in 1..4 {
                let request = Request { scope, revision, ..request(0) };
                cache.with(&request, || (revision, 1), |seen| assert_eq!(*seen, revision));
                cache.weigh(&request, (), 2);
            }
        }
        assert_eq!(cache.young.entries.len(), 3);
    }

    #[test]
    fn is_made_again_for_another_revision_and_what_is_not_used_goes() {
        let mut kept = Cache::up_to_weight(2);
        let mut made = Vec::new();
        let mut look = |scope: u32, revision: u64| {
            let request = Request { scope, revision, ..request(0) };
            let make = || {
                made.push((scope, revision));
                ((scope, revision), 1)
            };
            assert_eq!(kept.with(&request, make, |seen| *seen), (scope, revision));
        };
        for (scope, revision) in
            [(1, 1), (1, 1), (2, 1), (1, 2), (1, 2), (3, 1), (1, 2), (4, 1), (5, 1), (6, 1), (3, 1)]
        {
            look(scope, revision);
        }
        assert_eq!(made, [(1, 1), (2, 1), (1, 2), (3, 1), (4, 1), (5, 1), (6, 1), (3, 1)]);
    }

    #[test]
    fn a_value_that_gets_heavier_makes_others_go() {
        let mut cache = Cache::up_to_weight(2);
        let of = |scope: u32| Request { scope, ..request(0) };
        let mut made = 0;
        let mut look = |cache: &mut Cache<u32>, scope: u32| {
            let make = || {
                made += 1;
                (scope, 1)
            };
            cache.with(&of(scope), make, |seen| assert_eq!(*seen, scope));
            made
        };
        assert_eq!((look(&mut cache, 1), look(&mut cache, 2)), (1, 2));
        cache.weigh(&of(2), (), 2);
        // The first is of the old generation now, and goes when the next one fills the young one.
        assert_eq!(look(&mut cache, 3), 3);
        assert_eq!(look(&mut cache, 2), 3);
        assert_eq!(look(&mut cache, 1), 4);
    }

    #[test]
    fn what_differs_in_any_part_of_its_place_is_another_value() {
        let mut cache = Cache::up_to_weight(100);
        let request = request(0);
        let places = [
            (request, 0),
            (Request { scope: 2, ..request }, 0),
            (Request { channel: 1, ..request }, 0),
            (Request { country: 0x4742, ..request }, 0),
            (Request { message_type: 7, ..request }, 0),
            (request, 7),
        ];
        for round in 0..2 {
            for (index, (request, own)) in places.iter().enumerate() {
                let make = || (index, 1);
                cache.with_key(request, *own, make, |seen| assert_eq!(*seen, index, "round {round}"));
            }
        }
    }
}
