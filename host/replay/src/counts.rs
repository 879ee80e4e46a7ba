//! Counts by name, in a bounded number: a log may have any number of entities.

use std::ops::AddAssign;

use hashbrown::HashMap;

/// What stands between the parts of a name. No id has it.
pub(crate) const PART: char = '\u{0}';

/// Counts by name. Names that come once there are as many as fit are counted together.
#[derive(Debug)]
pub(crate) struct Counts<V> {
    most: usize,
    named: HashMap<Box<str>, V>,
    others: V,
}

impl<V: Default + Copy + AddAssign> Counts<V> {
    /// Counts of at most so many names.
    pub(crate) fn of_at_most(most: usize) -> Self {
        Self { most, named: HashMap::new(), others: V::default() }
    }

    /// Adds to the count of a name.
    #[inline]
    pub(crate) fn add(&mut self, name: &str, more: V) {
        match self.named.get_mut(name) {
            Some(count) => *count += more,
            None => self.add_new(name, more),
        }
    }

    #[cold]
    fn add_new(&mut self, name: &str, more: V) {
        if self.named.len() < self.most {
            self.named.insert(name.into(), more);
        } else {
            self.others += more;
        }
    }

    /// Adds all counts of another thread.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (name, &count) in &other.named {
            self.add(name, count);
        }
        self.others += other.others;
    }

    /// The count of a name.
    pub(crate) fn get(&self, name: &str) -> Option<V> {
        self.named.get(name).copied()
    }

    /// The names with their counts, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, V)> {
        self.named.iter().map(|(name, &count)| (&**name, count))
    }

    /// What was counted without a name.
    pub(crate) fn others(&self) -> V {
        self.others
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn names_that_do_not_fit_are_counted_together() {
        let mut counts = Counts::of_at_most(2);
        for name in ["a", "b", "c", "a", "d"] {
            counts.add(name, 1_u64);
        }
        let mut named: Vec<_> = counts.iter().collect();
        named.sort_unstable();
        assert_eq!((named, counts.others()), (vec![("a", 2), ("b", 1)], 2));

        let mut both = Counts::of_at_most(2);
        both.add("c", 5_u64);
        both.merge(&counts);
        assert_eq!(both.get("c"), Some(5));
        assert_eq!(both.iter().map(|(_, count)| count).sum::<u64>() + both.others(), 10);
    }
}
