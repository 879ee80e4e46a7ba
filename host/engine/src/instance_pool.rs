//! The idle instances of a policy, in a slot for each thread. Taking an instance and putting it back writes no cache
//! line that other threads write.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crossbeam_utils::CachePadded;
use crossbeam_utils::atomic::AtomicCell;

use crate::limits::Limits;

/// How many idle instances a policy keeps. If there are more threads, some share a slot and may find it empty.
const SLOTS: usize = Limits::IDLE;

type Slots<T> = [CachePadded<AtomicCell<Option<Box<T>>>>];

/// The idle instances of a policy.
pub(super) struct InstancePool<T> {
    slots: Arc<Slots<T>>,
}

static NEXT_THREAD: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static SLOT: Cell<usize> = Cell::new(NEXT_THREAD.fetch_add(1, Ordering::Relaxed) % SLOTS);
}

/// The slot of a thread, where it finds its idle instances.
#[derive(Debug, Clone, Copy)]
pub struct InstanceSlot(usize);

impl InstanceSlot {
    /// That of this thread.
    pub fn of_this_thread() -> Self {
        Self(SLOT.get())
    }

    /// Lets this thread use the slot, until it adopts another one: a call that it makes for the slot's thread leaves that
    /// thread a warm instance.
    pub fn adopt(self) {
        SLOT.set(self.0);
    }
}

impl<T> InstancePool<T> {
    /// Empty slots, registered in `idle` so that [`IdleInstances::reclaim`] can drop what they hold.
    pub(super) fn new(idle: &IdleInstances<T>) -> Self {
        let slots = (0..SLOTS).map(|_| CachePadded::new(AtomicCell::new(None))).collect();
        idle.register(&slots);
        Self { slots }
    }

    /// Registers the slots in further `idle` instances.
    pub(super) fn register(&self, idle: &IdleInstances<T>) {
        idle.register(&self.slots);
    }

    /// Takes the instance that this thread put back last, if it is still there.
    #[inline]
    pub(super) fn take(&self) -> Option<Box<T>> {
        self.slots[SLOT.get()].take()
    }

    /// Fills a slot with a new instance if it is empty and `make` returns one.
    pub(super) fn fill<E>(&self, slot: usize, make: impl FnOnce() -> Result<Option<Box<T>>, E>) -> Result<(), E> {
        let slot = &self.slots[slot % SLOTS];
        let present = match slot.take() {
            Some(present) => Some(present),
            None => make()?,
        };
        if present.is_some() {
            drop(slot.swap(present));
        }
        Ok(())
    }

    /// Drops all idle instances.
    pub(super) fn clear(&self) {
        for slot in &*self.slots {
            drop(slot.take());
        }
    }

    /// Drops the idle instances that `keep` rejects. A thread may find its slot empty once while this runs.
    pub(super) fn retain(&self, mut keep: impl FnMut(&T) -> bool) {
        for slot in &*self.slots {
            if let Some(instance) = slot.take().filter(|instance| keep(instance)) {
                drop(slot.swap(Some(instance)));
            }
        }
    }

    /// Puts an instance back for the next call of this thread.
    #[inline]
    pub(super) fn put(&self, instance: Box<T>) {
        let evicted = self.slots[SLOT.get()].swap(Some(instance));
        drop(evicted);
    }
}

/// The idle instances of all policies.
pub(super) struct IdleInstances<T>(Mutex<Pools<T>>);

struct Pools<T> {
    policies: Vec<Weak<Slots<T>>>,
    /// The policy after which [`IdleInstances::reclaim`] begins to look.
    next: usize,
}

impl<T> IdleInstances<T> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Pools { policies: Vec::new(), next: 0 }))
    }

    fn register(&self, slots: &Arc<Slots<T>>) {
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The slots of dropped policies are removed whenever the vector would grow.
        if pools.policies.len() == pools.policies.capacity() {
            pools.policies.retain(|slots| slots.strong_count() > 0);
        }
        pools.policies.push(Arc::downgrade(slots));
    }

    /// Drops an idle instance, of another policy each time. Returns whether there was one.
    #[cold]
    pub(super) fn reclaim(&self) -> bool {
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = pools.next;
        let policies = pools.policies.len();
        for step in 1..=policies {
            let at = (turn + step) % policies;
            let Some(slots) = pools.policies[at].upgrade() else { continue };
            let found = (0..SLOTS).find_map(|slot| slots[(slot + turn) % SLOTS].take());
            if let Some(instance) = found {
                pools.next = at;
                // Dropping the instance takes time: others should not wait for the lock meanwhile.
                drop(pools);
                drop(instance);
                return true;
            }
        }
        false
    }
}
