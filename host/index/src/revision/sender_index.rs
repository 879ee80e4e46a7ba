//! The senders of a catalog by key and by address, and what each can do.

use callsign_catalog::{
    Coverage, Sender, SlotVec,
    persistent::{HashIndex, IndexHasher, MultiIndex, PVec},
};
use callsign_destination::Number;
use callsign_sticky::SenderKey;
use hashbrown::HashMap;

use crate::scope::Ability;

/// How many coverages may be kept that no sender has any more.
const UNUSED_COVERAGES: usize = 1_024;

/// Stands at the index of a sender that was removed. Nothing is looked up there.
const NO_KEY: u64 = 0;

/// What it can do: nothing.
const NO_ABILITY: Ability = Ability { coverage: 0, suspended: true, limited: false, kind: None };

/// The index of the senders of a catalog. Revisions with the same senders share one; others share what is equal.
#[derive(Debug, Clone)]
pub(super) struct SenderIndex {
    hasher: IndexHasher,
    /// The stable number of each sender.
    pub(super) keys: PVec<u64>,
    /// What each sender can do.
    pub(super) abilities: PVec<Ability>,
    /// The coverages that senders have, each once.
    pub(super) coverages: PVec<Coverage>,
    /// Indexes into `coverages`.
    by_coverage: HashIndex,
    /// How many coverages there were when all senders were last indexed.
    coverages_at_full_index: usize,
    /// The catalog's indexes of senders, by key.
    by_key: HashIndex,
    /// The catalog's indexes of senders, by what recipients see.
    by_shown: MultiIndex,
}

/// What recipients see. Numbers are compared by their digits, names and short codes as they are written.
#[derive(PartialEq, Eq, Hash)]
enum ShownAs<'a> {
    Number(u64),
    Text(&'a str),
}

impl SenderIndex {
    /// Indexes all senders. Coverages keep the indexes that they had before.
    ///
    /// # Errors
    /// Two senders have the same key.
    pub(super) fn new(senders: &SlotVec<Sender>, before: Option<&Self>) -> Result<Self, SenderKeyCollision> {
        let hasher = before.map_or_else(IndexHasher::default, |before| before.hasher.clone());
        let key = |sender: &Option<Sender>| sender.as_ref().map_or(NO_KEY, |sender| SenderKey::of(&sender.id).0);
        let keys: PVec<u64> = senders.slots().iter().map(key).collect();
        let by_key = HashIndex::of(senders.indexed().map(|(index, _)| (hasher.hash_one(keys[index as usize]), index)));
        let collisions = by_key
            .same_hash_pairs()
            .into_iter()
            .filter(|&(first, second)| keys[first as usize] == keys[second as usize]);
        if let Some((first, second)) = collisions.min_by_key(|&(_, second)| second) {
            return Err(SenderKeyCollision::of(&senders[first as usize], &senders[second as usize]));
        }
        let hashes = senders.indexed().map(|(index, sender)| (hasher.hash_one(ShownAs::of(sender)), index));
        let by_shown = MultiIndex::of(senders.slots().len(), hashes, |one, other| {
            ShownAs::of(&senders[one as usize]) == ShownAs::of(&senders[other as usize])
        });
        let mut index = Self {
            hasher,
            keys,
            abilities: PVec::default(),
            coverages: before.map_or_else(PVec::default, |before| before.coverages.clone()),
            by_coverage: before.map_or_else(HashIndex::default, |before| before.by_coverage.clone()),
            coverages_at_full_index: 0,
            by_key,
            by_shown,
        };
        index.index_abilities(senders);
        if before.is_some() && index.coverages.len() > UNUSED_COVERAGES {
            let (kept, by_coverage) = (std::mem::take(&mut index.coverages), std::mem::take(&mut index.by_coverage));
            let abilities = index.abilities.clone();
            index.index_abilities(senders);
            if kept.len() <= index.coverages.len() + UNUSED_COVERAGES {
                (index.coverages, index.by_coverage, index.abilities) = (kept, by_coverage, abilities);
            }
        }
        index.coverages_at_full_index = index.coverages.len();
        Ok(index)
    }

    /// The index after a change in which no sender got another index: `changed` senders differ or were removed, and others were added
    /// at the end.
    ///
    /// # Errors
    /// Two senders have the same key.
    pub(super) fn after(
        &self,
        before: &SlotVec<Sender>,
        after: &SlotVec<Sender>,
        changed: &[u32],
    ) -> Result<Self, SenderKeyCollision> {
        let mut index = self.clone();
        for &sender in changed {
            let was = &before[sender as usize];
            let is = after.at(sender);
            if is.map(ShownAs::of) != Some(ShownAs::of(was)) {
                index.by_shown.remove(index.hasher.hash_one(ShownAs::of(was)), sender);
            }
            if is.is_none() {
                let key = index.keys[sender as usize];
                index.by_key.remove(index.hasher.hash_one(key), sender);
                index.keys.set(sender as usize, NO_KEY);
                index.abilities.set(sender as usize, NO_ABILITY);
            }
        }
        for &sender in changed {
            let was = &before[sender as usize];
            let Some(is) = after.at(sender) else { continue };
            if ShownAs::of(was) != ShownAs::of(is) {
                index.add_shown(after, sender);
            }
            let ability = index.ability(is);
            index.abilities.set(sender as usize, ability);
        }
        for sender in before.slots().len() as u32..after.slots().len() as u32 {
            let Some(new) = after.at(sender) else { continue };
            let key = SenderKey::of(&new.id).0;
            if let Some(other) = index.by_key(key) {
                return Err(SenderKeyCollision::of(&after[other as usize], new));
            }
            index.keys.push(key);
            index.by_key.insert(index.hasher.hash_one(key), sender);
            index.add_shown(after, sender);
            let ability = index.ability(new);
            index.abilities.push(ability);
        }
        Ok(index)
    }

