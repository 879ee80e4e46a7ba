//! A cache of what a policy has worked out for a (scope, channel, country), valid while the scope's revision lasts.
//!
//! This is the fast way to decide: all that does not depend on the recipient is read and prepared once. The contract
//! makes it safe: the revision of a scope grows whenever anything changes that a decision for the scope can depend on.

use core::hash::{BuildHasherDefault, Hasher};

use hashbrown::HashMap;

use crate::spread::mix;
use crate::types::Request;

/// Values by (scope, channel, country), in two generations: when the young one is full, the old one is dropped and the
/// young one becomes the old one. So values in use stay, others go, and a hit does not have to track its use.
#[derive(Debug)]
pub struct Cache<T> {
    young: Entries<T>,
    old: Entries<T>,
    /// The weight of the young generation.
    weight: usize,
    /// The most that a generation may weigh.
    max_weight: usize,
}

type Entries<T> = HashMap<u64, Entry<T>, BuildHasherDefault<U64Hasher>>;

/// A fast hasher of one number. Nobody can choose keys that collide: the host makes them.
#[derive(Debug, Default)]
struct U64Hasher(u64);

impl Hasher for U64Hasher {
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

impl<T> Cache<T> {
    /// A cache of two generations, each of at most this weight, in any unit.
    pub fn up_to_weight(weight: usize) -> Self {
        Self { young: HashMap::default(), old: HashMap::default(), weight: 0, max_weight: weight }
    }

    /// Calls `look` with the value for a request. If there is none of the scope's revision, `make` makes it and gives
    /// its weight.
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
        if self.weight + entry.weight > self.max_weight {
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
        let mut kept = Cache::up_to_weight(2);
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
