//! What the policies of each application take, and their budget.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use callsign_engine::Failure;
use hashbrown::HashMap;

use super::fair_queue::Tenant;

/// What the policies of an application took since the gateway was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Usage {
    /// The time in policies. In the slow lane it is measured; elsewhere it is sampled every half a millisecond.
    pub policy_time: Duration,
    /// How many pieces of work were done in the slow lane: a single message, or up to 256 of a request.
    pub slow: u64,
    /// How many pieces of work were refused, because too much waited or the budget was used up.
    pub refused: u64,
    /// How many messages wait for the slow lane now.
    pub waiting: usize,
}

/// The time of all applications.
#[derive(Debug)]
pub(super) struct PolicyTime {
    milliseconds_per_second: Option<u32>,
    tenants: Mutex<HashMap<Tenant, Account>>,
}

#[derive(Debug)]
struct Account {
    usage: Usage,
    /// What is left of the budget, in microseconds. Negative after a call that took more.
    left: i64,
    at: Instant,
}

impl PolicyTime {
    pub(super) fn new(milliseconds_per_second: Option<u32>) -> Self {
        Self { milliseconds_per_second, tenants: Mutex::default() }
    }

    /// A second of the budget, in microseconds.
    fn budget(&self) -> i64 {
        i64::from(self.milliseconds_per_second.unwrap_or(0)) * 1_000
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Tenant, Account>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, tenant: Tenant, change: impl FnOnce(&mut Account) -> T) -> T {
        let budget = self.budget();
        let mut tenants = self.lock();
        let now = Instant::now();
        let account =
            tenants.entry(tenant).or_insert_with(|| Account { usage: Usage::default(), left: budget, at: now });
        if budget > 0 {
            let earned = now.duration_since(account.at).as_micros().saturating_mul(budget as u128) / 1_000_000;
            if earned > 0 {
                account.left = account.left.saturating_add(i64::try_from(earned).unwrap_or(i64::MAX)).min(budget);
                account.at = now;
            }
        }
        change(account)
    }

    /// Counts time in policies.
    pub(super) fn spend(&self, tenant: Tenant, time: Duration, is_slow: bool) {
        let (taken, budget) = (i64::try_from(time.as_micros()).unwrap_or(i64::MAX), self.budget());
        self.with(tenant, |account| {
            account.usage.policy_time += time;
            account.usage.slow += u64::from(is_slow);
            // A debt of a second is over after a second.
            account.left = account.left.saturating_sub(taken).max(-budget);
        });
    }

    /// Whether the budget is used up.
    pub(super) fn is_over(&self, tenant: Tenant) -> bool {
        self.milliseconds_per_second.is_some() && self.with(tenant, |account| account.left <= 0)
    }

    /// Fails if the budget is used up, and counts that.
    pub(super) fn check(&self, tenant: Tenant) -> Result<(), Failure> {
        let Some(budget) = self.milliseconds_per_second else { return Ok(()) };
        if !self.is_over(tenant) {
            return Ok(());
        }
        self.refuse(tenant);
        Err(Failure::OverBudget(budget))
    }

    /// Counts work that was refused for lack of room.
    pub(super) fn refuse(&self, tenant: Tenant) {
        self.with(tenant, |account| account.usage.refused += 1);
    }

    pub(super) fn usage(&self, tenant: Tenant) -> Usage {
        self.lock().get(&tenant).map(|account| account.usage).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Sets from when on application 1 earns budget.
    fn earns_since(time: &PolicyTime, at: Instant) {
        time.lock().get_mut(&1).expect("an account").at = at;
    }

    /// Lets application 1 earn nothing, however long this thread waits for a core.
    fn earns_nothing(time: &PolicyTime) {
        earns_since(time, Instant::now() + Duration::from_secs(3_600));
    }

    #[test]
    fn an_application_over_its_budget_is_refused_and_the_others_are_not() {
        let time = PolicyTime::new(Some(100));
        time.spend(1, MS * 90, true);
        earns_nothing(&time);
        assert_eq!(time.check(1), Ok(()));
        time.spend(1, MS * 10_000, false);
        assert_eq!(time.check(1), Err(Failure::OverBudget(100)));
        assert_eq!(time.check(2), Ok(()));
        let usage = time.usage(1);
        assert_eq!((usage.policy_time, usage.slow, usage.refused), (MS * 10_090, 1, 1));
        assert_eq!(time.usage(2), Usage::default());
    }

    #[test]
    fn the_budget_comes_back_with_time_and_a_debt_is_at_most_a_second_of_it() {
        let time = PolicyTime::new(Some(1_000));
        time.spend(1, MS * 60_000, true);
        earns_nothing(&time);
        assert_eq!(time.check(1), Err(Failure::OverBudget(1_000)));
        earns_since(&time, Instant::now().checked_sub(MS * 2_000).expect("the clock is older"));
        assert_eq!(time.check(1), Ok(()));
        earns_nothing(&time);
        time.spend(1, MS * 1_100, true);
        assert_eq!(time.check(1), Err(Failure::OverBudget(1_000)), "more than a second is not saved up");
    }

    #[test]
    fn without_a_budget_time_is_only_counted() {
        let time = PolicyTime::new(None);
        time.spend(1, MS * 60_000, true);
        assert_eq!(time.check(1), Ok(()));
        assert_eq!(time.usage(1).policy_time, MS * 60_000);
    }
}
