//! What a catalog and its revision are kept in, so that the next one shares all but what changed.
//!
//! A clone of any of these takes the same short time at every size. A change copies the few chunks that it touches, so
//! two values that came from one another are compared, too, by looking only at the chunks that they do not share.

use std::hash::{BuildHasher, Hash};

use hashbrown::DefaultHashBuilder;

mod hash_index;
mod multi_index;
mod pvec;
mod slot_vec;

pub use hash_index::HashIndex;
pub use multi_index::MultiIndex;
pub use pvec::PVec;
pub use slot_vec::SlotVec;

/// A hash of a number for [`HashIndex`] and [`MultiIndex`]: different for different numbers also in the upper half, which is all
/// that these look at, so that an equal hash is an equal number.
pub fn spread(number: u32) -> u64 {
    // Multiplying by an odd number loses nothing, and this one spreads numbers in a row evenly.
    u64::from(number.wrapping_mul(0x9e37_79b1)) << 32
}

/// Hashes of any values for [`HashIndex`] and [`MultiIndex`], other ones in each process.
///
/// The usual hasher is made for tables that look at the lower bits of a hash, and these look at the upper half. In one process of a
/// hundred that half is so uneven for pairs of numbers in a row that hundreds of entries stand in one run.
#[derive(Debug, Clone, Default)]
pub struct IndexHasher(DefaultHashBuilder);

impl IndexHasher {
    /// The hash of a value.
    #[inline]
    pub fn hash_one(&self, value: impl Hash) -> u64 {
        let hash = self.0.hash_one(value);
        let hash = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash ^ (hash >> 29)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The longest run of entries without an empty slot, of so many in a table that is full to seven tenths.
    fn longest_run(mut hashes: Vec<u64>) -> usize {
        hashes.sort_unstable();
        let slots = (hashes.len() * 10 / 7) as u64;
        let (mut next, mut run, mut longest) = (0, 0, 0);
        for hash in hashes {
            let home = ((hash >> 32) * slots) >> 32;
            run = if home > next { 1 } else { run + 1 };
            next = home.max(next) + 1;
            longest = longest.max(run);
        }
        longest
    }

    #[test]
    fn pairs_of_numbers_in_a_row_stand_in_short_runs_in_every_process() {
        for _ in 0..100 {
            let hasher = IndexHasher::default();
            let pairs = (0..10_000u32).map(|number| hasher.hash_one((2 * number, Some(2 * number))));
            // 70 in the middle of many processes, and 150 in one of a thousand; without mixing some have over 500.
            let longest = longest_run(pairs.collect());
            assert!(longest < 350, "{longest}");
        }
    }
}
