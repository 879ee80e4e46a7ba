//! Whose turn it is: how many requests are in progress, and who waits.
//!
//! A tenant has a queue of its own, and of each tenant one request at a time waits beside those of others. So waiting
//! goes round the tenants, however many requests one of them has. Tenants together leave places that only the
//! platform's keys take.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::Tenant;
use crate::config::Config;
use crate::metrics::during;

/// The places of a process.
pub(crate) struct Turns {
    all: Semaphore,
    tenants: Semaphore,
    waiting: Queue,
    tenants_waiting: Queue,
    patience: Duration,
}

/// A place, until it is dropped.
pub(crate) struct Turn<'a> {
    _own: Option<SemaphorePermit<'a>>,
    _tenants: Option<SemaphorePermit<'a>>,
    _all: SemaphorePermit<'a>,
}

/// Why a request gets no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoTurn {
    /// The tenant has as many in progress and waiting as it may have, or waited too long for its own.
    Tenant,
    /// Too many wait.
    Queue,
    /// It waited too long.
    Late,
}

/// So many may wait.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: AtomicUsize,
    most: usize,
}

/// Somebody who waits, until it is dropped.
struct Waiting<'a>(&'a Queue);

impl Queue {
    pub(super) fn new(most: usize) -> Self {
        Self { waiting: AtomicUsize::new(0), most }
    }

