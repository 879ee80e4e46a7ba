//! Step 8: spreads recipients evenly over a set of senders. A recipient keeps its sender, and few move when the set
//! changes.
//!
//! The choice depends on the recipient and on the keys of the set only. It costs the same for 2 senders and for
//! 100,000. How it works:
//!
//! - A *layout* has a power of four of slots, several times as many as it fills. Each sender fills the same number of
//!   slots, chosen by its key; if one is taken, the next of its key's sequence. A recipient probes slots at random until
//!   it hits a full one, so it gets every sender with the same probability. Most slots do not depend on the other
//!   senders: adding one of n senders moves few recipients but those that it gains, 1/n of all.
//! - A layout must grow with the set, and a recipient that changes to a layout four times as large keeps its sender
//!   with a probability of only 1/4. So recipients change one by one: each has a threshold of its own, and the
//!   thresholds are spread evenly over the logarithm of n. That moves another 3/4 / (n ln 4) = 0.54/n. At any n two
//!   layouts are in use.
//!
//! With the slots that are lost to other senders, adding or removing one of n senders moves about 1.65/n of the
//! recipients (`cargo test -p callsign --test resolution spread:: -- --nocapture` prints it). Rendezvous
//! hashing moves 1/n but looks at every sender; jump hashing has no answer when a sender leaves from the middle.

/// Slots for each full one, on average over the thresholds of recipients. More slots cost more probes; with fewer, more
/// senders lose slots to others.
const SLOTS_PER_FULL: u64 = 8;

/// Slots that each sender fills in a small layout. With one slot, a sender that takes another's moves all of its
/// recipients; with several, only a part.
const SLOTS_EACH: u64 = 4;

/// The last level with [`SLOTS_EACH`] slots for each sender. After it, from about 2,000 senders on, each sender has
/// less than a thousandth of the recipients, so moving all of them is little; one slot each makes the layout a quarter
/// of the size, which fits caches better.
const LAST_SMALL_LEVEL: u32 = 8;

/// Fraction bits of the logarithms below.
const FRACTION: u32 = 32;

/// A set of senders, laid out for spreading recipients over it.
#[derive(Debug, Clone)]
pub struct Spread {
    /// Log base 4 of `SLOTS_PER_FULL * SLOTS_EACH * n`, in units of 2^-32.
    log: u64,
    len: usize,
    layouts: [Layout; 2],
}

impl Spread {
    /// Lays out a set of members, each a key and the value to return for it. The order does not matter. Keys should be
    /// distinct: of two members with one key either may be chosen.
    pub fn new(members: impl IntoIterator<Item = (u64, u32)>) -> Self {
        let mut members: Vec<(u64, u32)> = members.into_iter().collect();
        members.sort_unstable();
        let log = log4(SLOTS_PER_FULL * SLOTS_EACH * members.len().max(1) as u64);
        let level = (log >> FRACTION) as u32;
        let layouts = match members.len() {
            0 | 1 => [Layout::single(&members), Layout::single(&[])],
            _ => [Layout::new(level, &members), Layout::new(level + 1, &members)],
        };
        Self { log, len: members.len(), layouts }
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The member that a recipient is spread to; none of an empty set. `recipient` is an evenly distributed hash.
    #[inline(always)]
    pub fn choose(&self, recipient: u64) -> Option<u32> {
        if self.len() < 2 {
            return self.layouts[0].members.first().copied();
        }
        // The recipient's threshold: how far the set must be towards the next power of four for the larger layout.
        let threshold = mix(recipient ^ 0x9e37_79b9_7f4a_7c15) >> FRACTION;
        let larger = ((self.log & ((1 << FRACTION) - 1)) + threshold) >> FRACTION;
        let layout = &self.layouts[(larger & 1) as usize];
        let mut state = recipient;
        loop {
            // Four at a time: inside the sandbox every iteration of a loop checks the deadline.
            for _ in 0..4 {
                state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                if let Some(member) = layout.at(mix(state)) {
                    return Some(member);
                }
            }
        }
    }
}

/// One layout: a bit for each slot, and the members in the order of their slots, found by counting bits.
#[derive(Debug, Clone)]
struct Layout {
    /// A hash shifted right by this is a slot.
    shift: u32,
    words: Box<[Word]>,
    members: Box<[u32]>,
}

/// Sixty-four slots.
#[derive(Debug, Clone, Copy)]
struct Word {
    /// A bit for each, set where it is full.
    full: u64,
    /// How many slots are full in the words before.
    before: u32,
}

impl Layout {
    fn single(members: &[(u64, u32)]) -> Self {
        let members = members.iter().map(|&(_, value)| value).collect();
        Self { shift: 63, words: Box::new([Word { full: 0, before: 0 }]), members }
    }

