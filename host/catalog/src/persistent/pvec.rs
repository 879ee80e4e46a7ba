//! A persistent list.

use std::{
    fmt,
    ops::{Index, Range},
    slice,
    sync::Arc,
};

/// How many elements a chunk has, as a power of two. A chunk is copied when one of its elements changes.
const CHUNK_BITS: usize = 6;
const CHUNK: usize = 1 << CHUNK_BITS;

/// How many chunks a block has, as a power of two.
const BLOCK_BITS: usize = 7;
const BLOCK: usize = 1 << BLOCK_BITS;

type Chunk<T> = Arc<[T]>;
type Block<T> = Arc<[Chunk<T>]>;

/// A list whose clones share their elements.
///
/// Elements are in chunks of 64, and chunks in blocks of 128; only the last of each may be less than full. So an index
/// takes three steps at every size, a clone counts one reference, and a change of one element of a million copies one
/// chunk, one block, and the list of 123 blocks.
pub struct PVec<T> {
    blocks: Arc<[Block<T>]>,
    len: usize,
}

/// The elements of a list, in order.
pub struct Iter<'a, T> {
    list: &'a PVec<T>,
    chunk: slice::Iter<'a, T>,
    /// The first index behind the chunk.
    at: usize,
    end: usize,
}

/// A list that is being built.
struct Builder<T> {
    blocks: Vec<Block<T>>,
    block: Vec<Chunk<T>>,
    chunk: Vec<T>,
    len: usize,
}

// === impl PVec ===

impl<T> PVec<T> {
    /// The number of elements.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the list is empty.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The element at an index.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&T> {
        let chunk = self.blocks.get(index >> (CHUNK_BITS + BLOCK_BITS))?.get((index >> CHUNK_BITS) % BLOCK)?;
        chunk.get(index % CHUNK)
    }

    /// The first element.
    pub fn first(&self) -> Option<&T> {
        self.get(0)
    }

    /// The last element.
    pub fn last(&self) -> Option<&T> {
        self.get(self.len.checked_sub(1)?)
    }

    /// The elements in order. Skipping any number of them takes the same time.
    pub fn iter(&self) -> Iter<'_, T> {
        self.range(0..self.len)
    }

    /// The elements of a range, which may go beyond the end of the list.
    #[inline]
    pub fn range(&self, range: Range<usize>) -> Iter<'_, T> {
        Iter { list: self, chunk: [].iter(), at: range.start, end: range.end.min(self.len) }
    }

    /// Whether both are clones of the same list, and not just equal.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.blocks, &other.blocks)
    }

    #[inline]
    fn chunk(&self, number: usize) -> &[T] {
        self.blocks.get(number / BLOCK).and_then(|block| block.get(number % BLOCK)).map_or(&[], |chunk| chunk)
    }

    /// How many chunks of this list the other one does not share.
    pub fn unshared_chunks(&self, other: &Self) -> usize {
        let chunks = |list: &Self| -> std::collections::HashSet<*const T> {
            list.blocks.iter().flat_map(|block| block.iter().map(|chunk| chunk.as_ptr())).collect()
        };
        chunks(self).difference(&chunks(other)).count()
    }
}

impl<T> PVec<T> {
    /// The indexes that both lists have, with elements that differ. This takes time with the chunks that they do not share.
    pub fn differences_by<'a>(
        &'a self,
        other: &'a Self,
        differ: impl Fn(&T, &T) -> bool + Copy + 'a,
    ) -> impl Iterator<Item = usize> + 'a {
        let blocks = self.blocks.iter().zip(&*other.blocks).enumerate();
        let blocks = blocks.filter(|(_, (own, other))| !Arc::ptr_eq(own, other));
        let chunks = blocks.flat_map(|(block, (own, other))| {
            let chunks = own.iter().zip(&**other).enumerate().filter(|(_, (own, other))| !Arc::ptr_eq(own, other));
            chunks.map(move |(chunk, both)| ((block * BLOCK + chunk) * CHUNK, both))
        });
        chunks.flat_map(move |(first, (own, other))| {
            let differences = own.iter().zip(&**other).enumerate().filter(move |(_, (own, other))| differ(own, other));
            differences.map(move |(at, _)| first + at)
        })
    }
}

impl<T: PartialEq> PVec<T> {
    /// The indexes that both lists have, with elements that are not equal. This takes time with the chunks that they do not
    /// share.
    pub fn differences<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = usize> + 'a {
        self.differences_by(other, |own, other| own != other)
    }

    /// The indexes at which `after` differs from this list: the elements are not equal, or only one list has an element.
    /// Nothing if these are more than `most`.
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
    /// Replaces the element at an index.
    ///
    /// # Panics
    /// The list is not that long.
    pub fn set(&mut self, index: usize, element: T) {
        *self.slot(index) = element;
    }

    /// The element at an index, to change it.
    ///
    /// # Panics
    /// The list is not that long.
    pub fn slot(&mut self, index: usize) -> &mut T {
        let block = &mut Arc::make_mut(&mut self.blocks)[index >> (CHUNK_BITS + BLOCK_BITS)];
        let chunk = &mut Arc::make_mut(block)[(index >> CHUNK_BITS) % BLOCK];
        &mut Arc::make_mut(chunk)[index % CHUNK]
    }

    /// Adds an element at the end.
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
        let mut builder = Builder::from(&*self);
        builder.extend(elements);
        *self = builder.finish();
    }
}

