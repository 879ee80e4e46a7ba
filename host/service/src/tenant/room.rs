//! What is taken for a while and given back: bytes of bodies, places of listeners, compilers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// So much of something, at a time.
#[derive(Debug)]
pub(crate) struct Room {
    used: AtomicUsize,
    most: usize,
}

impl Room {
    pub(crate) fn new(most: usize) -> Self {
        Self { used: AtomicUsize::new(0), most }
    }

    /// The same; 0 is no limit.
    pub(crate) fn or_unlimited(most: usize) -> Self {
        Self::new(if most == 0 { usize::MAX } else { most })
    }

    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    fn take(&self, amount: usize) -> bool {
        let take = |used: usize| used.checked_add(amount).filter(|used| *used <= self.most);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    fn give(&self, amount: usize) {
        self.used.fetch_sub(amount, Ordering::Relaxed);
    }
}

/// What a process has once, of which tenants together can take a part.
#[derive(Debug)]
pub(crate) struct Share {
    all: Room,
    tenants: Room,
}

/// Why nothing can be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// The tenant has all that it may have.
    Tenant,
    /// The process has no more, or no more for tenants.
    Process,
}

impl Share {
    pub(crate) fn new(all: usize, tenants: usize) -> Arc<Self> {
        Arc::new(Self { all: Room::new(all), tenants: Room::new(tenants) })
    }

    /// Nothing yet, for a tenant that may have this much itself, or for the platform.
    pub(crate) fn hold(self: &Arc<Self>, own: Option<&Arc<Room>>) -> Held {
        Held { share: Some(Arc::clone(self)), own: own.cloned(), amount: 0 }
    }
}

/// What somebody has of it, until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    share: Option<Arc<Share>>,
    /// Of a tenant.
    own: Option<Arc<Room>>,
    amount: usize,
}

impl Held {
    /// Nothing yet of what one room alone limits.
    pub(crate) fn none_of(own: &Arc<Room>) -> Self {
        Self { share: None, own: Some(Arc::clone(own)), amount: 0 }
    }

    /// One of what only a tenant's own budget limits.
    pub(crate) fn one_of(own: &Arc<Room>) -> Option<Self> {
        let mut held = Self::none_of(own);
        held.take(1).is_ok().then_some(held)
    }

    /// Takes more, all of it or nothing.
    ///
    /// # Errors
    /// There is not so much.
    pub(crate) fn take(&mut self, amount: usize) -> Result<(), Full> {
        if self.own.as_ref().is_some_and(|own| !own.take(amount)) {
            return Err(Full::Tenant);
        }
        if let Some(share) = &self.share {
            let for_tenants = self.own.is_none() || share.tenants.take(amount);
            if !for_tenants || !share.all.take(amount) {
                if let Some(own) = &self.own {
                    own.give(amount);
                    if for_tenants {
                        share.tenants.give(amount);
                    }
                }
                return Err(Full::Process);
            }
        }
        self.amount += amount;
        Ok(())
    }

    /// Has exactly so much from here on: takes what is missing, all of it or nothing, or gives back what is too much.
    ///
    /// # Errors
    /// There is not so much.
    pub(crate) fn set(&mut self, amount: usize) -> Result<(), Full> {
        match amount.checked_sub(self.amount) {
            Some(missing) => self.take(missing),
            None => {
                self.give(self.amount - amount);
                Ok(())
            }
        }
    }

    fn give(&mut self, amount: usize) {
        if let Some(share) = &self.share {
            share.all.give(amount);
            if self.own.is_some() {
                share.tenants.give(amount);
            }
        }
        if let Some(own) = &self.own {
            own.give(amount);
        }
        self.amount -= amount;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.give(self.amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(share: &Share, own: &[&Room]) -> Vec<usize> {
        [&share.all, &share.tenants].into_iter().chain(own.iter().copied()).map(Room::used).collect()
    }

    #[test]
    fn a_tenant_takes_its_own_and_tenants_together_leave_the_platforms_reserve() {
        let share = Share::new(10, 8);
        let (one, two) = (Arc::new(Room::new(5)), Arc::new(Room::or_unlimited(0)));
        let mut first = share.hold(Some(&one));
        assert_eq!((first.take(5), first.take(1)), (Ok(()), Err(Full::Tenant)));
        let mut second = share.hold(Some(&two));
        assert_eq!((second.take(4), second.take(3)), (Err(Full::Process), Ok(())));
        let mut platform = share.hold(None);
        assert_eq!((platform.take(3), platform.take(2)), (Err(Full::Process), Ok(())));
        assert_eq!(used(&share, &[&one, &two]), [10, 8, 5, 3]);
        drop(first);
        assert_eq!(used(&share, &[&one, &two]), [5, 3, 0, 3]);
        drop((second, platform));
        assert_eq!(used(&share, &[&one, &two]), [0, 0, 0, 0]);
    }

    #[test]
    fn who_has_exactly_so_much_takes_what_is_missing_and_gives_back_the_rest() {
        let share = Share::new(10, 8);
        let own = Arc::new(Room::new(5));
        let mut held = share.hold(Some(&own));
        assert_eq!((held.set(4), held.set(6), held.set(5)), (Ok(()), Err(Full::Tenant), Ok(())));
        assert_eq!(used(&share, &[&own]), [5, 5, 5]);
        assert_eq!(held.set(2), Ok(()));
        assert_eq!(used(&share, &[&own]), [2, 2, 2]);
        drop(held);
        assert_eq!(used(&share, &[&own]), [0, 0, 0]);
    }

    #[test]
    fn where_the_process_has_no_more_nothing_stays_taken() {
        let share = Share::new(10, 10);
        let own = Arc::new(Room::new(10));
        let mut platform = share.hold(None);
        assert_eq!(platform.take(8), Ok(()));
        assert_eq!(share.hold(Some(&own)).take(3), Err(Full::Process));
        assert_eq!(used(&share, &[&own]), [8, 0, 0]);
        assert!(Held::one_of(&Arc::new(Room::new(0))).is_none());
    }
}
