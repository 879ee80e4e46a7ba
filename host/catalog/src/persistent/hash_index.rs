//! A hash table whose clones share what they have in common.

use super::pvec::PVec;

/// Finds numbers by the hash of what they stand for.
///
/// A list of slots in which entries stand in the order of their hashes, each at the place that its hash has or, where that
/// is taken, behind it: an insertion moves what comes next by one slot, as far as the next empty one. The upper half of
/// the hash is kept beside the number. So most that is not looked for is told apart without a look at it, and a table
/// grows without one.
#[derive(Debug, Clone, Default)]
pub struct HashIndex {
    slots: PVec<u64>,
    /// The places that hashes have; slots behind are for what is moved.
    places: u32,
    len: u32,
}

/// No entry: no hash of it matters, since no list has as many elements as its number.
const EMPTY: u64 = u64::MAX;

/// How full a table is when it is made, when it grows, and when it has grown, in tenths of its places.
const FULL_AT_FIRST: usize = 7;
const FULL: u64 = 8;
const FULL_GROWN: usize = 5;

/// Slots behind the places at first.
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
    /// A table of these hashes and values.
    pub fn of(entries: impl IntoIterator<Item = (u64, u32)>) -> Self {
        let mut entries: Vec<u64> = entries.into_iter().map(|(hash, value)| entry(hash, value)).collect();
        entries.sort_unstable();
        Self::of_sorted(&entries, FULL_AT_FIRST)
    }

    fn of_sorted(entries: &[u64], full: usize) -> Self {
        let places = (entries.len() * 10 / full).max(BEHIND) as u32;
        let mut slots = Vec::with_capacity(places as usize + BEHIND);
        for &entry in entries {
            slots.resize(slots.len().max(place(entry, places)), EMPTY);
            slots.push(entry);
        }
        slots.resize(slots.len().max(places as usize + BEHIND), EMPTY);
        HashIndex { slots: slots.into(), places, len: entries.len() as u32 }
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// The value with a hash that it is.
    #[inline]
    pub fn find(&self, hash: u64, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut last = 0;
        for &entry in self.slots.range(place(hash, self.places)..usize::MAX) {
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

    /// Every two values whose hashes are one as far as the table can tell, the lower one first.
    pub fn alike(&self) -> Vec<(u32, u32)> {
        let mut alike = Vec::new();
        let mut same_hash: Vec<u64> = Vec::new();
        for &entry in self.slots.iter().filter(|&&entry| entry != EMPTY) {
            if same_hash.last().is_some_and(|&last| !is_of(entry, last)) {
                same_hash.clear();
            }
            alike.extend(same_hash.iter().map(|&other| (value(other), value(entry))));
            same_hash.push(entry);
        }
        alike
    }

    /// Adds a value.
    pub fn insert(&mut self, hash: u64, value: u32) {
        if (u64::from(self.len) + 1) * 10 > u64::from(self.places) * FULL {
            let entries: Vec<u64> = self.slots.iter().copied().filter(|&entry| entry != EMPTY).collect();
            *self = Self::of_sorted(&entries, FULL_GROWN);
        }
        let mut moved = entry(hash, value);
        let first = place(hash, self.places);
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

    /// Takes a value out, if it is there.
    pub fn remove(&mut self, hash: u64, value: u32) {
        let Some(mut at) = self.slot_of(hash, value) else { return };
        loop {
            // What was moved to behind this slot moves back into it.
            let next = self.slots.get(at + 1).copied().filter(|&next| next != EMPTY);
            match next.filter(|&next| place(next, self.places) <= at) {
                Some(next) => self.slots.set(at, next),
                None => break,
            }
            at += 1;
        }
        self.slots.set(at, EMPTY);
        self.len -= 1;
    }

    /// Puts a value in the place of one with the same hash.
    pub fn replace(&mut self, hash: u64, before: u32, after: u32) {
        self.remove(hash, before);
        self.insert(hash, after);
    }

    fn slot_of(&self, hash: u64, value: u32) -> Option<usize> {
        let first = place(hash, self.places);
        let before = self.slots.range(first..usize::MAX).take_while(|&&other| other < entry(hash, value)).count();
        let at = first + before;
        (self.slots.get(at) == Some(&entry(hash, value))).then_some(at)
    }

    /// How many pieces of this table another one does not have.
    pub fn pieces_apart(&self, other: &Self) -> usize {
        self.slots.pieces_apart(&other.slots)
    }
}

/// Where an entry with this hash is at best: in the order of the hashes.
#[inline]
fn place(hash: u64, places: u32) -> usize {
    (((hash >> 32) * u64::from(places)) >> 32) as usize
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
    fn a_table_of_one_hash_grows_behind_its_places() {
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
        assert!(after.pieces_apart(&before) <= 4);
    }
}
