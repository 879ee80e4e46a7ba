//! Tenants, and what each of them may use. A tenant is an application, with all its keys together.
//!
//! Every budget has its limit in `[tenant]` of the configuration, its place in [`Tenant`], and its name in [`Budget`].
//! A tenant that is over one is refused with that name; nobody else is. The platform's own keys have no tenant, and of
//! what a process has once (places for requests, bytes of bodies, listeners) tenants together can take a part only.

mod bucket;
mod budget;
mod room;
mod tenants;
mod turn;
mod usage;

use std::array;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use callsign::{Gateway, LogBudget, MemoryBudget};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};

use self::bucket::Bucket;
pub(crate) use self::budget::{Budget, Used};
pub(crate) use self::room::{Full, Held, Room, Share};
pub(crate) use self::tenants::Tenants;
use self::turn::Queue;
pub(crate) use self::turn::{NoTurn, Turn, Turns};
pub(crate) use self::usage::{Counts, changed};
use crate::bulk_lane::batches_at_a_time;
use crate::change::now;
use crate::config;
use crate::fault::Fault;
use crate::metrics::Metrics;

/// How often the log says at most that a tenant is over a budget.
const SILENCE: Duration = Duration::from_secs(60);

/// How many modules are compiled for it in a second, for each that may be compiled at a time.
const COMPILES_A_SECOND: u64 = 10;

/// How many of them without a wait.
const COMPILES_AT_ONCE: u64 = 10;

/// After how many milliseconds the time of its policies is charged again.
const BETWEEN_CHARGES: u64 = 5;

/// What a tenant uses, on this node.
pub(crate) struct Tenant {
    application: Box<str>,
    limits: config::Tenant,
    metrics: Arc<Metrics>,
    /// A permit for each request in progress.
    places: Semaphore,
    waiting: Queue,
    /// For the one that waits beside those of other tenants.
    head: Semaphore,
    /// A permit for each batch in the bulk lane.
    batches: Semaphore,
    management: Bucket,
    changes: Bucket,
    messages: Bucket,
    /// In thousandths of a second.
    policy_time: Bucket,
    /// What was charged of it, in microseconds since the start of this node.
    policy_time_charged: AtomicU64,
    /// When the gateway was asked last, in milliseconds since 1970.
    policy_time_asked: AtomicU64,
    events: Bucket,
    new_entities: Bucket,
    /// Bytes of bodies.
    pub(crate) bodies: Arc<Room>,
    pub(crate) listeners: Arc<Room>,
    compiles: Arc<Room>,
    /// When its next compile may begin.
    compile_pace: Bucket,
    /// The memory of the instances of policies that are bound for it and its entities.
    memory: Arc<MemoryBudget>,
    /// What its policies log.
    pub(crate) log: Arc<LogBudget>,
    /// Held while one of its changes waits for the writer, or is made: of each tenant there is one.
    pub(crate) changing: Mutex<()>,
    stored: [AtomicI64; Budget::STORED.len()],
    refused: [AtomicU64; Budget::ALL.len()],
    /// When the log said last that it is over a budget, in milliseconds since 1970.
    told: [AtomicU64; Budget::ALL.len()],
}

impl Tenant {
    pub(crate) fn new(
        application: &str,
        limits: &config::Tenant,
        metrics: Arc<Metrics>,
        memory: Arc<MemoryBudget>,
    ) -> Self {
        let places = if limits.requests == 0 { Semaphore::MAX_PERMITS } else { limits.requests };
        Self {
            application: application.into(),
            places: Semaphore::new(places.min(Semaphore::MAX_PERMITS)),
            waiting: Queue::new(limits.waiting),
            head: Semaphore::new(1),
            batches: Semaphore::new(batches_at_a_time()),
            management: Bucket::new(limits.management_per_second),
            changes: Bucket::with_burst(limits.changes_per_second, limits.changes_at_once),
            messages: Bucket::new(limits.messages_per_second),
            policy_time: Bucket::new(limits.policy_milliseconds_per_second),
            policy_time_charged: AtomicU64::new(0),
            policy_time_asked: AtomicU64::new(0),
            events: Bucket::new(limits.events_per_second),
            new_entities: Bucket::new(limits.new_entities_per_second),
            bodies: Arc::new(Room::or_unlimited(limits.bodies_bytes)),
            listeners: Arc::new(Room::or_unlimited(limits.listeners)),
            compiles: Arc::new(Room::or_unlimited(limits.compiles)),
            compile_pace: Bucket::with_burst(
                (limits.compiles as u64).saturating_mul(COMPILES_A_SECOND),
                COMPILES_AT_ONCE,
            ),
            log: Arc::new(LogBudget::new(application, limits.log_lines_per_second)),
            changing: Mutex::default(),
            stored: array::from_fn(|_| AtomicI64::new(0)),
            refused: array::from_fn(|_| AtomicU64::new(0)),
            told: array::from_fn(|_| AtomicU64::new(0)),
            limits: limits.clone(),
            metrics,
            memory,
        }
    }

