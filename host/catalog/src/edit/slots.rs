//! One list while it is edited.
//!
//! Nothing moves before the last edit. The elements of the catalog keep their positions as slots, added ones get the slots
//! behind, and the element of a slot is unchanged, replaced or removed.

use std::{borrow::Cow, collections::BTreeMap, hash::Hash, ops::Range};

use hashbrown::{HashMap, hash_map::Entry};

use crate::{ids::Ids, persistent::SlotVec};

/// A list of elements that are told apart by a `K`, and the elements that edits put into it.
pub(super) struct Draft<K, T> {
    /// All keys that edits name in this list, whether they are there or not, each once.
    pub(super) keys: Vec<K>,
    numbers: HashMap<K, u32>,
    pub(super) puts: Vec<Put<T>>,
    pub(super) slots: Slots,
}

/// An element that an edit puts.
pub(super) struct Put<T> {
    /// Its key, by number.
    pub(super) key: u32,
    pub(super) edit: u32,
    pub(super) element: T,
}

/// Where the elements of a list are.
pub(super) struct Slots {
    /// How many elements the catalog has: the first slots are theirs.
    base: u32,
    /// By the number of the key.
    by_key: Vec<KeyState>,
    /// Elements of the catalog that an edit replaced, with what was put, or removed.
    changed: BTreeMap<u32, Option<u32>>,
    /// What was put into the slots behind; nothing if it was removed again.
    added: Vec<Option<u32>>,
}

/// The state of the element with a key.
#[derive(Clone, Copy, Default)]
struct KeyState {
    /// Its position in the catalog before all edits.
    base: Option<u32>,
    slot: Option<u32>,
    /// The last edit that removed it.
    removed_by: Option<u32>,
}

/// Where elements are after the last edit. The elements of the catalog have kept their slots, but for those that were removed and
/// put again.
pub(super) struct Positions {
    /// The new slots of elements that were removed and put again, by those that they had.
    moved: BTreeMap<u32, u32>,
    added: Vec<u32>,
    base_len: u32,
}

// === impl Draft ===

impl<K: Hash + Eq + Clone, T> Draft<K, T> {
    /// A draft of a list.
    pub(super) fn of<E>(list: &SlotVec<E>) -> Self {
        let slots = Slots {
            // A catalog has fewer slots than there are 32-bit numbers.
            base: list.slots().len() as u32,
            by_key: Vec::new(),
            changed: BTreeMap::new(),
            added: Vec::new(),
        };
        Draft { keys: Vec::new(), numbers: HashMap::new(), puts: Vec::new(), slots }
    }

    /// Adds a key, if it is new; gives its number.
    pub(super) fn add_key(&mut self, key: K) -> u32 {
        match self.numbers.entry(key) {
            Entry::Occupied(earlier) => *earlier.get(),
            Entry::Vacant(free) => {
                let number = self.keys.len() as u32;
                self.keys.push(free.key().clone());
                self.slots.by_key.push(KeyState::default());
                *free.insert(number)
            }
        }
    }

    /// Adds an element to put; gives the numbers of its key and of itself.
    pub(super) fn add_put(&mut self, key: K, edit: u32, element: T) -> (u32, u32) {
        let key = self.add_key(key);
        let put = self.puts.len() as u32;
        self.puts.push(Put { key, edit, element });
        (key, put)
    }

    /// The number of a key, if an edit names it.
    pub(super) fn number<Q: Hash + hashbrown::Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<u32> {
        self.numbers.get(key).copied()
    }

    /// Finds every key in the catalog; `position` gives where the element with one is.
    pub(super) fn locate(&mut self, position: impl Fn(&K) -> Option<u32>) {
        self.locate_at(self.keys.iter().map(position).collect());
    }

    /// Keeps where the element with each key is.
    pub(super) fn locate_at(&mut self, positions: Vec<Option<u32>>) {
        for (state, position) in self.slots.by_key.iter_mut().zip(positions) {
            (state.base, state.slot) = (position, position);
        }
    }

    /// The elements that were put and are there after the last edit, with their numbers.
    pub(super) fn present(&self) -> impl Iterator<Item = (u32, &Put<T>)> {
        let numbers = self.slots.changed.values().chain(&self.slots.added);
        numbers.flatten().map(|&number| (number, &self.puts[number as usize]))
    }

    /// The elements of the catalog that no edit replaced or removed.
    pub(super) fn kept<'l, E>(&self, list: &'l SlotVec<E>) -> impl Iterator<Item = &'l E> {
        self.slots.kept().flat_map(|range| list.slots().range(range)).flatten()
    }

    /// The elements of the catalog that an edit replaced or removed.
    pub(super) fn not_kept<'l, E>(&self, list: &'l SlotVec<E>) -> impl Iterator<Item = &'l E> {
        self.slots.changed.keys().filter_map(|&slot| list.at(slot))
    }

    /// Takes the elements that were put, by number.
    pub(super) fn take_elements(&mut self) -> Vec<Option<T>> {
        std::mem::take(&mut self.puts).into_iter().map(|put| Some(put.element)).collect()
    }
}

