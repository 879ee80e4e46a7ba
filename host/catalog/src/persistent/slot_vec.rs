//! A persistent list in which removed elements leave empty slots.

use std::{fmt, iter::Flatten, ops::Index};

use super::pvec::{Iter, PVec};

/// A list whose clones share their elements, and from which elements are removed without moving the others.
///
/// An element keeps its slot. Iteration skips empty slots. Once more slots are empty than full, [`SlotVec::compact`] removes
/// the empty ones.
pub struct SlotVec<T> {
    slots: PVec<Option<T>>,
    len: usize,
}

/// How many slots may be empty in addition to as many as are full.
const SPARE: usize = 64;

impl<T> SlotVec<T> {
    /// The number of elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first element.
    pub fn first(&self) -> Option<&T> {
        self.iter().next()
    }

    /// The last element.
    pub fn last(&self) -> Option<&T> {
        (0..self.slots.len()).rev().find_map(|slot| self.get(slot))
    }

    /// The elements in order.
    pub fn iter(&self) -> Flatten<Iter<'_, Option<T>>> {
        self.slots.iter().flatten()
    }

    /// The elements in order, each with its slot.
    pub fn indexed(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..).zip(&self.slots).filter_map(|(slot, element)| Some((slot, element.as_ref()?)))
    }

    /// All slots, including empty ones.
    pub fn slots(&self) -> &PVec<Option<T>> {
        &self.slots
    }

    /// A list with the same slots, each full one with what `element` makes of its element.
    pub fn map<U>(&self, mut element: impl FnMut(&T) -> U) -> SlotVec<U> {
        SlotVec { slots: self.slots.iter().map(|slot| slot.as_ref().map(&mut element)).collect(), len: self.len }
    }

    /// Whether both are clones of the same list, and not just equal.
    pub fn is_same(&self, other: &Self) -> bool {
        self.slots.is_same(&other.slots)
    }

    /// The element in a slot.
    #[inline]
    pub fn at(&self, slot: u32) -> Option<&T> {
        self.get(slot as usize)
    }

    /// The element in a slot.
    #[inline]
    pub fn get(&self, slot: usize) -> Option<&T> {
        self.slots.get(slot)?.as_ref()
    }

    /// Whether no slot is empty, so that the slot of an element is its position.
    pub fn is_dense(&self) -> bool {
        self.slots.len() == self.len
    }

    /// Whether more slots are empty than `times` as many as are full, and some more: a small list may be as sparse as it likes.
    pub fn is_sparse(&self, times: usize) -> bool {
        self.slots.len() - self.len > times * self.len + SPARE
    }
}

impl<T: PartialEq> SlotVec<T> {
    /// The slots that differ between this list and `after`. Nothing if these are more than `most`. This takes time with what the
    /// lists do not share.
    pub fn changes(&self, after: &Self, most: usize) -> Option<Vec<u32>> {
        self.slots.changes(&after.slots, most)
    }
}

impl<T: Clone> SlotVec<T> {
    /// Sets the element of a slot, or empties the slot.
    pub fn set(&mut self, slot: u32, element: Option<T>) {
        let slot = self.slots.slot(slot as usize);
        self.len = self.len + usize::from(element.is_some()) - usize::from(slot.is_some());
        *slot = element;
    }

    /// Removes the empty slots if they are more than the full ones. Elements then get other slots.
    pub fn compact(&mut self) {
        if self.is_sparse(1) {
            *self = self.iter().cloned().collect();
        }
    }
}

impl<T: Clone> Extend<T> for SlotVec<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, elements: I) {
        let before = self.slots.len();
        self.slots.extend(elements.into_iter().map(Some));
        self.len += self.slots.len() - before;
    }
}

impl<T> FromIterator<T> for SlotVec<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let slots: PVec<Option<T>> = elements.into_iter().map(Some).collect();
        SlotVec { len: slots.len(), slots }
    }
}

impl<T> From<Vec<T>> for SlotVec<T> {
    fn from(elements: Vec<T>) -> Self {
        elements.into_iter().collect()
    }
}

impl<T> Default for SlotVec<T> {
    fn default() -> Self {
        SlotVec { slots: PVec::default(), len: 0 }
    }
}

impl<T> Clone for SlotVec<T> {
    fn clone(&self) -> Self {
        SlotVec { slots: self.slots.clone(), len: self.len }
    }
}

impl<T: PartialEq> PartialEq for SlotVec<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && (self.slots.is_same(&other.slots) || self.iter().eq(other))
    }
}

impl<T: Eq> Eq for SlotVec<T> {}

impl<T: fmt::Debug> fmt::Debug for SlotVec<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

/// By the slot.
impl<T> Index<usize> for SlotVec<T> {
    type Output = T;

    #[inline]
    fn index(&self, slot: usize) -> &T {
        match self.get(slot) {
            Some(element) => element,
            None => panic!("there is no element in slot {slot} of {}", self.slots.len()),
        }
    }
}

impl<'a, T> IntoIterator for &'a SlotVec<T> {
    type Item = &'a T;
    type IntoIter = Flatten<Iter<'a, Option<T>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_out_moves_no_other() {
        let before: SlotVec<usize> = (0..1_000).collect();
        let mut after = before.clone();
        after.set(10, None);
        after.set(10, None);
        after.extend([1_000]);
        assert_eq!((after.len(), before.len()), (1_000, 1_000));
        assert!(after.iter().copied().eq((0..1_001).filter(|&element| element != 10)));
        assert_eq!((after[9], after[11], after[1_000], after.last()), (9, 11, 1_000, Some(&1_000)));
        assert_eq!(after.indexed().nth(10), Some((11, &11)));
        assert_eq!((after.at(10), after.at(11)), (None, Some(&11)));
        assert!(before.iter().copied().eq(0..1_000));
        assert_eq!(after, (0..1_001).filter(|&element| element != 10).collect::<SlotVec<usize>>());
    }

    #[test]
    fn empty_slots_are_given_up_when_they_are_many() {
        let mut list: SlotVec<u32> = (0..1_000).collect();
        for slot in 0..500 {
            list.set(slot, None);
            list.compact();
        }
        assert_eq!(list.slots().len(), 1_000);
        (500..540).for_each(|slot| list.set(slot, None));
        list.compact();
        assert!(list.slots().len() < 500);
        assert!(list.iter().copied().eq(540..1_000));
    }
}
