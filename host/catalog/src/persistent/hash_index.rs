//! A persistent hash table.

use super::pvec::PVec;

/// Finds numbers by the hash of what they stand for. Clones share what they have in common.
///
/// Entries are in slots, in the order of their hashes: each in its home slot, which the hash gives, or behind it if that is
/// taken. An insertion moves the next entries by one slot, up to the next empty slot. The upper half of the hash is stored
/// with the number, so a look-up rarely compares anything but hashes, and a table grows without comparing at all.
#[derive(Debug, Clone, Default)]
pub struct HashIndex {
    slots: PVec<u64>,
    /// How many home slots there are. The slots behind them take entries that were moved.
    home_slots: u32,
    len: u32,
}

/// An empty slot. No entry is equal to it, since no list has as many elements as its number.
const EMPTY: u64 = u64::MAX;

/// How full a table is when it is made, when it grows, and after it has grown, in tenths of its home slots.
const FULL_AT_FIRST: usize = 7;
const FULL: u64 = 8;
const FULL_GROWN: usize = 5;

/// How many slots there are behind the home slots at first.
const BEHIND: usize = 16;

fn entry(hash: u64, value: u32) -> u64 {
    hash >> 32 << 32 | u64::from(value)
}

#[inline]
fn value(entry: u64) -> u32 {
    entry as u32
}

#[inline]
fn is_of(entry: u64, hash: u64) -> bool {
    entry >> 32 == hash >> 32
}

impl HashIndex {
    /// A table with these hashes and values.
    pub fn of(entries: impl IntoIterator<Item = (u64, u32)>) -> Self {
        let mut entries: Vec<u64> = entries.into_iter().map(|(hash, value)| entry(hash, value)).collect();
        entries.sort_unstable();
        Self::of_sorted(&entries, FULL_AT_FIRST)
    }

