//! The senders of a catalog, by what they are looked for.

use std::hash::BuildHasher;

use callsign_destination::Number;
use callsign_sticky::SenderKey;
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use crate::catalog::{Coverage, Sender};
use crate::scope::Ability;

/// How many coverages that no sender has any more may be kept beside those that one has.
const UNUSED_COVERAGES: usize = 1_024;

/// The senders of a catalog; all revisions whose senders are the same share one.
#[derive(Debug)]
pub(super) struct SenderIndex {
    hasher: DefaultHashBuilder,
    /// The stable number of each sender.
    pub(super) keys: Vec<u64>,
    /// What each sender can do, and the coverages that differ.
    pub(super) abilities: Vec<Ability>,
    pub(super) coverages: Vec<Coverage>,
    /// The catalog's indexes of senders by their key, and by what recipients see.
    by_key: HashTable<u32>,
    by_number: HashTable<u32>,
    by_address: HashTable<u32>,
}

impl SenderIndex {
    /// An index in which coverages have the numbers that they had before.
    ///
    /// # Errors
    /// Two senders have one key.
    pub(super) fn new(senders: &[Sender], before: Option<&Self>) -> Result<Self, SameKey> {
        let hasher = DefaultHashBuilder::default();
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
        let known = before.map_or(&[][..], |before| &before.coverages);
        let (mut abilities, mut coverages) = abilities(senders, known);
        if coverages.len() > UNUSED_COVERAGES && !known.is_empty() {
            let (fewer_abilities, fewer) = self::abilities(senders, &[]);
            if coverages.len() > fewer.len() + UNUSED_COVERAGES {
                (abilities, coverages) = (fewer_abilities, fewer);
            }
        }
        Ok(Self { hasher, keys, abilities, coverages, by_key, by_number, by_address })
    }

    pub(super) fn by_key(&self, key: u64) -> Option<u32> {
        self.by_key.find(self.hasher.hash_one(key), |&index| self.keys[index as usize] == key).copied()
    }

    pub(super) fn registered(&self, senders: &[Sender], from: &str) -> impl Iterator<Item = u32> + use<> {
        let number = Number::parse_e164(from).ok().map(Number::get);
        let as_number = number.into_iter().flat_map(|number| {
            let found = self.by_number.iter_hash(self.hasher.hash_one(number)).copied();
            found.filter(move |&index| senders[index as usize].number == Some(number))
        });
        let found = self.by_address.iter_hash(self.hasher.hash_one(from)).copied();
        let as_text = found.filter(|&index| &*senders[index as usize].address == from);
        let mut found: Vec<u32> = as_number.chain(as_text).collect();
        found.sort_unstable();
        found.into_iter()
    }
}

/// The abilities of senders, and the coverages that they index, those that are known first: a platform has few that differ.
fn abilities(senders: &[Sender], known: &[Coverage]) -> (Vec<Ability>, Vec<Coverage>) {
    let mut coverages: Vec<Coverage> = known.to_vec();
    let mut places: HashMap<Coverage, u32> = (0..).zip(known).map(|(place, known)| (known.clone(), place)).collect();
    let abilities = senders.iter().map(|sender| {
        let coverage = *places.entry_ref(&sender.coverage).or_insert_with(|| {
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
