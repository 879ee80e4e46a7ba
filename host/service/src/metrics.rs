//! The metrics, for Prometheus.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use callsign::{DecisionRef, EventKind};
use callsign_log::LogCounters;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::binding::STEPS;
use crate::sender_health::Counts;
use crate::tenant::Budget;
use crate::v1::DECISIONS;

/// The refusal codes of the host. Codes of policies are counted together as [`OWN`]: a policy can use any
/// text.
pub(crate) const CODES: [&str; 10] = [
    "INVALID_DESTINATION",
    "SENDER_NOT_REGISTERED",
    "SENDER_NOT_CAPABLE",
    "NO_STRATEGY",
    "CHANNEL_NOT_ALLOWED",
    "COUNTRY_NOT_ALLOWED",
    "NO_ELIGIBLE_SENDER",
    "STICKY_UNAVAILABLE",
    "POLICY_FAILED",
    "LOG_UNAVAILABLE",
];

const OWN: &str = "OWN";

/// The causes of policy failures.
const CAUSES: [&str; 15] = [
    "answer",
    "budget",
    "busy",
    "deadline",
    "host",
    "imports",
    "instructions",
    "memory",
    "no_explanation",
    "no_instance",
    "request",
    "returned",
    "stack",
    "table",
    "trap",
];

/// The events of bindings.
const EVENTS: [&str; 10] = [
    "canary",
    "recalled",
    "recovered",
    "rejected",
    "rested",
    "rolled_back",
    "shadowed",
    "swapped",
    "unbound",
    "withdrawn",
];

