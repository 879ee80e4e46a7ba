//! A list in pieces.

use std::{fmt, ops::Index, ops::Range, slice, sync::Arc};

/// How many elements a piece has, as a power of two: one is copied whenever an element of it changes.
const PIECE_BITS: usize = 6;
const PIECE: usize = 1 << PIECE_BITS;

/// How many pieces a shelf has, as a power of two.
const SHELF_BITS: usize = 7;
const SHELF: usize = 1 << SHELF_BITS;

type Piece<T> = Arc<[T]>;
type Shelf<T> = Arc<[Piece<T>]>;

/// A list whose clones share their elements.
///
/// Elements are in pieces of 64 and these in shelves of 128, all of them full but the last ones: an index is three steps
/// at every size, a clone is one count, and a change of one element of a million copies a piece, a shelf, and a list of 123
/// shelves.
pub struct PVec<T> {
    shelves: Arc<[Shelf<T>]>,
    len: usize,
}

/// The elements of a list, in order.
pub struct Iter<'a, T> {
    list: &'a PVec<T>,
    piece: slice::Iter<'a, T>,
    /// The first position behind the piece.
    at: usize,
    end: usize,
}

/// A list that grows.
struct Growing<T> {
    shelves: Vec<Shelf<T>>,
    shelf: Vec<Piece<T>>,
    piece: Vec<T>,
    len: usize,
}

// === impl PVec ===

impl<T> PVec<T> {
    /// How many there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The element at an index.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&T> {
        let piece = self.shelves.get(index >> (PIECE_BITS + SHELF_BITS))?.get((index >> PIECE_BITS) % SHELF)?;
        piece.get(index % PIECE)
    }

    /// The first element.
    pub fn first(&self) -> Option<&T> {
        self.get(0)
    }

    /// The last element.
    pub fn last(&self) -> Option<&T> {
        self.get(self.len.checked_sub(1)?)
    }

    /// The elements in order. Skipping any number of them takes no time.
    pub fn iter(&self) -> Iter<'_, T> {
        self.range(0..self.len)
    }

    /// The elements of a range, which may end behind the list.
    #[inline]
    pub fn range(&self, range: Range<usize>) -> Iter<'_, T> {
        Iter { list: self, piece: [].iter(), at: range.start, end: range.end.min(self.len) }
    }

    /// Whether both are one list, not only equal ones.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shelves, &other.shelves)
    }

    #[inline]
    fn piece(&self, number: usize) -> &[T] {
        self.shelves.get(number / SHELF).and_then(|shelf| shelf.get(number % SHELF)).map_or(&[], |piece| piece)
    }

    /// How many pieces of this list another one does not have.
    pub fn pieces_apart(&self, other: &Self) -> usize {
        let pieces = |list: &Self| -> std::collections::HashSet<*const T> {
            list.shelves.iter().flat_map(|shelf| shelf.iter().map(|piece| piece.as_ptr())).collect()
        };
        pieces(self).difference(&pieces(other)).count()
    }
}

impl<T> PVec<T> {
    /// The positions that both lists have with elements that differ. Takes time with the pieces that they do not share.
    pub fn differences_by<'a>(
        &'a self,
        other: &'a Self,
        differ: impl Fn(&T, &T) -> bool + Copy + 'a,
    ) -> impl Iterator<Item = usize> + 'a {
        let shelves = self.shelves.iter().zip(&*other.shelves).enumerate();
        let shelves = shelves.filter(|(_, (own, other))| !Arc::ptr_eq(own, other));
        let pieces = shelves.flat_map(|(shelf, (own, other))| {
            let pieces = own.iter().zip(&**other).enumerate().filter(|(_, (own, other))| !Arc::ptr_eq(own, other));
            pieces.map(move |(piece, both)| ((shelf * SHELF + piece) * PIECE, both))
        });
        pieces.flat_map(move |(first, (own, other))| {
            let apart = own.iter().zip(&**other).enumerate().filter(move |(_, (own, other))| differ(own, other));
            apart.map(move |(at, _)| first + at)
        })
    }
}

