//! The senders of a catalog, by what they are looked for.

use std::hash::BuildHasher;

use callsign_destination::Number;
use callsign_sticky::SenderKey;
use hashbrown::{DefaultHashBuilder, HashMap};

use crate::scope::Ability;
use callsign_catalog::persistent::{HashIndex, MultiIndex, PVec};
use callsign_catalog::{Coverage, Sender};

/// How many coverages that no sender has any more may be kept beside those that one has.
const UNUSED_COVERAGES: usize = 1_024;

/// The senders of a catalog; all revisions whose senders are the same share one, others what of it is the same.
#[derive(Debug, Clone)]
pub(super) struct SenderIndex {
    hasher: DefaultHashBuilder,
    /// The stable number of each sender.
    pub(super) keys: PVec<u64>,
    /// What each sender can do, and the coverages that differ.
    pub(super) abilities: PVec<Ability>,
    pub(super) coverages: PVec<Coverage>,
    /// Positions in `coverages`.
    places: HashIndex,
    /// How many coverages there were when all senders were indexed.
    indexed: usize,
    /// The catalog's indexes of senders by their key, and by what recipients see.
    by_key: HashIndex,
    seen_as: MultiIndex,
}

/// What recipients see: numbers are compared by their digits, names and short codes as they are written.
#[derive(PartialEq, Eq, Hash)]
enum SeenAs<'a> {
    Number(u64),
    Text(&'a str),
}

impl SenderIndex {
    /// An index in which coverages have the numbers that they had before.
    ///
    /// # Errors
    /// Two senders have one key.
    pub(super) fn new(senders: &PVec<Sender>, before: Option<&Self>) -> Result<Self, SenderKeyCollision> {
        let hasher = before.map_or_else(DefaultHashBuilder::default, |before| before.hasher.clone());
        let keys: PVec<u64> = senders.iter().map(|sender| SenderKey::of(&sender.id).0).collect();
        let by_key = HashIndex::of(keys.iter().map(|key| hasher.hash_one(key)).zip(0..));
        let alike = by_key.alike();
        let alike = alike.into_iter().filter(|&(first, second)| keys[first as usize] == keys[second as usize]);
        if let Some((first, second)) = alike.min_by_key(|&(_, second)| second) {
            return Err(SenderKeyCollision::of(&senders[first as usize], &senders[second as usize]));
        }
        let hashes = senders.iter().map(|sender| hasher.hash_one(SeenAs::of(sender))).zip(0..);
        let seen_as = MultiIndex::of(senders.len(), hashes, |one, other| {
            SeenAs::of(&senders[one as usize]) == SeenAs::of(&senders[other as usize])
        });
        let mut index = Self {
            hasher,
            keys,
            abilities: PVec::default(),
            coverages: before.map_or_else(PVec::default, |before| before.coverages.clone()),
            places: before.map_or_else(HashIndex::default, |before| before.places.clone()),
            indexed: 0,
            by_key,
            seen_as,
        };
        index.index_abilities(senders);
        if before.is_some() && index.coverages.len() > UNUSED_COVERAGES {
            let (kept, places) = (std::mem::take(&mut index.coverages), std::mem::take(&mut index.places));
            let abilities = index.abilities.clone();
            index.index_abilities(senders);
            if kept.len() <= index.coverages.len() + UNUSED_COVERAGES {
                (index.coverages, index.places, index.abilities) = (kept, places, abilities);
            }
        }
        index.indexed = index.coverages.len();
        Ok(index)
    }

    /// The index of senders of which only these changed, or came behind all others; none of them has another id.
    ///
    /// # Errors
    /// Two senders have one key.
    pub(super) fn after(
        &self,
        before: &PVec<Sender>,
        after: &PVec<Sender>,
        changed: &[u32],
    ) -> Result<Self, SenderKeyCollision> {
        let mut index = self.clone();
        for &sender in changed {
            let (was, is) = (&before[sender as usize], &after[sender as usize]);
            if SeenAs::of(was) != SeenAs::of(is) {
                index.seen_as.remove(index.hasher.hash_one(SeenAs::of(was)), sender);
            }
        }
        for &sender in changed {
            let (was, is) = (&before[sender as usize], &after[sender as usize]);
            if SeenAs::of(was) != SeenAs::of(is) {
                index.see(after, sender);
            }
            let ability = index.ability(is);
            index.abilities.set(sender as usize, ability);
        }
        for sender in before.len() as u32..after.len() as u32 {
            let new = &after[sender as usize];
            let key = SenderKey::of(&new.id).0;
            if let Some(other) = index.by_key(key) {
                return Err(SenderKeyCollision::of(&after[other as usize], new));
            }
            index.keys.push(key);
            index.by_key.insert(index.hasher.hash_one(key), sender);
            index.see(after, sender);
            let ability = index.ability(new);
            index.abilities.push(ability);
        }
        Ok(index)
    }

