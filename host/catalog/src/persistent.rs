//! What a catalog and its revision are kept in, so that the next one shares all but what changed.
//!
//! A clone of any of these takes the same short time at every size. A change copies the few chunks that it touches, so
//! two values that came from one another are compared, too, by looking only at the chunks that they do not share.

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
