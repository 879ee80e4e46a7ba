//! The numbers of the senders of a scope, as a filter: whether a recipient may be one of them.
//!
//! A sender cannot send to itself, and almost no recipient is a sender. So every message asks this filter first, which is
//! one load. It says "maybe" to all numbers of the scope and to about one other number in 100; the exact look follows.

/// Bits for each number. Three of them are set, all in one word.
const BITS_EACH: usize = 16;

/// A filter of numbers (a Bloom filter of one word for each number).
#[derive(Debug)]
pub(crate) struct OwnNumbers {
    words: Box<[u64]>,
    /// A hash shifted right by this is a word.
    shift: u32,
}

impl OwnNumbers {
    /// The filter of some numbers.
    pub(crate) fn of(numbers: &[u64]) -> Self {
        // At least two, so that the shift stays below 64.
        let count = (numbers.len() * BITS_EACH).div_ceil(64).next_power_of_two().max(2);
        let mut filter = Self { words: vec![0; count].into(), shift: 64 - count.trailing_zeros() };
        for &number in numbers {
            let (at, bits) = filter.place(number);
            filter.words[at] |= bits;
        }
        filter
    }

    /// Whether a number may be one of them. If not, it is none.
    #[inline]
    pub(crate) fn may_have(&self, number: u64) -> bool {
        let (at, bits) = self.place(number);
        self.words[at] & bits == bits
    }

    /// The word of a number, and its bits there.
    #[inline]
    fn place(&self, number: u64) -> (usize, u64) {
        let mut hash = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash ^= hash >> 32;
        hash = hash.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let bits = 1 << (hash & 63) | 1 << (hash >> 6 & 63) | 1 << (hash >> 12 & 63);
        ((hash >> self.shift) as usize, bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_the_scope_passes_and_few_others_do() {
        for count in [0, 1, 2, 10, 1_000, 100_000] {
            let numbers: Vec<u64> = (0..count).map(|index| 14_155_550_000 + index * 7).collect();
            let filter = OwnNumbers::of(&numbers);
            assert!(numbers.iter().all(|&number| filter.may_have(number)), "{count} numbers");
            let others = (0..100_000).filter(|index| filter.may_have(12_125_550_000 + index * 3)).count();
            assert!(others < 2_000, "{others} of 100,000 others pass a filter of {count} numbers");
        }
    }
}