    /// Whether there is room for coverages that no sender has any more.
    pub(super) fn has_room(&self) -> bool {
        self.coverages.len() <= self.indexed + UNUSED_COVERAGES
    }

    fn index_abilities(&mut self, senders: &PVec<Sender>) {
        // Most senders are settled by the address of their coverage, without a look at the countries.
        let mut seen: HashMap<usize, u32> = HashMap::new();
        let abilities = senders.iter().map(|sender| {
            let place = *seen.entry(sender.coverage.address()).or_insert_with(|| self.place_of(&sender.coverage));
            Ability { coverage: place, suspended: sender.suspended }
        });
        let abilities: Vec<Ability> = abilities.collect();
        self.abilities = abilities.into();
    }

    fn ability(&mut self, sender: &Sender) -> Ability {
        Ability { coverage: self.place_of(&sender.coverage), suspended: sender.suspended }
    }

    /// The number of a coverage: the one that it had before, or a new one.
    fn place_of(&mut self, coverage: &Coverage) -> u32 {
        let hash = self.hasher.hash_one(coverage);
        let known = self.places.find(hash, |place| self.coverages[place as usize] == *coverage);
        known.unwrap_or_else(|| {
            let place = self.coverages.len() as u32;
            self.coverages.push(coverage.clone());
            self.places.insert(hash, place);
            place
        })
    }

    fn see(&mut self, senders: &PVec<Sender>, sender: u32) {
        let seen = SeenAs::of(&senders[sender as usize]);
        let is_it = |other: u32| SeenAs::of(&senders[other as usize]) == seen;
        self.seen_as.insert(self.hasher.hash_one(&seen), sender, is_it);
    }

    #[inline]
    pub(super) fn by_key(&self, key: u64) -> Option<u32> {
        self.by_key.find(self.hasher.hash_one(key), |index| self.keys[index as usize] == key)
    }

    pub(super) fn registered(&self, senders: &PVec<Sender>, from: &str) -> impl Iterator<Item = u32> + use<> {
        let number = Number::parse_e164(from).ok().map(|number| SeenAs::Number(number.get()));
        let mut found: Vec<u32> = Vec::new();
        for seen in number.into_iter().chain([SeenAs::Text(from)]) {
            let is_it = |index: u32| SeenAs::of(&senders[index as usize]) == seen;
            found.extend(self.seen_as.iter(self.hasher.hash_one(&seen), is_it));
        }
        found.sort_unstable();
        found.into_iter()
    }

    /// How many pieces of this another one does not have.
    #[cfg(test)]
    pub(super) fn pieces_apart(&self, other: &Self) -> usize {
        self.keys.pieces_apart(&other.keys)
            + self.abilities.pieces_apart(&other.abilities)
            + self.coverages.pieces_apart(&other.coverages)
            + self.places.pieces_apart(&other.places)
            + self.by_key.pieces_apart(&other.by_key)
            + self.seen_as.pieces_apart(&other.seen_as)
    }
}

// === impl SeenAs ===

impl<'a> SeenAs<'a> {
    fn of(sender: &'a Sender) -> Self {
        match sender.number {
            Some(number) => SeenAs::Number(number),
            None => SeenAs::Text(&sender.address),
        }
    }
}

/// Two senders that cannot be told apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("senders {first} and {second} have the same 64-bit hash; give one of them another senderId")]
#[non_exhaustive]
pub struct SenderKeyCollision {
    /// The id of the first in the catalog.
    pub first: Box<str>,
    /// The id of the second.
    pub second: Box<str>,
}

impl SenderKeyCollision {
    fn of(first: &Sender, second: &Sender) -> Self {
        Self { first: first.id.clone(), second: second.id.clone() }
    }
}
