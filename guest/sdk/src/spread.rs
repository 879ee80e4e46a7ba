//! Step 8: spreads recipients over a set of senders by weight. A recipient keeps its sender, and few move when the set
//! changes.
//!
//! The choice depends on the recipient and on the keys and weights of the set only. It costs the same for 2 senders and
//! for 100,000. How it works:
//!
//! - A sender of weight w counts as w *units*; W is the number of all units. So what holds for W senders of weight 1
//!   holds for the units of weighted ones, and weights that are all 1 are the plain case.
//! - A *layout* has a power of four of slots, several times as many as it fills. Each unit fills the same number of
//!   slots, chosen by its key; if one is taken, the next of its key's sequence. A recipient probes slots at random until
//!   it hits a full one, so it gets every unit with the same probability. Most slots do not depend on the other
//!   units: adding one of W units moves few recipients but those that it gains, 1/W of all.
//! - A layout must grow with the set, and a recipient that changes to a layout four times as large keeps its sender
//!   with a probability of only 1/4. So recipients change one by one: each has a threshold of its own, and the
//!   thresholds are spread evenly over the logarithm of W. That moves another 3/4 / (W ln 4) = 0.54/W. At any W two
//!   layouts are in use.
//! - From 2^19 units on, layouts do not grow any more. Instead a slot stands for 4 units, then for 16, and so on. A sender
//!   fills as many slots as its units need; the last one may be needed in part, and then takes that part of the probes
//!   that hit it. So a pool of 100,000 senders of weight 1,000 has layouts of the size that 2^19 units have.
//!
//! With the slots that are lost to other senders, a sender that comes, goes or changes its weight moves about 1.6 times the
//! share that it gains or loses (`cargo test -p callsign-policy spread:: -- --nocapture` prints it). Rendezvous hashing
//! moves just that share but looks at every sender; jump hashing has no answer when a sender leaves from the middle.
//!
//! Sets whose weights are all alike are not counted as if they had weight 1: when one of five weights goes from 10
//! to 11, W would go from 5 to 51, and nearly every recipient would move.

/// The largest weight. Larger ones count as this.
pub const MAX_WEIGHT: u16 = 1_000;

/// Slots for each full one, on average over the thresholds of recipients. More slots cost more probes; with fewer, more
/// senders lose slots to others.
const SLOTS_PER_FULL: u64 = 8;

/// Slots that each unit fills in a small layout. With one slot, a unit that takes another's moves all of its
/// recipients; with several, only a part.
const SLOTS_EACH: u64 = 4;

/// The last level with [`SLOTS_EACH`] slots for each unit. After it, from about 2,000 units on, each unit has
/// less than a thousandth of the recipients, so moving all of them is little; one slot each makes the layout a quarter
/// of the size, which fits caches better.
const LAST_SMALL_LEVEL: u32 = 8;

/// The last level whose slots stand for one unit each, in sets of up to 2^17 members. The layout has 2^20 slots.
const LAST_UNIT_LEVEL: u32 = 11;

/// Fraction bits of the logarithms below.
const FRACTION: u32 = 32;

/// A member of a set.
#[derive(Debug, Clone, Copy)]
struct Member {
    key: u64,
    value: u32,
    weight: u16,
}

/// A set of senders, laid out for spreading recipients over it.
#[derive(Debug, Clone)]
pub struct Spread {
    /// The fraction of the log base 4 of `SLOTS_PER_FULL * SLOTS_EACH * W`, in units of 2^-32.
    fraction: u64,
    len: usize,
    /// The first member.
    first: u32,
    layouts: [Layout; 2],
}

impl Spread {
    /// Lays out a set of members, each a key, a weight of 1 to [`MAX_WEIGHT`] and the value to return for it. The order
    /// does not matter. Keys should be distinct: of two members with one key either may be chosen.
    pub fn new(members: impl IntoIterator<Item = (u64, u16, u32)>) -> Self {
        let members = members.into_iter();
        let mut members: Vec<Member> =
            members.map(|(key, weight, value)| Member { key, value, weight: weight.clamp(1, MAX_WEIGHT) }).collect();
        members.sort_unstable_by_key(|member| (member.key, member.value));
        let units: u64 = members.iter().map(|member| u64::from(member.weight)).sum();
        let log = log_of_slots(units);
        let level = (log >> FRACTION) as u32;
        // Even one unit of each member must leave slots free. The level after is for recipients of a high threshold.
        let last_unit_level = LAST_UNIT_LEVEL.max((log_of_slots(members.len() as u64) >> FRACTION) as u32 + 1);
        let layouts = match members.len() {
            0 | 1 => [Layout::empty(), Layout::empty()],
            _ => [level, level + 1].map(|level| Layout::new(level, last_unit_level, &members)),
        };
        let first = members.first().map_or(0, |member| member.value);
        Self { fraction: log & ((1 << FRACTION) - 1), len: members.len(), first, layouts }
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.len
    }