    /// Lays members out, sorted by key.
    fn new(level: u32, members: &[(u64, u32)]) -> Self {
        let (bits, slots_each) = if level <= LAST_SMALL_LEVEL { (2 * level, SLOTS_EACH) } else { (2 * (level - 1), 1) };
        let shift = 64 - bits;
        let mut full = vec![0u64; 1 << bits.saturating_sub(6)];
        let copies = (0..slots_each)
            .flat_map(|copy| members.iter().map(move |&(key, value)| (mix(key.wrapping_add(copy)), value)));
        let mut slots: Vec<(u64, u32)> = copies
            .map(|(key, value)| {
                let mut state = key;
                loop {
                    let slot = state >> shift;
                    let (word, bit) = ((slot >> 6) as usize, 1 << (slot & 63));
                    if full[word] & bit == 0 {
                        full[word] |= bit;
                        return (slot, value);
                    }
                    state = mix(state.wrapping_add(key | 1));
                }
            })
            .collect();
        slots.sort_unstable();
        let mut count = 0;
        let words = full
            .into_iter()
            .map(|full| {
                let before = count;
                count += full.count_ones();
                Word { full, before }
            })
            .collect();
        let members = slots.into_iter().map(|(_, value)| value).collect();
        Self { shift, words, members }
    }

    /// The member at the slot of a hash.
    #[inline(always)]
    fn at(&self, hash: u64) -> Option<u32> {
        let slot = hash >> self.shift;
        let word = self.words[(slot >> 6) as usize];
        let bit = 1u64 << (slot & 63);
        if word.full & bit == 0 {
            return None;
        }
        let rank = word.before + (word.full & (bit - 1)).count_ones();
        Some(self.members[rank as usize])
    }
}

/// A 64-bit finaliser (the constants are those of SplitMix64, by Steele, Lea and Flood, 2014).
#[inline]
pub(crate) fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Log base 4 in units of 2^-32, in integers so that it is the same on every machine: squaring the mantissa gives one
/// bit of the logarithm at a time.
fn log4(value: u64) -> u64 {
    let whole = value.ilog2();
    let mut mantissa = u128::from(value) << (63 - whole);
    let mut log2 = u64::from(whole) << FRACTION;
    for bit in (0..FRACTION).rev() {
        mantissa = (mantissa * mantissa) >> 63;
        if mantissa >> 64 != 0 {
            mantissa >>= 1;
            log2 |= 1 << bit;
        }
    }
    log2 >> 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log4_is_the_logarithm_to_base_4() {
        for value in [1u64, 2, 3, 4, 7, 16, 1000, 800_000, 1 << 40] {
            let expected = (value as f64).ln() / 4f64.ln();
            let got = log4(value) as f64 / (1u64 << FRACTION) as f64;
            assert!((expected - got).abs() < 1e-8, "log4({value}) = {got}, expected {expected}");
        }
    }

    #[test]
    fn every_member_has_the_same_number_of_slots_in_each_layout() {
        for n in [2u32, 3, 10, 64, 1000, 5000] {
            let spread = Spread::new((0..n).map(|i| (mix(u64::from(i)), i)));
            for layout in &spread.layouts {
                let mut slots = vec![0usize; n as usize];
                for &member in &layout.members {
                    slots[member as usize] += 1;
                }
                assert!(slots.iter().all(|&count| count == slots[0]), "{n} members");
                let full: usize = layout.words.iter().map(|word| word.full.count_ones() as usize).sum();
                assert_eq!(full, layout.members.len());
            }
        }
    }
}
