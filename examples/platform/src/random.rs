//! Random numbers that are the same everywhere.
//!
//! Everything is integer arithmetic: floating-point functions may round differently on another machine, and then the
//! same seed would not give the same bytes.

/// What a stream of random numbers is for. Each purpose and index has a stream of its own, so that one part of the
/// platform can be generated, or generated again, without the others.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    Entities = 1,
    Allocation,
    SharedSenders,
    OwnSenders,
    Borrowing,
    Strategies,
    DefaultSenders,
    Recipients,
    Messages,
}

/// The SplitMix64 generator.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: u64,
}

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// A bijection of the 64-bit integers that looks random: distinct values stay distinct.
pub(crate) const fn scramble(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

impl Random {
    /// The stream of a seed for one thing of one purpose.
    pub(crate) fn stream(seed: u64, purpose: Purpose, index: u64) -> Random {
        let purposed = scramble(seed.wrapping_add(GOLDEN)).wrapping_add(purpose as u64);
        Random { state: scramble(scramble(purposed).wrapping_add(index.wrapping_mul(GOLDEN))) }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        scramble(self.state)
    }

    /// An even choice of 0 to `end` - 1; 0 when `end` is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// An even choice of 0 to `end` - 1 as an index; 0 when `end` is 0.
    pub(crate) fn index(&mut self, end: usize) -> usize {
        self.below(end as u64) as usize
    }

    /// True `per_mille` times of a thousand.
    pub(crate) fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// One of a list that is not empty.
    pub(crate) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.index(list.len())]
    }

    /// One of a list that is not empty, each as often as its weight says.
    pub(crate) fn weighted<'a, T>(&mut self, list: &'a [T], weight: impl Fn(&T) -> u64 + Clone) -> &'a T {
        &list[self.weighted_index(list.iter().map(weight))]
    }

    /// The index of one of some weights, each drawn as often as its weight says; 0 if there are none.
    pub(crate) fn weighted_index(&mut self, weights: impl Iterator<Item = u64> + Clone) -> usize {
        let mut left = self.below(weights.clone().sum());
        for (place, weight) in weights.enumerate() {
            match left.checked_sub(weight) {
                Some(rest) => left = rest,
                None => return place,
            }
        }
        0
    }

    /// 0 to `end` - 1, the low ones far more often: the cube of an even choice. Of 500, the first comes 12 times of 100
    /// and half of the draws fall on the first 62.
    pub(crate) fn skewed(&mut self, end: usize) -> usize {
        let unit = self.next() >> 32;
        let square = (unit * unit) >> 32;
        let cube = (square * unit) >> 32;
        ((u128::from(cube) * end as u128) >> 32) as usize
    }

    /// `count` decimal digits.
    pub(crate) fn digits(&mut self, count: u32) -> u64 {
        self.below(10_u64.pow(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_seed_purpose_and_index() {
        let first = |seed, purpose, index| Random::stream(seed, purpose, index).next();
        let one = first(1, Purpose::Messages, 0);
        assert_eq!(one, first(1, Purpose::Messages, 0));
        assert_ne!(one, first(2, Purpose::Messages, 0));
        assert_ne!(one, first(1, Purpose::Recipients, 0));
        assert_ne!(one, first(1, Purpose::Messages, 1));
    }

    #[test]
    fn weights_are_kept() {
        let mut random = Random::stream(1, Purpose::Messages, 0);
        let list = [("never", 0), ("once", 1), ("thrice", 3)];
        let mut seen = [0_u32; 3];
        for _ in 0..4000 {
            match random.weighted(&list, |(_, weight)| *weight).0 {
                "never" => seen[0] += 1,
                "once" => seen[1] += 1,
                _ => seen[2] += 1,
            }
        }
        assert_eq!(seen[0], 0);
        assert!((900..1100).contains(&seen[1]), "{seen:?}");
    }

    #[test]
    fn skewed_choices_stay_inside_and_prefer_the_first() {
        let mut random = Random::stream(1, Purpose::Messages, 0);
        let draws: Vec<usize> = (0..10_000).map(|_| random.skewed(500)).collect();
        assert!(draws.iter().all(|index| *index < 500));
        let first = draws.iter().filter(|index| **index == 0).count();
        assert!((1100..1450).contains(&first), "{first}");
        assert_eq!(random.skewed(1), 0);
    }
}