impl<'e, T> Draft<Cow<'e, str>, T> {
    /// The ids that edits name and that are there after the last one, each with its index then.
    pub(super) fn ids(&self, positions: &Positions) -> Ids<'e> {
        let mut ids = Ids::default();
        for (key, id) in (0..).zip(&self.keys) {
            if let Some(position) = self.slots.position(key, positions) {
                ids.insert(id.clone(), position);
            }
        }
        ids
    }
}

// === impl Slots ===

impl Slots {
    pub(super) fn is_there(&self, key: u32) -> bool {
        self.by_key[key as usize].slot.is_some()
    }

    pub(super) fn position_before(&self, key: u32) -> Option<u32> {
        self.by_key[key as usize].base
    }

    /// The edit that removed the element with a key, if it is not there any more.
    pub(super) fn removed_by(&self, key: u32) -> Option<u32> {
        let state = &self.by_key[key as usize];
        state.removed_by.filter(|_| state.slot.is_none())
    }

    pub(super) fn put(&mut self, key: u32, put: u32) {
        let state = &mut self.by_key[key as usize];
        match state.slot {
            Some(slot) if slot < self.base => drop(self.changed.insert(slot, Some(put))),
            Some(slot) => self.added[(slot - self.base) as usize] = Some(put),
            None => {
                state.slot = Some(self.base + self.added.len() as u32);
                self.added.push(Some(put));
            }
        }
    }

    /// Removes the element with a key; says whether it was there.
    pub(super) fn remove(&mut self, key: u32, edit: u32) -> bool {
        let state = &mut self.by_key[key as usize];
        match state.slot.take() {
            Some(slot) if slot < self.base => drop(self.changed.insert(slot, None)),
            Some(slot) => self.added[(slot - self.base) as usize] = None,
            None => return false,
        }
        state.removed_by = Some(edit);
        true
    }

    /// The elements of the catalog that were neither replaced nor removed.
    pub(super) fn kept(&self) -> impl Iterator<Item = Range<usize>> {
        let ends = self.changed.keys().map(|&position| position as usize).chain([self.base as usize]);
        ends.scan(0, |start, end| {
            let range = *start..end;
            *start = end + 1;
            Some(range)
        })
    }

    pub(super) fn positions(&self) -> Positions {
        let added = self.added.iter().scan(self.base, |next, put| {
            let position = *next;
            *next += u32::from(put.is_some());
            Some(position)
        });
        let added: Vec<u32> = added.collect();
        let moved = self.by_key.iter().filter_map(|state| {
            let behind = state.slot?.checked_sub(self.base)?;
            Some((state.base?, added[behind as usize]))
        });
        Positions { moved: moved.collect(), added, base_len: self.base }
    }

    /// The elements of the catalog that are not in their slots any more: they were removed, and perhaps put again.
    pub(super) fn left(&self) -> impl Iterator<Item = (u32, bool)> {
        let left = self.by_key.iter().filter(|state| state.base.is_some() && state.slot != state.base);
        left.filter_map(|state| Some((state.base?, state.slot.is_some())))
    }

    /// The position of the element with a key after the last edit.
    pub(super) fn position(&self, key: u32, positions: &Positions) -> Option<u32> {
        let slot = self.by_key[key as usize].slot?;
        positions.of_slot(slot)
    }

    /// Whether the list is as it was.
    fn are_untouched(&self) -> bool {
        self.changed.is_empty() && self.added.iter().all(Option::is_none)
    }

    /// The list after the last edit. It shares what did not change, and nothing moves up: what was removed leaves empty slots.
    ///
    /// `moved` says that elements refer to others which have moved; `keep` then gives a kept element its new references.
    /// `puts` are the elements that were put, by number.
    pub(super) fn finish<E: Clone>(
        &self,
        list: &SlotVec<E>,
        moved: bool,
        keep: impl Fn(&E) -> E,
        mut puts: Vec<Option<E>>,
    ) -> SlotVec<E> {
        if !moved && self.are_untouched() {
            return list.clone();
        }
        let mut take = |put: &Option<u32>| put.and_then(|put| puts[put as usize].take());
        let mut finished = match moved {
            false => list.clone(),
            true => list.map(keep),
        };
        for (&slot, put) in &self.changed {
            finished.set(slot, take(put));
        }
        finished.extend(self.added.iter().filter_map(take));
        finished
    }
}

// === impl Positions ===

impl Positions {
    /// Whether an element of the catalog has another position now.
    pub(super) fn have_moved(&self) -> bool {
        !self.moved.is_empty()
    }

    /// The position now of the element that was at a position before.
    pub(super) fn of(&self, before: u32) -> u32 {
        self.moved.get(&before).copied().unwrap_or(before)
    }

    /// Forgets what has moved and nothing refers to.
    pub(super) fn keep_moved(&mut self, is_referred_to: impl Fn(u32) -> bool) {
        self.moved.retain(|&before, _| is_referred_to(before));
    }

    fn of_slot(&self, slot: u32) -> Option<u32> {
        match slot.checked_sub(self.base_len) {
            Some(added) => self.added.get(added as usize).copied(),
            None => Some(slot),
        }
    }
}