    /// Whether there are still few coverages that no sender has any more.
    pub(super) fn has_room(&self) -> bool {
        self.coverages.len() <= self.coverages_at_full_index + UNUSED_COVERAGES
    }

    fn index_abilities(&mut self, senders: &SlotVec<Sender>) {
        // Senders share their coverages, so most are found by address, without comparing countries.
        let mut seen: HashMap<usize, u32> = HashMap::new();
        let abilities = senders.slots().iter().map(|sender| {
            let Some(sender) = sender else { return NO_ABILITY };
            let coverage =
                *seen.entry(sender.coverage.address()).or_insert_with(|| self.coverage_index(&sender.coverage));
            ability(sender, coverage)
        });
        let abilities: Vec<Ability> = abilities.collect();
        self.abilities = abilities.into();
    }

    fn ability(&mut self, sender: &Sender) -> Ability {
        ability(sender, self.coverage_index(&sender.coverage))
    }

    /// The index of a coverage: the one that it has, or a new one.
    fn coverage_index(&mut self, coverage: &Coverage) -> u32 {
        let hash = self.hasher.hash_one(coverage);
        let known = self.by_coverage.find(hash, |index| self.coverages[index as usize] == *coverage);
        known.unwrap_or_else(|| {
            let index = self.coverages.len() as u32;
            self.coverages.push(coverage.clone());
            self.by_coverage.insert(hash, index);
            index
        })
    }

    fn add_shown(&mut self, senders: &SlotVec<Sender>, sender: u32) {
        let shown = ShownAs::of(&senders[sender as usize]);
        let is_it = |other: u32| ShownAs::of(&senders[other as usize]) == shown;
        self.by_shown.insert(self.hasher.hash_one(&shown), sender, is_it);
    }

    #[inline]
    pub(super) fn by_key(&self, key: u64) -> Option<u32> {
        self.by_key.find(self.hasher.hash_one(key), |index| self.keys[index as usize] == key)
    }

    pub(super) fn registered(&self, senders: &SlotVec<Sender>, from: &str) -> impl Iterator<Item = u32> + use<> {
        let number = Number::parse(from).ok().map(|number| ShownAs::Number(number.get()));
        let mut found: Vec<u32> = Vec::new();
        for shown in number.into_iter().chain([ShownAs::Text(from)]) {
            let is_it = |index: u32| ShownAs::of(&senders[index as usize]) == shown;
            found.extend(self.by_shown.iter(self.hasher.hash_one(&shown), is_it));
        }
        found.sort_unstable();
        found.into_iter()
    }

    /// The senders with a number.
    pub(super) fn with_number(&self, senders: &SlotVec<Sender>, number: u64) -> impl Iterator<Item = u32> {
        let is_it = move |index: u32| senders[index as usize].number == Some(number);
        self.by_shown.iter(self.hasher.hash_one(ShownAs::Number(number)), is_it)
    }

    /// How many chunks of this the other one does not share.
    #[cfg(test)]
    pub(super) fn unshared_chunks(&self, other: &Self) -> usize {
        self.keys.unshared_chunks(&other.keys)
            + self.abilities.unshared_chunks(&other.abilities)
            + self.coverages.unshared_chunks(&other.coverages)
            + self.by_coverage.unshared_chunks(&other.by_coverage)
            + self.by_key.unshared_chunks(&other.by_key)
            + self.by_shown.unshared_chunks(&other.by_shown)
    }
}

fn ability(sender: &Sender, coverage: u32) -> Ability {
    let limited = !sender.message_types.are_all();
    Ability { coverage, suspended: sender.suspended, limited, kind: Some(sender.kind) }
}

// === impl ShownAs ===

impl<'a> ShownAs<'a> {
    fn of(sender: &'a Sender) -> Self {
        match sender.number {
            Some(number) => ShownAs::Number(number),
            None => ShownAs::Text(&sender.address),
        }
    }
}

/// Two senders whose ids have the same 64-bit hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("senders {first} and {second} have the same 64-bit hash; give one of them another senderId")]
#[non_exhaustive]
pub struct SenderKeyCollision {
    /// The id of the sender that comes first in the catalog.
    pub first: Box<str>,
    /// The id of the other sender.
    pub second: Box<str>,
}

impl SenderKeyCollision {
    fn of(first: &Sender, second: &Sender) -> Self {
        Self { first: first.id.clone(), second: second.id.clone() }
    }
}