impl<T> FromIterator<T> for PVec<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let mut builder = Builder { blocks: Vec::new(), block: Vec::new(), chunk: Vec::new(), len: 0 };
        builder.extend(elements);
        builder.finish()
    }
}

impl<T> From<Vec<T>> for PVec<T> {
    fn from(elements: Vec<T>) -> Self {
        elements.into_iter().collect()
    }
}

impl<T> Default for PVec<T> {
    fn default() -> Self {
        PVec { blocks: Arc::new([]), len: 0 }
    }
}

impl<T> Clone for PVec<T> {
    fn clone(&self) -> Self {
        PVec { blocks: Arc::clone(&self.blocks), len: self.len }
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
        Iter { list: self.list, chunk: self.chunk.clone(), at: self.at, end: self.end }
    }
}

impl<'a, T> Iterator for Iter<'a, T> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        if let Some(element) = self.chunk.next() {
            return Some(element);
        }
        if self.at >= self.end {
            return None;
        }
        let (number, skipped) = (self.at >> CHUNK_BITS, self.at % CHUNK);
        let chunk = self.list.chunk(number);
        let first = number << CHUNK_BITS;
        let last = chunk.len().min(self.end - first);
        self.chunk = chunk.get(skipped..last).unwrap_or_default().iter();
        self.at = first + last.max(skipped);
        self.chunk.next()
    }

    fn nth(&mut self, skipped: usize) -> Option<&'a T> {
        let held = self.chunk.len();
        if skipped < held {
            return self.chunk.nth(skipped);
        }
        self.chunk = [].iter();
        self.at = self.at.saturating_add(skipped - held);
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.chunk.len() + self.end.saturating_sub(self.at);
        (left, Some(left))
    }
}

impl<T> ExactSizeIterator for Iter<'_, T> {}

impl<T> std::iter::FusedIterator for Iter<'_, T> {}

// === impl Builder ===

impl<T> Builder<T> {
    fn extend(&mut self, elements: impl IntoIterator<Item = T>) {
        for element in elements {
            if self.chunk.capacity() == 0 {
                self.chunk.reserve_exact(CHUNK);
            }
            self.chunk.push(element);
            self.len += 1;
            if self.chunk.len() == CHUNK {
                self.block.push(self.chunk.drain(..).collect());
                if self.block.len() == BLOCK {
                    self.blocks.push(self.block.drain(..).collect());
                }
            }
        }
    }

    fn finish(mut self) -> PVec<T> {
        if !self.chunk.is_empty() {
            self.block.push(self.chunk.into());
        }
        if !self.block.is_empty() {
            self.blocks.push(self.block.into());
        }
        PVec { blocks: self.blocks.into(), len: self.len }
    }
}

impl<T: Clone> From<&PVec<T>> for Builder<T> {
    fn from(list: &PVec<T>) -> Self {
        let mut builder = Builder { blocks: list.blocks.to_vec(), block: Vec::new(), chunk: Vec::new(), len: list.len };
        if !list.len.is_multiple_of(CHUNK * BLOCK) {
            builder.block = builder.blocks.pop().map_or_else(Vec::new, |block| block.to_vec());
        }
        if !list.len.is_multiple_of(CHUNK) {
            builder.chunk.reserve_exact(CHUNK);
            builder.chunk.extend(builder.block.pop().iter().flat_map(|chunk| chunk.iter().cloned()));
        }
        builder
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
    fn a_change_copies_one_chunk_and_leaves_the_list_before_as_it_was() {
        for size in SIZES.into_iter().filter(|&size| size > 0) {
            let before: PVec<usize> = (0..size).collect();
            let mut after = before.clone();
            after.set(size / 2, 1_000_000);
            assert!(before.iter().copied().eq(0..size));
            assert_eq!(after[size / 2], 1_000_000);
            assert_eq!(after.unshared_chunks(&before), 1);
            assert!(after.differences(&before).eq([size / 2]));
        }
    }

    #[test]
    fn what_is_added_comes_last_and_copies_no_full_chunk() {
        for size in SIZES {
            let before: PVec<usize> = (0..size).collect();
            let mut after = before.clone();
            for added in size..size + 200 {
                after.push(added);
            }
            after.extend(size + 200..size + 10_000);
            assert!(before.iter().copied().eq(0..size));
            assert!(after.iter().copied().eq(0..size + 10_000));
            assert_eq!(before.unshared_chunks(&after), usize::from(size % CHUNK != 0));
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
