//! A persistent index of groups of numbers, such as the associations of each sender.

use super::{hash_index::HashIndex, pvec::PVec};

/// Finds all numbers of a group by the hash of what they have in common. A number is in at most one group.
///
/// A table finds the first of a group, and the others follow as a doubly linked list. So adding or removing a number takes
/// the same time in a group of any size.
#[derive(Debug, Clone, Default)]
pub struct MultiIndex {
    first: HashIndex,
    links: PVec<Neighbours>,
}

/// The neighbours of a number in its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Neighbours {
    previous: u32,
    next: u32,
}

/// No neighbour: no list is that long.
const NONE: u32 = u32::MAX;

const ALONE: Neighbours = Neighbours { previous: NONE, next: NONE };

impl MultiIndex {
    /// An index of numbers below `len` with their hashes. `same_group` says whether two numbers with one hash are in one group.
    pub fn of(
        len: usize,
        hashes: impl IntoIterator<Item = (u64, u32)>,
        mut same_group: impl FnMut(u32, u32) -> bool,
    ) -> Self {
        let mut entries: Vec<(u32, u32)> =
            hashes.into_iter().map(|(hash, number)| ((hash >> 32) as u32, number)).collect();
        entries.sort_unstable();
        let mut links = vec![ALONE; len];
        let mut first: Vec<(u64, u32)> = Vec::new();
        for same_hash in entries.chunk_by(|(one, _), (other, _)| one == other) {
            let begin = first.len();
            for &(hash, number) in same_hash {
                match first[begin..].iter_mut().find(|(_, group)| same_group(*group, number)) {
                    Some((_, group)) => {
                        links[*group as usize].previous = number;
                        links[number as usize].next = *group;
                        *group = number;
                    }
                    None => first.push((u64::from(hash) << 32, number)),
                }
            }
        }
        MultiIndex { first: HashIndex::of(first), links: links.into() }
    }

    /// The numbers of a group: the one with this hash whose first number satisfies `is_it`.
    #[inline]
    pub fn iter(&self, hash: u64, is_it: impl FnMut(u32) -> bool) -> impl Iterator<Item = u32> {
        let links = &self.links;
        std::iter::successors(self.first.find(hash, is_it), move |&number| {
            links.get(number as usize).map(|link| link.next).filter(|&next| next != NONE)
        })
    }

    /// Adds a number to the group whose first number satisfies `is_it`, or to a new group.
    pub fn insert(&mut self, hash: u64, number: u32, is_it: impl FnMut(u32) -> bool) {
        if let Some(missing) = (number as usize + 1).checked_sub(self.links.len()) {
            self.links.extend(std::iter::repeat_n(ALONE, missing));
        }
        let first = self.first.find(hash, is_it);
        let link = Neighbours { previous: NONE, next: first.unwrap_or(NONE) };
        self.links.set(number as usize, link);
        match first {
            Some(first) => {
                self.links.slot(first as usize).previous = number;
                self.first.replace(hash, first, number);
            }
            None => self.first.insert(hash, number),
        }
    }

    /// Removes a number from its group, which has this hash.
    pub fn remove(&mut self, hash: u64, number: u32) {
        let Some(&Neighbours { previous, next }) = self.links.get(number as usize) else { return };
        if next != NONE {
            self.links.slot(next as usize).previous = previous;
        }
        match (previous, next) {
            (NONE, NONE) => self.first.remove(hash, number),
            (NONE, next) => self.first.replace(hash, number, next),
            (previous, next) => self.links.slot(previous as usize).next = next,
        }
        self.links.set(number as usize, ALONE);
    }

    /// How many chunks of this index the other one does not share.
    pub fn unshared_chunks(&self, other: &Self) -> usize {
        self.first.unshared_chunks(&other.first) + self.links.unshared_chunks(&other.links)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::persistent::spread;

    fn members(groups: &MultiIndex, keys: &[Option<u32>], key: u32, hash: fn(u32) -> u64) -> Vec<u32> {
        let mut members: Vec<u32> = groups.iter(hash(key), |number| keys[number as usize] == Some(key)).collect();
        members.sort_unstable();
        members
    }

    #[test]
    fn numbers_come_and_go_in_their_groups() {
        // With the second hash, all groups share a few.
        for hash in [spread, (|key| spread(key % 3)) as fn(u32) -> u64] {
            let mut state = 0x2545_f491_4f6c_dd1d_u64;
            let mut next = |limit: u32| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state % u64::from(limit)) as u32
            };
            let mut keys: Vec<Option<u32>> = vec![None; 500];
            let mut groups = MultiIndex::default();
            for _ in 0..10_000 {
                let number = next(500);
                let known = keys.clone();
                match keys[number as usize].take() {
                    Some(key) => groups.remove(hash(key), number),
                    None => {
                        let key = next(20);
                        groups.insert(hash(key), number, |other| known[other as usize] == Some(key));
                        keys[number as usize] = Some(key);
                    }
                }
            }
            let hashes = (0..).zip(&keys).filter_map(|(number, key)| Some((hash((*key)?), number)));
            let anew = MultiIndex::of(500, hashes, |one, other| keys[one as usize] == keys[other as usize]);
            for key in 0..20 {
                let expected: Vec<u32> =
                    (0..).zip(&keys).filter(|(_, other)| **other == Some(key)).map(|(number, _)| number).collect();
                assert_eq!(members(&groups, &keys, key, hash), expected);
                assert_eq!(members(&anew, &keys, key, hash), expected);
            }
        }
    }
}