    pub(crate) fn application(&self) -> &str {
        &self.application
    }

    /// A request that manages.
    ///
    /// # Errors
    /// 429.
    pub(crate) fn manages(&self) -> Result<(), Fault> {
        self.management.take(1).map_err(|wait| self.over(Budget::Management, Some(wait)))
    }

    /// A request that may change the platform.
    ///
    /// # Errors
    /// 429.
    pub(crate) fn changes(&self) -> Result<(), Fault> {
        self.changes.take(1).map_err(|wait| self.over(Budget::Changes, Some(wait)))
    }

    /// Waits for a place of a batch in the bulk lane. Always `Some`, since the places are never closed.
    pub(crate) async fn batch(&self) -> Option<SemaphorePermit<'_>> {
        self.batches.acquire().await.ok()
    }

    /// Whether a request for decisions may come in, before its body is read.
    ///
    /// # Errors
    /// 429.
    pub(crate) fn may_decide(&self, gateway: &Gateway) -> Result<(), Fault> {
        self.messages.is_open().map_err(|wait| self.over(Budget::Messages, Some(wait)))?;
        self.charge_policy_time(gateway);
        self.policy_time.is_open().map_err(|wait| self.over(Budget::PolicyTime, Some(wait)))
    }

    /// Messages of a request, however many: a request that is larger than the rate is let in and paid for afterwards.
    ///
    /// # Errors
    /// 429.
    pub(crate) fn decides(&self, messages: usize) -> Result<(), Fault> {
        self.messages.take(messages as u64).map_err(|wait| self.over(Budget::Messages, Some(wait)))
    }

    /// Charges what policies took for its messages, wherever they ran. The gateway counts it; it is asked every few
    /// milliseconds, and not by every request.
    fn charge_policy_time(&self, gateway: &Gateway) {
        let (now, asked) = (now(), self.policy_time_asked.load(Ordering::Relaxed));
        let is_due = now.saturating_sub(asked) >= BETWEEN_CHARGES
            && self.policy_time_asked.compare_exchange(asked, now, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if is_due {
            let taken = gateway.usage(&self.application).policy_time.as_micros() as u64;
            let charged = self.policy_time_charged.fetch_max(taken, Ordering::Relaxed);
            self.policy_time.charge(taken.saturating_sub(charged));
        }
    }

    /// How many entities more it may have.
    pub(crate) fn room_for_entities(&self) -> usize {
        let left = self.limit(Budget::Entities).map(|limit| limit.saturating_sub(self.stored(Budget::Entities)));
        left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX))
    }

    /// Whether an entity may be made because a message names it. The log tells at most once a minute that it may not.
    pub(crate) fn may_add_entity(&self) -> bool {
        let (used, limit) = (self.stored(Budget::Entities), self.limit(Budget::Entities));
        let over = match limit {
            Some(limit) if used >= limit => Budget::Entities,
            _ if self.new_entities.take(1).is_err() => Budget::NewEntities,
            _ => return true,
        };
        self.count(over);
        false
    }

    /// Whether listeners are told of one more failure of its policies.
    pub(crate) fn may_tell_failure(&self) -> bool {
        self.events.take(1).map_err(|_| self.count(Budget::Events)).is_ok()
    }

    /// A compiler for one of its modules, until it is dropped. Where it has begun many in a short time, it waits a moment: what a
    /// process costs while it starts and ends is outside of all priorities.
    ///
    /// # Errors
    /// 429.
    pub(crate) async fn compiles(&self) -> Result<Held, Fault> {
        let held = Held::one_of(&self.compiles).ok_or_else(|| self.over(Budget::Compiles, None))?;
        while let Err(wait) = self.compile_pace.take(1) {
            tokio::time::sleep(wait).await;
        }
        Ok(held)
    }

    /// Checks what a change would make of what it has stored.
    ///
    /// # Errors
    /// 413: something would grow over its budget.
    pub(crate) fn may_store(&self, earlier: Option<&Counts>, more: &Counts) -> Result<(), Fault> {
        let earlier = earlier.copied().unwrap_or_default();
        let counts = Budget::STORED.into_iter().zip(earlier.0.into_iter().zip(more.0));
        for (budget, (earlier, more)) in counts.filter(|(_, (_, more))| *more > 0) {
            let would_have = self.stored(budget).saturating_add_signed(earlier.saturating_add(more));
            if let Some(limit) = self.limit(budget).filter(|limit| would_have > *limit) {
                self.count(budget);
                return Err(budget.too_much(would_have, limit));
            }
        }
        Ok(())
    }

    /// Counts what was stored.
    fn add_stored(&self, more: &Counts) {
        for (stored, more) in self.stored.iter().zip(more.0) {
            stored.fetch_add(more, Ordering::Relaxed);
        }
    }

    fn set_stored(&self, all: &Counts) {
        for (stored, all) in self.stored.iter().zip(all.0) {
            stored.store(all, Ordering::Relaxed);
        }
    }

    fn stored(&self, budget: Budget) -> u64 {
        let at = Budget::STORED.iter().position(|stored| *stored == budget);
        at.map_or(0, |at| self.stored[at].load(Ordering::Relaxed).max(0).unsigned_abs())
    }

    /// 429 for this budget, which is counted.
    pub(crate) fn over(&self, budget: Budget, wait: Option<Duration>) -> Fault {
        self.count(budget);
        budget.too_many(self.limit(budget).unwrap_or_default(), wait)
    }

    /// Counts that it was over a budget, and tells the log now and then.
    fn count(&self, budget: Budget) {
        self.metrics.over_budget(budget);
        self.refused[budget as usize].fetch_add(1, Ordering::Relaxed);
        let (told, now) = (&self.told[budget as usize], now());
        let before = told.load(Ordering::Relaxed);
        let is_quiet = now.saturating_sub(before) < SILENCE.as_millis() as u64;
        if !is_quiet && told.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            let limit = self.limit(budget).unwrap_or_default();
            let what = match budget {
                Budget::Entities | Budget::NewEntities => "; entities that its messages name are not made",
                _ => "",
            };
            tracing::warn!(
                "the application {:?} is over its budget {budget}, which is {limit}{what}",
                self.application
            );
        }
    }

    /// The limit of a budget; `None` if it has none.
    fn limit(&self, budget: Budget) -> Option<u64> {
        let limits = &self.limits;
        let limit = match budget {
            Budget::Requests => limits.requests as u64,
            Budget::Management => limits.management_per_second,
            Budget::Changes => limits.changes_per_second,
            Budget::Messages => limits.messages_per_second,
            Budget::PolicyTime => limits.policy_milliseconds_per_second,
            Budget::InstanceBytes => limits.instance_bytes as u64,
            Budget::BodiesBytes => limits.bodies_bytes as u64,
            Budget::Compiles => limits.compiles as u64,
            Budget::LogLines => limits.log_lines_per_second.into(),
            Budget::Listeners => limits.listeners as u64,
            Budget::Events => limits.events_per_second,
            Budget::NewEntities => limits.new_entities_per_second,
            Budget::Entities => limits.entities,
            Budget::Strategies => limits.strategies,
            Budget::Associations => limits.associations,
            Budget::Bindings => limits.bindings,
            Budget::Modules => limits.modules,
            Budget::StoreBytes => limits.store_bytes,
        };
        (limit > 0).then_some(limit)
    }

    /// How much of each budget is used. Of rates, what was used and has not come back yet.
    pub(crate) fn usage(&self) -> [Used; Budget::ALL.len()] {
        Budget::ALL.map(|budget| {
            let used = match budget {
                Budget::Requests => {
                    let all = if self.limits.requests == 0 { Semaphore::MAX_PERMITS } else { self.limits.requests };
                    all.min(Semaphore::MAX_PERMITS).saturating_sub(self.places.available_permits()) as u64
                }
                Budget::Management => self.management.used(),
                Budget::Changes => self.changes.used(),
                Budget::Messages => self.messages.used(),
                Budget::PolicyTime => self.policy_time.used(),
                Budget::InstanceBytes => self.memory.used() as u64,
                Budget::BodiesBytes => self.bodies.used() as u64,
                Budget::Compiles => self.compiles.used() as u64,
                Budget::LogLines => self.log.used(),
                Budget::Listeners => self.listeners.used() as u64,
                Budget::Events => self.events.used(),
                Budget::NewEntities => self.new_entities.used(),
                stored => self.stored(stored),
            };
            let more = if budget == Budget::LogLines { self.log.dropped() } else { 0 };
            let refused = self.refused[budget as usize].load(Ordering::Relaxed) + more;
            Used { budget, used, limit: self.limit(budget), refused }
        })
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tenant").field(&self.application).finish()
    }
}
