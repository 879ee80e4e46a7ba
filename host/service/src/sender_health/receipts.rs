//! Receipts that this node was told and has not stored yet: those of about a second.

use callsign::{Channel, Country};
use hashbrown::HashMap;

use super::Counts;

/// The most senders, channels and countries that can wait: some 10 MB.
const MOST: usize = 100_000;

/// The most of them from tenants together, and from each of them: the rest is for the platform and for others.
const MOST_OF_TENANTS: usize = MOST / 10 * 8;
const MOST_OF_A_TENANT: usize = MOST / 10;

/// What a receipt is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ReceiptKey {
    pub(crate) sender: Box<str>,
    pub(crate) channel: Channel,
    pub(crate) country: Country,
}

/// Receipts that wait to be stored.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    counts: HashMap<ReceiptKey, Counts>,
    /// How many of them each tenant was the first to tell.
    of_tenants: HashMap<Box<str>, usize>,
}

/// There is no room for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

impl Pending {
    /// Adds receipts that a tenant told, or the platform: all or none.
    ///
    /// # Errors
    /// There is no room.
    pub(crate) fn add(&mut self, tenant: Option<&str>, receipts: Vec<(ReceiptKey, Counts)>) -> Result<(), Full> {
        // A key that is given twice counts twice here, which is a few too many.
        let new = receipts.iter().filter(|(key, _)| !self.counts.contains_key(key)).count();
        if self.counts.len() + new > MOST {
            return Err(Full);
        }
        if let Some(tenant) = tenant.filter(|_| new > 0) {
            let together: usize = self.of_tenants.values().sum();
            let own = self.of_tenants.get(tenant).copied().unwrap_or(0);
            if together + new > MOST_OF_TENANTS || own + new > MOST_OF_A_TENANT {
                return Err(Full);
            }
            *self.of_tenants.entry(tenant.into()).or_default() += new;
        }
        for (key, counts) in receipts {
            self.counts.entry(key).or_default().add(counts);
        }
        Ok(())
    }

    /// Takes everything, in the order of the keys.
    pub(crate) fn take(&mut self) -> Vec<(ReceiptKey, Counts)> {
        self.of_tenants.clear();
        let mut all: Vec<(ReceiptKey, Counts)> = std::mem::take(&mut self.counts).into_iter().collect();
        all.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        all
    }

    /// Takes back what could not be stored. Returns for how many there was no room any more.
    pub(crate) fn take_back(&mut self, receipts: Vec<(ReceiptKey, Counts)>) -> usize {
        let mut lost = 0;
        for (key, counts) in receipts {
            if self.counts.len() < MOST || self.counts.contains_key(&key) {
                self.counts.entry(key).or_default().add(counts);
            } else {
                lost += 1;
            }
        }
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipts(prefix: &str, number: usize) -> Vec<(ReceiptKey, Counts)> {
        let key = |at: usize| ReceiptKey {
            sender: format!("{prefix}{at}").into(),
            channel: Channel::Sms,
            country: Country::US,
        };
        (0..number).map(|at| (key(at), Counts { delivered: 1, ..Counts::default() })).collect()
    }

    #[test]
    fn a_tenant_has_a_tenth_and_tenants_together_leave_room_for_the_platform() {
        let mut pending = Pending::default();
        for tenant in 0..8 {
            let name = format!("t{tenant}");
            assert_eq!(pending.add(Some(&name), receipts(&name, MOST_OF_A_TENANT)), Ok(()));
            assert_eq!(pending.add(Some(&name), receipts("more", 1)), Err(Full));
            assert_eq!(pending.add(Some(&name), receipts(&name, 5)), Ok(()), "what is there already takes no room");
        }
        assert_eq!(pending.add(Some("t9"), receipts("t9", 1)), Err(Full));
        assert_eq!(pending.add(None, receipts("p", MOST / 5)), Ok(()));
        assert_eq!(pending.add(None, receipts("q", 1)), Err(Full));
        let all = pending.take();
        assert_eq!(all.len(), MOST);
        assert!(all.is_sorted_by(|one, other| one.0 < other.0));
        assert_eq!(all.iter().map(|(_, counts)| counts.delivered).sum::<u64>(), MOST as u64 + 8 * 5);
        assert_eq!(pending.add(Some("t9"), receipts("t9", 1)), Ok(()), "there is room again");
        assert_eq!(pending.take_back(all), 1, "one too many, and none is told");
        assert_eq!(pending.take().len(), MOST);
    }
}