    /// How many bytes of memory it takes.
    pub fn memory(&self) -> usize {
        let of =
            |layout: &Layout| size_of_val(&*layout.words) + size_of_val(&*layout.members) + size_of_val(&*layout.units);
        size_of::<Self>() + self.layouts.iter().map(of).sum::<usize>()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The member that a recipient is spread to; none of an empty set. `recipient` is an evenly distributed hash.
    #[inline(always)]
    pub fn choose(&self, recipient: u64) -> Option<u32> {
        if self.len < 2 {
            return (self.len == 1).then_some(self.first);
        }
        // The recipient's threshold: how far the set must be towards the next power of four for the larger layout.
        let threshold = recipient >> FRACTION;
        let larger = (self.fraction + threshold) >> FRACTION;
        let layout = &self.layouts[(larger & 1) as usize];
        let mut state = recipient;
        loop {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            // One hash is several probes: each takes as many of its bits as the slots need.
            let hash = mix(state);
            if let Some(member) = if layout.wide { layout.probe_wide(hash) } else { layout.probe(hash) } {
                return Some(member);
            }
        }
    }
}

/// One layout: a bit for each slot, and the members in the order of their slots, found by counting bits.
#[derive(Debug, Clone)]
struct Layout {
    /// Whether a slot needs more than 16 bits.
    wide: bool,
    /// The high 16 bits (32 of a wide layout) of a hash shifted right by this are a slot.
    shift: u32,
    words: Box<[Word]>,
    members: Box<[u32]>,
    /// How many units each full slot stands for, if they differ.
    units: Box<[u32]>,
    /// The most units of a slot, as a power of two.
    unit_bits: u32,
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
    fn empty() -> Self {
        Self { wide: false, shift: 0, words: [].into(), members: [].into(), units: [].into(), unit_bits: 0 }
    }

    /// Lays members out, sorted by key.
    fn new(level: u32, last_unit_level: u32, members: &[Member]) -> Self {
        let (bits, slots_each) = match level {
            ..=LAST_SMALL_LEVEL => (2 * level, SLOTS_EACH as u32),
            _ => (2 * (level.min(last_unit_level) - 1), 1),
        };
        let unit_bits = 2 * level.saturating_sub(last_unit_level);
        let wide = bits > 16;
        let mut full = vec![0u64; 1 << bits.saturating_sub(6)];
        // Every member fills its first slot, then every one that has more its second, and so on: a sender that gets
        // heavier takes slots from few others.
        let mut taken: Vec<(u32, u32, u32)> = Vec::with_capacity(members.len());
        let mut waiting = members.to_vec();
        let mut round = 0;
        while !waiting.is_empty() {
            for member in &waiting {
                let key = mix(member.key.wrapping_add(u64::from(round)));
                let mut state = key;
                let slot = loop {
                    let slot = state >> (64 - bits);
                    let (word, bit) = ((slot >> 6) as usize, 1 << (slot & 63));
                    if full[word] & bit == 0 {
                        full[word] |= bit;
                        break slot as u32;
                    }
                    state = mix(state.wrapping_add(key | 1));
                };
                let left = u32::from(member.weight) * slots_each - (round << unit_bits);
                taken.push((slot, member.value, left.min(1 << unit_bits)));
            }
            round += 1;
            waiting.retain(|member| u32::from(member.weight) * slots_each > round << unit_bits);
        }
        let mut count = 0;
        let words: Box<[Word]> = full
            .into_iter()
            .map(|full| {
                let before = count;
                count += full.count_ones();
                Word { full, before }
            })
            .collect();
        let shift = if wide { 32 - bits } else { 16 - bits };
        let mut layout = Self { wide, shift, words, members: [].into(), units: [].into(), unit_bits };
        let mut values = vec![0; taken.len()].into_boxed_slice();
        let mut units = vec![0; if unit_bits == 0 { 0 } else { taken.len() }].into_boxed_slice();
        for (slot, value, of_slot) in taken {
            if let Some(rank) = layout.rank(slot) {
                values[rank] = value;
                if let Some(units) = units.get_mut(rank) {
                    *units = of_slot;
                }
            }
        }
        layout.members = values;
        layout.units = units;
        layout
    }

    /// Four probes of a layout of up to 2^16 slots. They are written out, as a loop would cost more than a probe.
    #[inline(always)]
    fn probe(&self, hash: u64) -> Option<u32> {
        self.member((hash >> 48) as u32)
            .or_else(|| self.member((hash >> 32) as u32 & 0xffff))
            .or_else(|| self.member((hash >> 16) as u32 & 0xffff))
            .or_else(|| self.member(hash as u32 & 0xffff))
    }

    /// The member at the slot that 16 bits choose.
    #[inline(always)]
    fn member(&self, bits: u32) -> Option<u32> {
        self.rank(bits >> self.shift).map(|rank| self.members[rank])
    }

    /// Two probes of a layout of more than 2^16 slots.
    #[inline(always)]
    fn probe_wide(&self, hash: u64) -> Option<u32> {
        for probe in [32, 0] {
            if let Some(rank) = self.rank((hash >> probe) as u32 >> self.shift)
                && self.takes(rank, hash.rotate_left(probe))
            {
                return Some(self.members[rank]);
            }
        }
        None
    }

    /// Whether a slot that may stand for a part of its units takes a probe.
    #[inline(always)]
    fn takes(&self, rank: usize, probe: u64) -> bool {
        match self.units.get(rank) {
            None => true,
            // The bits that chose the slot must not decide again.
            Some(&units) => mix(probe) >> (64 - self.unit_bits) < u64::from(units),
        }
    }

    /// How many slots before this one are full; none if it is not full itself.
    #[inline(always)]
    fn rank(&self, slot: u32) -> Option<usize> {
        let word = self.words[(slot >> 6) as usize];
        let bit = 1u64 << (slot & 63);
        (word.full & bit != 0).then(|| word.before as usize + (word.full & (bit - 1)).count_ones() as usize)
    }
}

/// A 64-bit finaliser (the constants are those of SplitMix64, by Steele, Lea and Flood, 2014).
#[inline]
pub(crate) fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Log base 4 of the slots for so many units.
fn log_of_slots(units: u64) -> u64 {
    log4(SLOTS_PER_FULL * SLOTS_EACH * units.max(1))
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
mod tests;