impl<T: PartialEq> PVec<T> {
    /// The positions that both lists have with different elements. Takes time with the pieces that they do not share.
    pub fn differences<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = usize> + 'a {
        self.differences_by(other, |own, other| own != other)
    }

    /// The positions at which a list that came after this one differs: there is another element, or none in one of them.
    /// Nothing where these are more than `most`.
    pub fn changes(&self, after: &Self, most: usize) -> Option<Vec<u32>> {
        let beyond = self.len.min(after.len)..self.len.max(after.len);
        let most = most.checked_sub(beyond.len())?;
        // A list has fewer elements than there are 32-bit numbers.
        let mut changes: Vec<u32> = self.differences(after).take(most + 1).map(|at| at as u32).collect();
        (changes.len() <= most).then(|| {
            changes.extend(beyond.map(|at| at as u32));
            changes
        })
    }
}

impl<T: Clone> PVec<T> {
    /// Puts an element in the place of the one at an index that the list has.
    pub fn set(&mut self, index: usize, element: T) {
        *self.slot(index) = element;
    }

    /// The element at an index that the list has, to change it.
    pub fn slot(&mut self, index: usize) -> &mut T {
        let shelf = &mut Arc::make_mut(&mut self.shelves)[index >> (PIECE_BITS + SHELF_BITS)];
        let piece = &mut Arc::make_mut(shelf)[(index >> PIECE_BITS) % SHELF];
        &mut Arc::make_mut(piece)[index % PIECE]
    }

    /// Puts an element behind all others.
    pub fn push(&mut self, element: T) {
        self.extend([element]);
    }
}

impl<T: Clone> Extend<T> for PVec<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, elements: I) {
        let mut elements = elements.into_iter().peekable();
        if elements.peek().is_none() {
            return;
        }
        let mut growing = Growing::from(&*self);
        growing.extend(elements);
        *self = growing.finish();
    }
}

impl<T> FromIterator<T> for PVec<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let mut growing = Growing { shelves: Vec::new(), shelf: Vec::new(), piece: Vec::new(), len: 0 };
        growing.extend(elements);
        growing.finish()
    }
}

impl<T> From<Vec<T>> for PVec<T> {
    fn from(elements: Vec<T>) -> Self {
        elements.into_iter().collect()
    }
}

impl<T> Default for PVec<T> {
    fn default() -> Self {
        PVec { shelves: Arc::new([]), len: 0 }
    }
}

impl<T> Clone for PVec<T> {
    fn clone(&self) -> Self {
        PVec { shelves: Arc::clone(&self.shelves), len: self.len }
    }
}

impl<T: PartialEq> PartialEq for PVec<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.differences(other).next().is_none()
    }
}

impl<T: Eq> Eq for PVec<T> {}

impl<T: fmt::Debug> fmt::Debug for PVec<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl<T> Index<usize> for PVec<T> {
    type Output = T;

    #[inline]
    fn index(&self, index: usize) -> &T {
        match self.get(index) {
            Some(element) => element,
            None => panic!("there is no element {index} in a list of {}", self.len),
        }
    }
}

impl<'a, T> IntoIterator for &'a PVec<T> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

// === impl Iter ===

impl<T> fmt::Debug for Iter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").field("left", &self.len()).finish_non_exhaustive()
    }
}

impl<T> Clone for Iter<'_, T> {
    fn clone(&self) -> Self {
        Iter { list: self.list, piece: self.piece.clone(), at: self.at, end: self.end }
    }
}

impl<'a, T> Iterator for Iter<'a, T> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        if let Some(element) = self.piece.next() {
            return Some(element);
        }
        if self.at >= self.end {
            return None;
        }
        let (number, skipped) = (self.at >> PIECE_BITS, self.at % PIECE);
        let piece = self.list.piece(number);
        let first = number << PIECE_BITS;
        let last = piece.len().min(self.end - first);
        self.piece = piece.get(skipped..last).unwrap_or_default().iter();
        self.at = first + last.max(skipped);
        self.piece.next()
    }

    fn nth(&mut self, skipped: usize) -> Option<&'a T> {
        let held = self.piece.len();
        if skipped < held {
            return self.piece.nth(skipped);
        }
        self.piece = [].iter();
        self.at = self.at.saturating_add(skipped - held);
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.piece.len() + self.end.saturating_sub(self.at);
        (left, Some(left))
    }
}

impl<T> ExactSizeIterator for Iter<'_, T> {}

impl<T> std::iter::FusedIterator for Iter<'_, T> {}

// === impl Growing ===