    fn of_sorted(entries: &[u64], full: usize) -> Self {
        let home_slots = (entries.len() * 10 / full).max(BEHIND) as u32;
        let mut slots = Vec::with_capacity(home_slots as usize + BEHIND);
        for &entry in entries {
            slots.resize(slots.len().max(home_slot(entry, home_slots)), EMPTY);
            slots.push(entry);
        }
        slots.resize(slots.len().max(home_slots as usize + BEHIND), EMPTY);
        HashIndex { slots: slots.into(), home_slots, len: entries.len() as u32 }
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The value with a hash for which `is_it` is true.
    #[inline]
    pub fn find(&self, hash: u64, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut last = 0;
        for &entry in self.slots.range(home_slot(hash, self.home_slots)..usize::MAX) {
            // What is empty is above every hash.
            if entry >> 32 > hash >> 32 || entry == EMPTY {
                return None;
            }
            debug_assert!(entry >= last || !is_of(entry, hash), "entries are in order");
            last = entry;
            if is_of(entry, hash) && is_it(value(entry)) {
                return Some(value(entry));
            }
        }
        None
    }

    /// All pairs of values with the same upper half of the hash, the lower value first.
    pub fn same_hash_pairs(&self) -> Vec<(u32, u32)> {
        let mut pairs = Vec::new();
        let mut same_hash: Vec<u64> = Vec::new();
        for &entry in self.slots.iter().filter(|&&entry| entry != EMPTY) {
            if same_hash.last().is_some_and(|&last| !is_of(entry, last)) {
                same_hash.clear();
            }
            pairs.extend(same_hash.iter().map(|&other| (value(other), value(entry))));
            same_hash.push(entry);
        }
        pairs
    }

    /// Adds a value.
    pub fn insert(&mut self, hash: u64, value: u32) {
        if (u64::from(self.len) + 1) * 10 > u64::from(self.home_slots) * FULL {
            let entries: Vec<u64> = self.slots.iter().copied().filter(|&entry| entry != EMPTY).collect();
            *self = Self::of_sorted(&entries, FULL_GROWN);
        }
        let mut moved = entry(hash, value);
        let first = home_slot(hash, self.home_slots);
        let before = self.slots.range(first..usize::MAX).take_while(|&&other| other < moved).count();
        let mut at = first + before;
        while moved != EMPTY {
            if at == self.slots.len() {
                self.slots.extend([EMPTY; BEHIND]);
            }
            moved = std::mem::replace(self.slots.slot(at), moved);
            at += 1;
        }
        self.len += 1;
    }

    /// Removes a value, if it is there.
    pub fn remove(&mut self, hash: u64, value: u32) {
        let Some(mut at) = self.slot_of(hash, value) else { return };
        loop {
            // An entry that was moved from this slot moves back into it.
            let next = self.slots.get(at + 1).copied().filter(|&next| next != EMPTY);
            match next.filter(|&next| home_slot(next, self.home_slots) <= at) {
                Some(next) => self.slots.set(at, next),
                None => break,
            }
            at += 1;
        }
        self.slots.set(at, EMPTY);
        self.len -= 1;
    }

    /// Replaces a value with another one of the same hash.
    pub fn replace(&mut self, hash: u64, before: u32, after: u32) {
        self.remove(hash, before);
        self.insert(hash, after);
    }

    fn slot_of(&self, hash: u64, value: u32) -> Option<usize> {
        let first = home_slot(hash, self.home_slots);
        let before = self.slots.range(first..usize::MAX).take_while(|&&other| other < entry(hash, value)).count();
        let at = first + before;
        (self.slots.get(at) == Some(&entry(hash, value))).then_some(at)
    }

    /// How many chunks of this table the other one does not share.
    pub fn unshared_chunks(&self, other: &Self) -> usize {
        self.slots.unshared_chunks(&other.slots)
    }
}

/// The home slot of a hash.
#[inline]
fn home_slot(hash: u64, home_slots: u32) -> usize {
    (((hash >> 32) * u64::from(home_slots)) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A small generator of numbers that are the same on every run (xorshift).
    fn next(state: &mut u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state
    }

    fn check(table: &HashIndex, model: &BTreeMap<u32, u64>) {
        assert_eq!(table.len(), model.len());
        for (&value, &hash) in model {
            assert_eq!(table.find(hash, |other| other == value), Some(value));
        }
        assert!(table.slots.iter().filter(|&&entry| entry != EMPTY).is_sorted());
    }

    #[test]
    fn a_table_finds_what_was_added_and_not_taken_out_again() {
        for hashes in [8, 1_000, u64::MAX] {
            let mut state = 0x1234_5678_9abc_def1;
            let (mut table, mut model) = (HashIndex::default(), BTreeMap::new());
            for round in 0..20_000_u32 {
                let hash = (next(&mut state) % hashes).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                if next(&mut state).is_multiple_of(3) {
                    if let Some((&value, &hash)) = model.range((next(&mut state) % 20_000) as u32..).next() {
                        table.remove(hash, value);
                        table.remove(hash, value);
                        model.remove(&value);
                        assert_eq!(table.find(hash, |other| other == value), None);
                    }
                } else if hashes > 8 || model.len() < 50 {
                    table.insert(hash, round);
                    model.insert(round, hash);
                }
            }
            check(&table, &model);
            let anew = HashIndex::of(model.iter().map(|(&value, &hash)| (hash, value)));
            check(&anew, &model);
        }
    }

    #[test]
    fn a_table_of_one_hash_grows_behind_its_home_slots() {
        for hash in [0, u64::MAX] {
            let mut table = HashIndex::default();
            (0..300).for_each(|value| table.insert(hash, value));
            assert!((0..300).all(|value| table.find(hash, |other| other == value).is_some()));
            (0..300).for_each(|value| table.remove(hash, value));
            assert_eq!((table.len(), table.find(hash, |_| true)), (0, None));
        }
    }

    #[test]
    fn a_change_leaves_the_table_before_as_it_was() {
        let mut state = 77;
        let hashes: Vec<u64> = (0..50_000).map(|_| next(&mut state)).collect();
        let before = HashIndex::of(hashes.iter().copied().zip(0..));
        let mut after = before.clone();
        after.remove(hashes[7], 7);
        after.insert(hashes[8], 60_000);
        assert_eq!(before.find(hashes[7], |_| true), Some(7));
        assert_eq!(after.find(hashes[7], |value| value == 7), None);
        assert_eq!(before.find(hashes[8], |value| value == 60_000), None);
        assert!(after.unshared_chunks(&before) <= 4);
    }
}
