//! The memory of instances that several policies share.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use crate::failure::Failure;
use crate::instance::Instance;
use crate::instance_pool::{IdleInstances, InstancePool};
use crate::limits::Limits;

/// What an instance counts beside its memory and tables, in bytes: its share of the engine's bookkeeping.
const INSTANCE: usize = 64 << 10;

/// What an element of a table counts, in bytes.
pub(super) const TABLE_ELEMENT: usize = 8;

/// How much memory the instances of some policies may have together, running and idle ones, in bytes.
///
/// The policies of one owner share a budget ([`Policy::with_memory_budget`](crate::Policy::with_memory_budget)), so that it
/// costs the others nothing however many policies the owner has. Budgets are within each other, and all of them within that
/// of the process.
///
/// It is counted when an instance starts, grows or ends, and not by calls in between. Linear memory counts in full, whether
/// or not it was touched. Where a budget is full, idle instances of the same owner are dropped first, then other idle ones
/// within the budget that is full. If that does not make room, the memory is refused: `memory.grow` gives -1, and what
/// comes of it is [`Failure::MemoryBudget`].
pub struct MemoryBudget {
    limit: AtomicUsize,
    used: AtomicUsize,
    around: Option<Arc<Self>>,
    idle: IdleInstances<Instance>,
}

static PROCESS: LazyLock<Arc<MemoryBudget>> = LazyLock::new(|| Arc::new(MemoryBudget::of(MemoryBudget::PROCESS, None)));

impl MemoryBudget {
    /// The default limit of [`MemoryBudget::process`]: 4 GiB, 8 MiB for each of [`Limits::INSTANCES`]. The standard policy
    /// needs 2 to 4 MiB.
    pub const PROCESS: usize = 4 << 30;

    fn of(limit: usize, around: Option<Arc<Self>>) -> Self {
        Self { limit: AtomicUsize::new(limit), used: AtomicUsize::new(0), around, idle: IdleInstances::new() }
    }

    /// The budget of the process, which policies have that were given none.
    pub fn process() -> &'static Arc<Self> {
        &PROCESS
    }

    /// A budget within that of the process.
    pub fn new(bytes: usize) -> Arc<Self> {
        Self::within(Self::process(), bytes)
    }

    /// A budget within another one.
    pub fn within(around: &Arc<Self>, bytes: usize) -> Arc<Self> {
        Arc::new(Self::of(bytes, Some(Arc::clone(around))))
    }

    /// The most bytes.
    pub fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    /// Sets the most bytes. Instances that have more already keep it.
    pub fn set_limit(&self, bytes: usize) {
        self.limit.store(bytes, Ordering::Relaxed);
    }

    /// The bytes of all instances now.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Lets the idle instances of a policy be dropped for this budget and those around it.
    pub(super) fn register(&self, idle: &InstancePool<Instance>) {
        self.levels().for_each(|budget| idle.register(&budget.idle));
    }

    /// This budget and those around it, from the innermost out.
    fn levels(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |budget| budget.around.as_deref())
    }

    /// Takes bytes of this budget and those around it.
    ///
    /// # Errors
    /// The budget that is full. Nothing is taken.
    fn take(&self, bytes: usize) -> Result<(), &Self> {
        for (depth, budget) in self.levels().enumerate() {
            let limit = budget.limit();
            let add = |used: usize| used.checked_add(bytes).filter(|&used| used <= limit);
            if budget.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).is_err() {
                self.levels().take(depth).for_each(|taken| taken.free(bytes));
                return Err(budget);
            }
        }
        Ok(())
    }

    fn free(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl fmt::Debug for MemoryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBudget").field("used", &self.used()).field("limit", &self.limit()).finish_non_exhaustive()
    }
}

/// What one instance has of a budget. Dropping it gives that back.
#[derive(Debug)]
pub(super) struct Share {
    budget: Arc<MemoryBudget>,
    bytes: usize,
}

impl Share {
    /// The share of an instance that has no memory yet.
    ///
    /// # Errors
    /// The budget is full.
    pub(super) fn of_instance(budget: &Arc<MemoryBudget>) -> Result<Self, Failure> {
        let mut share = Self { budget: Arc::clone(budget), bytes: 0 };
        share.grow(INSTANCE)?;
        Ok(share)
    }

    /// Takes more of the budget. Drops idle instances to make room.
    ///
    /// # Errors
    /// The budget is full, and has no idle instances.
    #[cold]
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), Failure> {
        // Others may take the room that was made, so there is an end.
        for _ in 0..=Limits::INSTANCES {
            match self.budget.take(bytes) {
                Ok(()) => {
                    self.bytes += bytes;
                    return Ok(());
                }
                Err(full) if self.budget.idle.reclaim() || full.idle.reclaim() => {}
                Err(full) => return Err(Failure::MemoryBudget(full.limit())),
            }
        }
        Err(Failure::MemoryBudget(self.budget.limit()))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.levels().for_each(|budget| budget.free(self.bytes));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_counts_in_every_budget_around_and_is_given_back() {
        let all = MemoryBudget::new(10 * INSTANCE);
        let (one, other) = (MemoryBudget::within(&all, 6 * INSTANCE), MemoryBudget::within(&all, 6 * INSTANCE));
        let mut share = Share::of_instance(&one).unwrap();
        share.grow(5 * INSTANCE).unwrap();
        assert_eq!((one.used(), all.used()), (6 * INSTANCE, 6 * INSTANCE));
        // Its own is full.
        assert_eq!(share.grow(1), Err(Failure::MemoryBudget(6 * INSTANCE)));
        let mut beside = Share::of_instance(&other).unwrap();
        beside.grow(3 * INSTANCE).unwrap();
        // Its own has room, and the one around has none. Nothing is taken then.
        assert_eq!(beside.grow(INSTANCE), Err(Failure::MemoryBudget(10 * INSTANCE)));
        assert_eq!((other.used(), all.used()), (4 * INSTANCE, 10 * INSTANCE));
        drop(share);
        assert_eq!((one.used(), all.used()), (0, 4 * INSTANCE));
        beside.grow(INSTANCE).unwrap();
        drop(beside);
        assert_eq!((other.used(), all.used()), (0, 0));
    }
}
