//! Idle instances, a place for each thread: taking one and putting it back touches no line that other threads write.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crossbeam_utils::CachePadded;
use crossbeam_utils::atomic::AtomicCell;

use super::limits::Limits;

/// How many idle instances a policy keeps. Threads past this number share places, and may find theirs empty.
const PLACES: usize = Limits::IDLE;

type Places<T> = [CachePadded<AtomicCell<Option<Box<T>>>>];

/// The idle ones of a policy.
pub(super) struct InstancePool<T> {
    places: Arc<Places<T>>,
}

static NEXT_THREAD: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static PLACE: usize = NEXT_THREAD.fetch_add(1, Ordering::Relaxed) % PLACES;
}

impl<T> InstancePool<T> {
    /// Places that others can be made to leave.
    pub(super) fn new(idle: &IdleInstances<T>) -> Self {
        let places = (0..PLACES).map(|_| CachePadded::new(AtomicCell::new(None))).collect();
        idle.register(&places);
        Self { places }
    }

    /// The instance that this thread put back last, if it is still there.
    #[inline]
    pub(super) fn take(&self) -> Option<Box<T>> {
        self.places[PLACE.with(|place| *place)].take()
    }

    /// Puts an instance where there is none, if one is made.
    pub(super) fn fill<E>(&self, place: usize, make: impl FnOnce() -> Result<Option<Box<T>>, E>) -> Result<(), E> {
        let place = &self.places[place % PLACES];
        let present = match place.take() {
            Some(present) => Some(present),
            None => make()?,
        };
        if present.is_some() {
            drop(place.swap(present));
        }
        Ok(())
    }

    /// Drops all of them.
    pub(super) fn clear(&self) {
        for place in &*self.places {
            drop(place.take());
        }
    }

    /// Drops those that are not worth keeping. One that is looked at while its thread wants it is missed by that, once.
    pub(super) fn retain(&self, mut keep: impl FnMut(&T) -> bool) {
        for place in &*self.places {
            if let Some(instance) = place.take().filter(|instance| keep(instance)) {
                drop(place.swap(Some(instance)));
            }
        }
    }

    /// Puts an instance back for the next call of this thread.
    #[inline]
    pub(super) fn put(&self, instance: Box<T>) {
        let evicted = self.places[PLACE.with(|place| *place)].swap(Some(instance));
        drop(evicted);
    }
}

/// The idle ones of all policies.
pub(super) struct IdleInstances<T>(Mutex<Known<T>>);

struct Known<T> {
    policies: Vec<Weak<Places<T>>>,
    /// Whose turn it is to lose one.
    next: usize,
}

impl<T> IdleInstances<T> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Known { policies: Vec::new(), next: 0 }))
    }

    fn register(&self, places: &Arc<Places<T>>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Those of dropped policies go when there may be many.
        if known.policies.len() == known.policies.capacity() {
            known.policies.retain(|places| places.strong_count() > 0);
        }
        known.policies.push(Arc::downgrade(places));
    }

    /// Drops one of the instances that wait for a call, another policy's each time; says whether there was one.
    #[cold]
    pub(super) fn reclaim(&self) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = known.next;
        let policies = known.policies.len();
        for step in 1..=policies {
            let at = (turn + step) % policies;
            let Some(places) = known.policies[at].upgrade() else { continue };
            let found = (0..PLACES).find_map(|place| places[(place + turn) % PLACES].take());
            if let Some(instance) = found {
                known.next = at;
                // Not while others wait for the lock.
                drop(known);
                drop(instance);
                return true;
            }
        }
        false
    }
}