    fn enter(&self) -> Option<Waiting<'_>> {
        let enter = |waiting: usize| (waiting < self.most).then_some(waiting + 1);
        self.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, enter).ok().map(|_| Waiting(self))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Turns {
    pub(crate) fn new(config: &Config) -> Self {
        let (limits, tenant) = (&config.limits, &config.tenant);
        let places = |most: usize| Semaphore::new(most.min(Semaphore::MAX_PERMITS));
        Self {
            all: places(limits.requests),
            tenants: places(tenant.together(limits.requests)),
            waiting: Queue::new(limits.waiting),
            tenants_waiting: Queue::new(tenant.together(limits.waiting)),
            patience: Duration::from_millis(limits.waiting_milliseconds),
        }
    }

    /// A place for a request of a tenant, or of the platform.
    ///
    /// # Errors
    /// There is none in time.
    pub(crate) async fn turn<'a>(&'a self, tenant: Option<&'a Tenant>, waiting: &Gauge) -> Result<Turn<'a>, NoTurn> {
        if let Some(turn) = self.at_once(tenant) {
            return Ok(turn);
        }
        let _waits = during(waiting);
        self.wait(tenant).await
    }

    fn at_once<'a>(&'a self, tenant: Option<&'a Tenant>) -> Option<Turn<'a>> {
        let (own, tenants) = match tenant {
            None => (None, None),
            Some(tenant) => (Some(tenant.places.try_acquire().ok()?), Some(self.tenants.try_acquire().ok()?)),
        };
        Some(Turn { _own: own, _tenants: tenants, _all: self.all.try_acquire().ok()? })
    }

    async fn wait<'a>(&'a self, tenant: Option<&'a Tenant>) -> Result<Turn<'a>, NoTurn> {
        let Some(tenant) = tenant else {
            let _waiting = self.waiting.enter().ok_or(NoTurn::Queue)?;
            let all = timeout(self.patience, self.all.acquire()).await;
            let all = all.map_err(|_| NoTurn::Late)?.map_err(|_| NoTurn::Late)?;
            return Ok(Turn { _own: None, _tenants: None, _all: all });
        };
        let _own_waiting = tenant.waiting.enter().ok_or(NoTurn::Tenant)?;
        let mut late = NoTurn::Tenant;
        let turn = async {
            let own = tenant.places.acquire().await.ok()?;
            late = NoTurn::Late;
            let Some((_waiting, _too)) = self.waiting.enter().zip(self.tenants_waiting.enter()) else {
                late = NoTurn::Queue;
                return None;
            };
            // One of each tenant: the next one waits here.
            let _head = tenant.head.acquire().await.ok()?;
            let tenants = self.tenants.acquire().await.ok()?;
            let all = self.all.acquire().await.ok()?;
            Some(Turn { _own: Some(own), _tenants: Some(tenants), _all: all })
        };
        let turn = timeout(self.patience, turn).await;
        turn.ok().flatten().ok_or(late)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use std::sync::Arc;
    use std::sync::Mutex;

    use callsign::MemoryBudget;
    use futures_util::FutureExt;

    use super::*;
    use crate::bulk_lane::batches_at_a_time;
    use crate::config::Tenant as Limits;
    use crate::metrics::Metrics;

    fn tenant(name: &str, requests: usize, waiting: usize) -> Arc<Tenant> {
        let limits = Limits { requests, waiting, ..Limits::default() };
        Arc::new(Tenant::new(name, &limits, Arc::new(Metrics::default()), MemoryBudget::new(usize::MAX)))
    }

    fn turns(requests: usize, waiting: usize, milliseconds: u64) -> Turns {
        let mut config = Config::default();
        config.limits.requests = requests;
        config.limits.waiting = waiting;
        config.limits.waiting_milliseconds = milliseconds;
        Turns::new(&config)
    }

    async fn turn<'a>(turns: &'a Turns, tenant: Option<&'a Arc<Tenant>>) -> Result<Turn<'a>, NoTurn> {
        turns.turn(tenant.map(|tenant| &**tenant), &Gauge::default()).await
    }

    #[tokio::test]
    async fn a_tenant_has_its_places_and_no_more_while_others_have_theirs() {
        let turns = turns(10, 10, 20);
        let (busy, calm) = (tenant("busy", 2, 0), tenant("calm", 2, 0));
        let held = (turn(&turns, Some(&busy)).await.unwrap(), turn(&turns, Some(&busy)).await.unwrap());
        assert_eq!(turn(&turns, Some(&busy)).await.err(), Some(NoTurn::Tenant));
        assert!(turn(&turns, Some(&calm)).await.is_ok() && turn(&turns, None).await.is_ok());
        drop(held);
        assert!(turn(&turns, Some(&busy)).await.is_ok());
    }

    #[tokio::test]
    async fn tenants_together_leave_places_for_the_platform() {
        let turns = turns(10, 0, 20);
        let all = tenant("all", 0, 0);
        let mut held = Vec::new();
        while let Ok(turn) = turn(&turns, Some(&all)).await {
            held.push(turn);
        }
        assert_eq!(held.len(), 8);
        assert!(turn(&turns, None).await.is_ok());
    }

    #[tokio::test]
    async fn who_waits_too_long_is_told_whose_limit_it_is() {
        let turns = turns(1, 10, 20);
        let (one, two) = (tenant("one", 1, 5), tenant("two", 1, 5));
        let _held = turn(&turns, Some(&one)).await.unwrap();
        assert_eq!(turn(&turns, Some(&one)).await.err(), Some(NoTurn::Tenant));
        assert_eq!(turn(&turns, Some(&two)).await.err(), Some(NoTurn::Late));
        assert_eq!(turn(&turns, None).await.err(), Some(NoTurn::Late));
    }

    #[tokio::test]
    async fn batches_of_a_tenant_leave_half_of_the_bulk_lane_to_others() {
        let (many, few) = (tenant("many", 20, 50), tenant("few", 20, 50));
        let mut held: Vec<_> =
            (0..batches_at_a_time()).map(|_| many.batch().now_or_never().flatten().unwrap()).collect();
        assert!(many.batch().now_or_never().is_none(), "it waits");
        assert!(few.batch().now_or_never().flatten().is_some());
        held.pop();
        assert!(many.batch().now_or_never().flatten().is_some());
    }

    #[tokio::test]
    async fn waiting_goes_round_the_tenants() {
        let turns = Arc::new(turns(1, 100, 60_000));
        let (many, few) = (tenant("many", 20, 50), tenant("few", 20, 50));
        let held = turn(&turns, None).await.unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        let all = std::iter::repeat_n((&many, "many"), 10).chain(std::iter::repeat_n((&few, "few"), 3));
        for (tenant, name) in all {
            let (turns, tenant, order) = (Arc::clone(&turns), Arc::clone(tenant), Arc::clone(&order));
            tasks.push(tokio::spawn(async move {
                let _turn = turn(&turns, Some(&tenant)).await.unwrap();
                order.lock().unwrap().push(name);
            }));
            // Each is in its queue before the next one comes.
            tokio::task::yield_now().await;
        }
        drop(held);
        for task in tasks {
            task.await.unwrap();
        }
        // All of the few had their turn within the first six or seven.
        let order = order.lock().unwrap();
        let last = order.iter().rposition(|name| *name == "few").unwrap();
        assert!(last <= 6, "{order:?}");
    }
}
