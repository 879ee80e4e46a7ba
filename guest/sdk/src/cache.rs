//! What a policy worked out and may use again: kept for a (scope, channel, country) while the scope's revision lasts.
//!
//! This is the fast way to decide: whatever does not depend on the recipient is read and prepared once, and a decision
//! is a look at it. The contract makes it safe: a revision grows when anything that a decision for its scope can depend
//! on has changed.

use core::hash::{BuildHasherDefault, Hasher};

use hashbrown::HashMap;

use crate::spread::mix;
use crate::types::Request;

/// Things of one kind, each for a (scope, channel, country), in two halves: when the young half is full the old one is
/// dropped and the young one grows old. So what is in use stays, what is not goes, and a look costs nothing for it.
#[derive(Debug)]
pub struct Kept<T> {
    young: Entries<T>,
    old: Entries<T>,
    /// The weight of the young half, and the most that it may have.
    weight: usize,
    most: usize,
}

type Entries<T> = HashMap<u64, Entry<T>, BuildHasherDefault<OfNumbers>>;

/// A hasher of one number: the host makes the keys, nobody else can choose them to collide.
#[derive(Debug, Default)]
struct OfNumbers(u64);

impl Hasher for OfNumbers {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.0 = mix(self.0 ^ number);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}

#[derive(Debug)]
struct Entry<T> {
    revision: u64,
    weight: usize,
    value: T,
}

impl<T> Kept<T> {
    /// Keeps things up to a weight, in any unit, and as much again that is not in use any more.
    pub fn up_to(weight: usize) -> Self {
        Self { young: HashMap::default(), old: HashMap::default(), weight: 0, most: weight }
    }

    /// Looks at what there is for a request. `make` makes it where there is none for the scope's revision and says what
    /// it weighs.
    #[inline]
    pub fn with<U>(
        &mut self,
        request: &Request,
        make: impl FnOnce() -> (T, usize),
        look: impl FnOnce(&mut T) -> U,
    ) -> U {
        // A scope is below 2^24.
        let key = u64::from(request.scope) << 18 | (request.channel as u64) << 16 | u64::from(request.country);
        if let Some(entry) = self.young.get_mut(&key)
            && entry.revision == request.revision
        {
            return look(&mut entry.value);
        }
        self.renew(key, request.revision, make, look)
    }

    #[cold]
    fn renew<U>(
        &mut self,
        key: u64,
        revision: u64,
        make: impl FnOnce() -> (T, usize),
        look: impl FnOnce(&mut T) -> U,
    ) -> U {
        if let Some(stale) = self.young.remove(&key) {
            self.weight -= stale.weight;
        }
        let old = self.old.remove(&key).filter(|entry| entry.revision == revision);
        let mut entry = old.unwrap_or_else(|| {
            let (value, weight) = make();
            Entry { revision, weight, value }
        });
        let seen = look(&mut entry.value);
        if self.weight + entry.weight > self.most {
            self.old = core::mem::take(&mut self.young);
            self.weight = 0;
        }
        self.weight += entry.weight;
        self.young.insert(key, entry);
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::request;

    #[test]
    fn is_made_again_for_another_revision_and_what_is_not_used_goes() {
        let mut kept = Kept::up_to(2);
        let mut made = Vec::new();
        let mut look = |scope: u32, revision: u64| {
            let request = Request { scope, revision, ..request(0) };
            let make = || {
                made.push((scope, revision));
                ((scope, revision), 1)
            };
            assert_eq!(kept.with(&request, make, |seen| *seen), (scope, revision));
        };
        for (scope, revision) in
            [(1, 1), (1, 1), (2, 1), (1, 2), (1, 2), (3, 1), (1, 2), (4, 1), (5, 1), (6, 1), (3, 1)]
        {
            look(scope, revision);
        }
        assert_eq!(made, [(1, 1), (2, 1), (1, 2), (3, 1), (4, 1), (5, 1), (6, 1), (3, 1)]);
    }
}
