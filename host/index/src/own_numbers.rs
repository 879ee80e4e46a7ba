//! The numbers of the senders of a scope, as a filter: whether a recipient may be one of them.
//!
//! A sender cannot send to itself, and almost no recipient is a sender. So every message asks this filter first, which is
//! one load. It says "maybe" to all numbers of the scope and to fewer than one other number in 100; the exact look follows.
//! Numbers are known by their hash as recipients, which is evenly distributed.

/// Bits for each number. Two of them are set, both in one word.
const BITS_EACH: usize = 32;

/// A filter of numbers (a Bloom filter of one word for each number).
#[derive(Debug)]
pub(crate) struct OwnNumbers {
    words: Box<[u64]>,
    /// A hash shifted right by this is a word.
    shift: u32,
}

impl OwnNumbers {
    /// The filter of some numbers, each as its hash.
    pub(crate) fn of(hashes: &[u64]) -> Self {
        // At least two, so that the shift stays below 64.
        let count = (hashes.len() * BITS_EACH).div_ceil(64).next_power_of_two().max(2);
        let mut filter = Self { words: vec![0; count].into(), shift: 64 - count.trailing_zeros() };
        for &hash in hashes {
            let (at, bits) = filter.place(hash);
            filter.words[at] |= bits;
        }
        filter
    }

    /// Whether a number may be one of them. If not, it is none.
    #[inline]
    pub(crate) fn may_have(&self, hash: u64) -> bool {
        let (at, bits) = self.place(hash);
        self.words[at] & bits == bits
    }

    /// The word of a hash, and its bits there.
    #[inline]
    fn place(&self, hash: u64) -> (usize, u64) {
        ((hash >> self.shift) as usize, 1 << (hash & 63) | 1 << (hash >> 6 & 63))
    }
}

#[cfg(test)]
mod tests {
    use callsign_destination::Number;

    use super::*;
    use crate::standing::recipient_hash;

    #[test]
    fn every_number_of_the_scope_passes_and_few_others_do() {
        for count in [0, 1, 2, 10, 1_000, 100_000] {
            let hash = |number: u64| recipient_hash(7, Number::from_digits(number).expect("a number"));
            let hashes: Vec<u64> = (0..count).map(|index| hash(14_155_550_000 + index * 7)).collect();
            let filter = OwnNumbers::of(&hashes);
            assert!(hashes.iter().all(|&hash| filter.may_have(hash)), "{count} numbers");
            let others = (0..100_000).filter(|index| filter.may_have(hash(12_125_550_000 + index * 3))).count();
            assert!(others < 2_000, "{others} of 100,000 others pass a filter of {count} numbers");
        }
    }
}
