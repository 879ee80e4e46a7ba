//! How many recipients there are among many messages, in bounded memory.

use std::collections::{BTreeSet, BinaryHeap};

/// How many recipients are told apart exactly.
const EXACT: usize = 65_536;

/// Counts different recipients. Up to 65,536 of them the count is exact; beyond that it is estimated from the 65,536 smallest
/// hashes, with a standard error of 0.4 % (the `k` minimum values of Bar-Yossef et al., 2002).
#[derive(Debug, Default)]
pub(crate) struct Recipients {
    /// The smallest hashes.
    smallest: BTreeSet<u64>,
    overflowed: bool,
}

impl Recipients {
    /// Notes a recipient.
    pub(crate) fn note(&mut self, recipient: u64) {
        self.keep(mix(recipient));
    }

    fn keep(&mut self, hash: u64) {
        if self.smallest.len() < EXACT {
            self.smallest.insert(hash);
        } else if self.smallest.last().is_some_and(|&largest| hash < largest) {
            if self.smallest.insert(hash) {
                self.smallest.pop_last();
                self.overflowed = true;
            }
        } else if self.smallest.last() != Some(&hash) {
            self.overflowed = true;
        }
    }

    /// Adds the recipients of another thread.
    pub(crate) fn merge(&mut self, other: &Self) {
        other.smallest.iter().for_each(|&hash| self.keep(hash));
        self.overflowed |= other.overflowed;
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        match self.smallest.last() {
            Some(&largest) if self.overflowed => {
                ((self.smallest.len() - 1) as f64 / ((largest as f64 + 1.0) / 2_f64.powi(64))) as u64
            }
            _ => self.smallest.len() as u64,
        }
    }
}

/// A hash of a number that differs for every number: the finaliser of SplitMix64.
pub(crate) fn mix(number: u64) -> u64 {
    let one = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let two = (one ^ one >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    two ^ two >> 31
}

/// The things with the smallest hashes: a sample of all of them that does not depend on their order.
#[derive(Debug)]
pub(crate) struct Sample<T> {
    most: usize,
    /// The largest hash first.
    kept: BinaryHeap<Ranked<T>>,
}

#[derive(Debug)]
struct Ranked<T>(u64, T);

impl<T> PartialEq for Ranked<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T> Eq for Ranked<T> {}

impl<T> PartialOrd for Ranked<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Ranked<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

impl<T> Sample<T> {
    /// A sample of at most so many.
    pub(crate) fn of_at_most(most: usize) -> Self {
        Self { most, kept: BinaryHeap::new() }
    }

    /// Offers one, which is made only if it is kept.
    pub(crate) fn offer(&mut self, hash: u64, make: impl FnOnce() -> T) {
        let is_full = self.kept.len() >= self.most;
        if is_full && self.kept.peek().is_none_or(|largest| largest.0 <= hash) {
            return;
        }
        if is_full {
            self.kept.pop();
        }
        self.kept.push(Ranked(hash, make()));
    }

    /// Takes those of another thread.
    pub(crate) fn merge(&mut self, other: Self) {
        for Ranked(hash, one) in other.kept {
            self.offer(hash, || one);
        }
    }

    /// The sample, the smallest hash first.
    pub(crate) fn into_vec(self) -> Vec<T> {
        self.kept.into_sorted_vec().into_iter().map(|ranked| ranked.1).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_recipients_are_counted_exactly_and_many_nearly() {
        let mut few = Recipients::default();
        for round in 0..3 {
            (0..EXACT as u64).for_each(|number| few.note(number));
            assert_eq!(few.count(), EXACT as u64, "round {round}");
        }
        let (mut one, mut other) = (Recipients::default(), Recipients::default());
        (0..400_000).for_each(|number| one.note(number));
        (200_000..1_000_000).for_each(|number| other.note(number));
        one.merge(&other);
        let count = one.count();
        assert!((980_000..1_020_000).contains(&count), "{count}");
        assert_eq!(one.smallest.len(), EXACT, "the memory is bounded");
    }

    #[test]
    fn a_sample_does_not_depend_on_the_order() {
        let sample = |numbers: &mut dyn Iterator<Item = u64>| {
            let mut sample = Sample::of_at_most(3);
            numbers.for_each(|number| sample.offer(mix(number), || number));
            sample
        };
        let forwards = sample(&mut (0..1_000)).into_vec();
        assert_eq!(forwards, sample(&mut (0..1_000).rev()).into_vec());
        let mut halves = sample(&mut (0..500));
        halves.merge(sample(&mut (500..1_000)));
        assert_eq!(forwards, halves.into_vec());
        assert_eq!(forwards.len(), 3);
    }
}