/// All metrics.
pub(crate) struct Metrics {
    registry: Registry,
    steps: [Counter; STEPS.len()],
    /// Those of [`CODES`], then [`OWN`].
    refusals: [Counter; CODES.len() + 1],
    decisions: Histogram,
    failures: Family<Cause, Counter>,
    changes: Family<Happening, Counter>,
    requests: Family<Request, Counter>,
    request_seconds: Family<Route, Histogram, fn() -> Histogram>,
    /// The series of decision requests, so that the hot path needs no lookup in the families.
    decided: (Counter, Histogram),
    store: Family<Operation, Histogram, fn() -> Histogram>,
    /// Of the catalog store and of the store of pins.
    store_failures: Family<StoreLabel, Counter>,
    over_budget: [Counter; Budget::ALL.len()],
    /// How much of each budget that tenant uses which uses most of it.
    highest: [Gauge<f64, AtomicU64>; Budget::ALL.len()],
    /// Connections that were closed because their address had too many.
    pub(crate) connections_refused: Counter,
    /// Requests that were refused under load.
    pub(crate) shed: Counter,
    pub(crate) in_progress: Gauge,
    pub(crate) waiting: Gauge,
    pub(crate) connections: Gauge,
    pub(crate) revision: Gauge,
    pub(crate) changeable: Gauge,
    pub(crate) pins_answer: Gauge,
    /// Senders that are unhealthy for some channel and country.
    pub(crate) unhealthy_senders: Gauge,
    /// Receipts: delivered, undelivered, blocked.
    receipts: [Counter; 3],
    /// Of the decision log: records, those that were dropped, bytes.
    log: [Counter; 3],
    log_up: Gauge,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StepLabel {
    step: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabel {
    code: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BudgetLabel {
    budget: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Cause {
    cause: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Happening {
    event: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: Method,
    route: Name,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: Name,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    store: &'static str,
    operation: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StoreLabel {
    store: &'static str,
}

/// The template of a path, such as `/v1/senders/{senderId}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Name(std::sync::Arc<str>);

/// A known method, or `OTHER`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Method(&'static str);

impl From<Budget> for BudgetLabel {
    fn from(budget: Budget) -> Self {
        Self { budget: budget.as_str() }
    }
}

impl EncodeLabelValue for Name {
    fn encode(&self, encoder: &mut prometheus_client::encoding::LabelValueEncoder<'_>) -> fmt::Result {
        (&*self.0).encode(encoder)
    }
}

impl EncodeLabelValue for Method {
    fn encode(&self, encoder: &mut prometheus_client::encoding::LabelValueEncoder<'_>) -> fmt::Result {
        self.0.encode(encoder)
    }
}

fn decision_buckets() -> Histogram {
    // In seconds, from half a microsecond to 250 ms, the deadline of a policy.
    Histogram::new([5e-7, 1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2.5e-4, 1e-3, 2.5e-3, 1e-2, 2.5e-2, 1e-1, 2.5e-1])
}

fn request_buckets() -> Histogram {
    Histogram::new([5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0])
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("callsign");
        let steps: Family<StepLabel, Counter> = Family::default();
        let refusals: Family<CodeLabel, Counter> = Family::default();
        let failures: Family<Cause, Counter> = Family::default();
        let changes: Family<Happening, Counter> = Family::default();
        let requests: Family<Request, Counter> = Family::default();
        let request_seconds: Family<Route, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(request_buckets);
        let store: Family<Operation, Histogram, fn() -> Histogram> = Family::new_with_constructor(request_buckets);
        let store_failures: Family<StoreLabel, Counter> = Family::default();
        let over_budget: Family<BudgetLabel, Counter> = Family::default();
        let highest: Family<BudgetLabel, Gauge<f64, AtomicU64>> = Family::default();
        let connections_refused = Counter::default();
        let decisions = decision_buckets();
        let (shed, in_progress, waiting) = (Counter::default(), Gauge::default(), Gauge::default());
        let (connections, revision, changeable) = (Gauge::default(), Gauge::default(), Gauge::default());
        let pins_answer = Gauge::default();
        registry.register("decisions", "Messages that have a sender, by the step that settled it", steps.clone());
        registry.register("refusals", "Messages that have none, by code; OWN are those of policies", refusals.clone());
        registry.register_with_unit(
            "decision",
            "What deciding a message took; in a batch, its share",
            Unit::Seconds,
            decisions.clone(),
        );
        registry.register("policy_failures", "Calls of policies that failed, by cause", failures.clone());
        registry.register("policy_events", "What happened to bindings: swaps, rollbacks, recalls", changes.clone());
        registry.register("requests", "Requests that were answered", requests.clone());
        registry.register_with_unit("request", "What requests took", Unit::Seconds, request_seconds.clone());
        registry.register_with_unit("store", "What stores took to answer", Unit::Seconds, store.clone());
        registry.register(
            "store_failures",
            "Operations of stores that failed because the store does not answer",
            store_failures.clone(),
        );
        registry.register("sticky_store_up", "Whether the store of pins answers", pins_answer.clone());
        registry.register("requests_shed", "Requests that were turned away under load", shed.clone());
        registry.register("tenant_over_budget", "How often a tenant was over a budget, by budget", over_budget.clone());
        registry.register(
            "tenant_budget_highest_ratio",
            "How much of a budget the tenant uses that uses most of it; 1 is all",
            highest.clone(),
        );
        registry.register(
            "connections_refused",
            "Connections that were closed because their address had too many",
            connections_refused.clone(),
        );
        registry.register("requests_in_progress", "Requests that are worked on", in_progress.clone());
        registry.register("requests_waiting", "Requests that wait for their turn", waiting.clone());
        registry.register("connections", "Connections that are open", connections.clone());
        registry.register("catalog_revision", "The revision that is served", revision.clone());
        let unhealthy_senders = Gauge::default();
        let receipts: Family<OutcomeLabel, Counter> = Family::default();
        registry.register("unhealthy_senders", "Senders that are unhealthy somewhere", unhealthy_senders.clone());
        registry.register("receipts", "Delivery receipts that this node took, by outcome", receipts.clone());
        let receipts = ["delivered", "undelivered", "blocked"]
            .map(|outcome| receipts.get_or_create_owned(&OutcomeLabel { outcome }));
        let log: [Counter; 3] = std::array::from_fn(|_| Counter::default());
        let log_up = Gauge::default();
        registry.register("log_records", "Decisions in the decision log", log[0].clone());
        registry.register("log_dropped", "Decisions that are missing in the decision log", log[1].clone());
        registry.register_with_unit("log_written", "Bytes of the decision log", Unit::Bytes, log[2].clone());
        registry.register("log_up", "Whether the decision log can be written; 1 without one", log_up.clone());
        registry.register("catalog_store_up", "Whether the catalog store answers", changeable.clone());
        let steps = STEPS.map(|step| steps.get_or_create_owned(&StepLabel { step: step.as_str() }));
        // Every series starts at 0: the growth of a series that is missing cannot be seen.
        CAUSES.iter().for_each(|cause| drop(failures.get_or_create(&Cause { cause })));
        EVENTS.iter().for_each(|event| drop(changes.get_or_create(&Happening { event })));
        let route = || Name(DECISIONS.into());
        let request = Request { method: Method("POST"), route: route(), status: 200 };
        let decided =
            (requests.get_or_create_owned(&request), request_seconds.get_or_create_owned(&Route { route: route() }));
        let over_budget = Budget::ALL.map(|budget| over_budget.get_or_create_owned(&budget.into()));
        let highest = Budget::ALL.map(|budget| highest.get_or_create_owned(&budget.into()));
        let code = |index: usize| CODES.get(index).copied().unwrap_or(OWN);
        let refusals = std::array::from_fn(|index| refusals.get_or_create_owned(&CodeLabel { code: code(index) }));
        Self {
            registry,
            steps,
            refusals,
            decisions,
            failures,
            changes,
            requests,
            request_seconds,
            decided,
            store,
            store_failures,
            over_budget,
            highest,
            connections_refused,
            shed,
            in_progress,
            waiting,
            connections,
            revision,
            changeable,
            unhealthy_senders,
            receipts,
            pins_answer,
            log,
            log_up,
        }
    }
}

/// What one request decided. Added to the counters once per request.
#[derive(Debug, Default)]
pub(crate) struct Decided {
    steps: [u32; STEPS.len()],
    refusals: [u32; CODES.len() + 1],
    messages: u32,
}

impl Decided {
    pub(crate) fn add(&mut self, decision: &DecisionRef<'_>) {
        self.messages += 1;
        if let Some(step) = decision.step() {
            // An unknown step is not counted.
            if let Some(at) = STEPS.iter().position(|known| *known == step) {
                self.steps[at] += 1;
            }
        } else if let Some(refusal) = decision.refusal() {
            let code = refusal.code();
            let at = CODES.iter().position(|known| *known == code).unwrap_or(CODES.len());
            self.refusals[at] += 1;
        }
    }
}

/// One more, until it is dropped: also if what it counts is broken off.
pub(crate) fn during(gauge: &Gauge) -> impl Drop + '_ {
    struct During<'a>(&'a Gauge);
    impl Drop for During<'_> {
        fn drop(&mut self) {
            self.0.dec();
        }
    }
    gauge.inc();
    During(gauge)
}

impl Metrics {
    /// Counts what a request decided, and how long that took.
    pub(crate) fn decided(&self, decided: &Decided, took: Duration) {
        let counts = self.steps.iter().zip(decided.steps).chain(self.refusals.iter().zip(decided.refusals));
        for (counter, count) in counts.filter(|(_, count)| *count > 0) {
            counter.inc_by(count.into());
        }
        if decided.messages > 0 {
            self.decisions.observe(took.as_secs_f64() / f64::from(decided.messages));
        }
    }

    pub(crate) fn happened(&self, what: &EventKind) {
        let event = match what {
            EventKind::Failed { kind, .. } => {
                self.failures.get_or_create(&Cause { cause: kind }).inc();
                return;
            }
            EventKind::Swapped { .. } => "swapped",
            EventKind::RolledBack { .. } => "rolled_back",
            EventKind::Unbound { .. } => "unbound",
            EventKind::Rejected { .. } => "rejected",
            EventKind::Shadowed { .. } => "shadowed",
            EventKind::Canary { .. } => "canary",
            EventKind::Withdrawn { .. } => "withdrawn",
            EventKind::AutoRolledBack { .. } => "recalled",
            EventKind::CircuitOpened { .. } => "rested",
            EventKind::CircuitClosed { .. } => "recovered",
            _ => "other",
        };
        self.changes.get_or_create(&Happening { event }).inc();
    }

    /// Counts receipts.
    pub(crate) fn received(&self, counts: &Counts) {
        for (counter, more) in self.receipts.iter().zip([counts.delivered, counts.undelivered, counts.blocked]) {
            counter.inc_by(more);
        }
    }

    /// Sets what the decision log has done so far.
    pub(crate) fn set_log(&self, counters: LogCounters) {
        for (counter, count) in self.log.iter().zip([counters.recorded, counters.dropped, counters.bytes]) {
            counter.inner().fetch_max(count, Ordering::Relaxed);
        }
        self.log_up.set(counters.failing_since.is_none().into());
    }

    /// Counts a request. `route` is the template of its path.
    pub(crate) fn answered(&self, method: &http::Method, route: &str, status: u16, took: Duration) {
        if route == DECISIONS && status == 200 && method == http::Method::POST {
            self.decided.0.inc();
            self.decided.1.observe(took.as_secs_f64());
            return;
        }
        let method = match method.as_str() {
            "GET" => "GET",
            "POST" => "POST",
            "PUT" => "PUT",
            "PATCH" => "PATCH",
            "DELETE" => "DELETE",
            "HEAD" => "HEAD",
            "OPTIONS" => "OPTIONS",
            _ => "OTHER",
        };
        let route = Name(route.into());
        self.request_seconds.get_or_create(&Route { route: route.clone() }).observe(took.as_secs_f64());
        self.requests.get_or_create(&Request { method: Method(method), route, status }).inc();
    }

    /// Counts that a tenant was over a budget.
    pub(crate) fn over_budget(&self, budget: Budget) {
        self.over_budget[budget as usize].inc();
    }

    /// Sets how much of each budget that tenant uses which uses most of it.
    pub(crate) fn set_highest(&self, highest: [Option<f64>; Budget::ALL.len()]) {
        for (gauge, highest) in self.highest.iter().zip(highest) {
            gauge.set(highest.unwrap_or_default());
        }
    }

    /// Measures an operation of a store.
    pub(crate) fn stored(&self, store: &'static str, operation: &'static str, took: Duration) {
        self.store.get_or_create(&Operation { store, operation }).observe(took.as_secs_f64());
    }

    /// The failures of a store.
    pub(crate) fn store_failures(&self, store: &'static str) -> Counter {
        self.store_failures.get_or_create_owned(&StoreLabel { store })
    }

    /// All metrics as text, in the OpenMetrics format.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