impl<T> Growing<T> {
    fn extend(&mut self, elements: impl IntoIterator<Item = T>) {
        for element in elements {
            if self.piece.capacity() == 0 {
                self.piece.reserve_exact(PIECE);
            }
            self.piece.push(element);
            self.len += 1;
            if self.piece.len() == PIECE {
                self.shelf.push(self.piece.drain(..).collect());
                if self.shelf.len() == SHELF {
                    self.shelves.push(self.shelf.drain(..).collect());
                }
            }
        }
    }

    fn finish(mut self) -> PVec<T> {
        if !self.piece.is_empty() {
            self.shelf.push(self.piece.into());
        }
        if !self.shelf.is_empty() {
            self.shelves.push(self.shelf.into());
        }
        PVec { shelves: self.shelves.into(), len: self.len }
    }
}

impl<T: Clone> From<&PVec<T>> for Growing<T> {
    fn from(list: &PVec<T>) -> Self {
        let mut growing =
            Growing { shelves: list.shelves.to_vec(), shelf: Vec::new(), piece: Vec::new(), len: list.len };
        if !list.len.is_multiple_of(PIECE * SHELF) {
            growing.shelf = growing.shelves.pop().map_or_else(Vec::new, |shelf| shelf.to_vec());
        }
        if !list.len.is_multiple_of(PIECE) {
            growing.piece.reserve_exact(PIECE);
            growing.piece.extend(growing.shelf.pop().iter().flat_map(|piece| piece.iter().cloned()));
        }
        growing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [usize; 9] = [0, 1, 63, 64, 65, 8_191, 8_192, 8_193, 20_000];

    #[test]
    fn a_list_has_the_elements_that_it_was_made_of() {
        for size in SIZES {
            let list: PVec<usize> = (0..size).collect();
            assert_eq!(list.len(), size);
            assert!(list.iter().copied().eq(0..size));
            assert!((0..size).all(|index| list[index] == index) && list.get(size).is_none());
            assert_eq!(list.last().copied(), size.checked_sub(1));
        }
    }

    #[test]
    fn elements_that_are_skipped_are_not_gone_through() {
        let list: PVec<usize> = (0..20_000).collect();
        for (skipped, taken) in [(0, 0), (1, 5), (63, 70), (64, 1), (9_999, 3), (19_999, 5), (20_000, 1), (90_000, 2)] {
            let mut some = list.iter();
            assert!(some.by_ref().take(taken).copied().eq((0..20_000).take(taken)));
            assert_eq!(some.nth(skipped).copied(), (0..20_000).nth(taken + skipped));
            assert_eq!(some.len(), 20_000_usize.saturating_sub(taken + skipped + 1));
        }
        assert!(list.range(100..300).copied().eq(100..300));
        assert!(list.range(19_990..30_000).copied().eq(19_990..20_000));
        assert_eq!(list.range(30_000..40_000).next(), None);
    }

    #[test]
    fn a_change_copies_one_piece_and_leaves_the_list_before_as_it_was() {
        for size in SIZES.into_iter().filter(|&size| size > 0) {
            let before: PVec<usize> = (0..size).collect();
            let mut after = before.clone();
            after.set(size / 2, 1_000_000);
            assert!(before.iter().copied().eq(0..size));
            assert_eq!(after[size / 2], 1_000_000);
            assert_eq!(after.pieces_apart(&before), 1);
            assert!(after.differences(&before).eq([size / 2]));
        }
    }

    #[test]
    fn what_is_added_comes_last_and_copies_no_full_piece() {
        for size in SIZES {
            let before: PVec<usize> = (0..size).collect();
            let mut after = before.clone();
            for added in size..size + 200 {
                after.push(added);
            }
            after.extend(size + 200..size + 10_000);
            assert!(before.iter().copied().eq(0..size));
            assert!(after.iter().copied().eq(0..size + 10_000));
            assert_eq!(before.pieces_apart(&after), usize::from(size % PIECE != 0));
            assert_eq!(after.differences(&before).count(), 0);
        }
    }

    #[test]
    fn lists_are_equal_when_their_elements_are() {
        let list: PVec<usize> = (0..500).collect();
        let mut other: PVec<usize> = (0..500).collect();
        assert!(list == other && !list.is_same(&other));
        other.push(500);
        assert_ne!(list, other);
    }
}
