//! The bindings of a gateway and how they change: swap, roll back, shadow, canary. Every change is published as one new
//! [`Snapshot`]; the callers take no lock and see no gap.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use callsign_catalog::Catalog;
use callsign_engine::{Failure, Policy, PolicyError};
use callsign_index::{Revision, SenderKeyCollision, SignalBoard, SignalSource};
use callsign_sticky::StickyStore;
use hashbrown::{HashMap, HashSet};

use super::binding::{Binding, OnFailure};
use super::canary::{AutoRollback, Canary};
use super::error::SwapError;
use super::health::{BoundPolicy, Supervisor};
use super::history::{HISTORY, Past, Served};
use super::route::Route;
use super::shadow::{Comparison, Shadow};
use super::target::BindingTarget;
use crate::event::{Event, EventKind};
use crate::lanes::{LaneOptions, SlowLane};
use crate::recording::Log;
use crate::resolve::probe::probe;
use crate::snapshot::Snapshot;

/// The most bindings of one gateway; routes are numbered in 16 bits.
pub(super) const MOST_BINDINGS: usize = 60_000;

type Listener = Arc<dyn Fn(&Event) + Send + Sync>;

/// What a gateway serves with, and the changes to it, which are made one at a time.
pub(crate) struct Control {
    pub(crate) snapshot: ArcSwap<Snapshot>,
    past: Mutex<HashMap<BindingTarget, VecDeque<Past>>>,
    listeners: ArcSwap<Vec<Listener>>,
    pub(crate) slow_lane: Arc<SlowLane>,
}

pub(super) type Changes<'a> = MutexGuard<'a, HashMap<BindingTarget, VecDeque<Past>>>;

impl Control {
    pub(crate) fn new(
        revision: Revision,
        platform: Binding,
        sticky: Arc<dyn StickyStore>,
        lanes: LaneOptions,
    ) -> Arc<Self> {
        Arc::new_cyclic(|control| {
            let active =
                Arc::new(BoundPolicy::new(platform, BindingTarget::Platform, control.clone() as Weak<dyn Supervisor>));
            let route = Arc::new(Route { target: BindingTarget::Platform, active, canary: None, shadow: None });
            // Every sender is healthy until somebody says otherwise.
            let signals = Arc::new(SignalBoard::new());
            let snapshot = Snapshot::new(Arc::new(revision), (sticky, signals), vec![route], None);
            Self {
                snapshot: ArcSwap::from_pointee(snapshot),
                past: Mutex::default(),
                listeners: ArcSwap::default(),
                slow_lane: Arc::new(SlowLane::new(lanes)),
            }
        })
    }

    pub(super) fn change(&self) -> Changes<'_> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn listen(&self, listener: Listener) {
        self.listeners.rcu(|listeners| {
            let mut listeners = Vec::clone(listeners);
            listeners.push(Arc::clone(&listener));
            listeners
        });
    }

    pub(super) fn supervisor(self: &Arc<Self>) -> Weak<dyn Supervisor> {
        let control: Weak<Self> = Arc::downgrade(self);
        control
    }

    /// Serves another catalog.
    pub(crate) fn replace_catalog(&self, catalog: Catalog) -> Result<(), SenderKeyCollision> {
        let _one_at_a_time = self.change();
        let snapshot = self.snapshot.load_full();
        let revision = Revision::after(&snapshot.revision, catalog)?;
        self.serve_revision(&snapshot, Arc::new(revision));
        Ok(())
    }

    /// Serves a revision that was made before.
    pub(crate) fn replace_revision(&self, revision: Arc<Revision>) -> Result<(), SenderKeyCollision> {
        let _one_at_a_time = self.change();
        let snapshot = self.snapshot.load_full();
        let is_next = revision.shares_with() == snapshot.revision.number();
        // Places of scopes are those of the revision before, so one that was made after another one is made anew.
        let again = || Revision::after(&snapshot.revision, revision.catalog().clone()).map(Arc::new);
        let revision = if is_next { revision } else { again()? };
        self.serve_revision(&snapshot, revision);
        Ok(())
    }

    /// Serves a revision that was made after the one that serves.
    ///
    /// # Errors
    /// Another one serves by now: its number.
    pub(crate) fn serve_next(&self, revision: Revision) -> Result<Arc<Revision>, u64> {
        let _one_at_a_time = self.change();
        let snapshot = self.snapshot.load_full();
        if revision.shares_with() != snapshot.revision.number() {
            return Err(snapshot.revision.number());
        }
        Ok(self.serve_revision(&snapshot, Arc::new(revision)))
    }

    /// Reads signals from another source.
    pub(crate) fn use_signals(&self, signals: Arc<dyn SignalSource>) {
        let _one_at_a_time = self.change();
        let snapshot = self.snapshot.load_full();
        self.snapshot.store(Arc::new(snapshot.with_signals(signals)));
    }

    /// Records decisions in a log, or in none.
    pub(crate) fn record_to(&self, log: Option<Arc<Log>>) {
        let _one_at_a_time = self.change();
        let snapshot = self.snapshot.load_full();
        self.snapshot.store(Arc::new(snapshot.with_log(log)));
    }

    /// Publishes a revision. The caller holds the lock on changes.
    fn serve_revision(&self, snapshot: &Arc<Snapshot>, revision: Arc<Revision>) -> Arc<Revision> {
        self.snapshot.store(Arc::new(snapshot.with_revision(Arc::clone(&revision))));
        // Idle instances keep the catalog of their last call in memory until the next call of their thread. Where calls
        // come often that is soon, and what they have made of it is worth keeping; others lose it at the second change.
        for policy in snapshot.policies() {
            policy.forget_idle_before(snapshot.revision.number());
        }
        revision
    }

    /// Publishes other routes.
    pub(super) fn publish(&self, before: &Snapshot, routes: Vec<Arc<Route>>) {
        let standard = before.standard.clone().or_else(|| {
            // Made by `prepare` when the first binding that wants it was tried.
            routes.iter().find_map(|route| route.active.fallback.clone())
        });
        let after = before.with_routes(routes, standard);
        for policy in after.policies() {
            policy.serve(true);
        }
        let serve: HashSet<*const Policy> = after.policies().map(Arc::as_ptr).collect();
        let retired = before.policies().filter(|old| !serve.contains(&Arc::as_ptr(old)));
        let retired: Vec<Arc<Policy>> = retired.cloned().collect();
        self.snapshot.store(Arc::new(after));
        for policy in retired {
            policy.serve(false);
        }
    }

    /// Changes one route: `change` gets the present route, if any, and gives the next one, or none to unbind.
    fn route(&self, target: &BindingTarget, change: impl FnOnce(Option<&Route>) -> Option<Route>) {
        let snapshot = self.snapshot.load_full();
        let mut routes = Vec::clone(&snapshot.routes);
        let at = routes.iter().position(|route| route.target == *target);
        match (change(at.map(|at| &*routes[at])), at) {
            (Some(route), Some(at)) => routes[at] = Arc::new(route),
            (Some(route), None) => routes.push(Arc::new(route)),
            (None, Some(at)) => drop(routes.remove(at)),
            (None, None) => return,
        }
        self.publish(&snapshot, routes);
    }

    /// Makes a binding ready that an operator gave. It starts without skipped versions.
    fn prepare(self: &Arc<Self>, target: &BindingTarget, mut binding: Binding) -> Result<Arc<BoundPolicy>, SwapError> {
        binding.skipped_versions = Arc::default();
        self.make_ready(target, binding)
    }

    /// Makes a binding ready: its fallback is compiled, its instances are warm, its probes pass.
    pub(crate) fn make_ready(
        self: &Arc<Self>,
        target: &BindingTarget,
        binding: Binding,
    ) -> Result<Arc<BoundPolicy>, SwapError> {
        let label: Arc<str> = binding.policy.label().into();
        let ready = self.try_binding(target, binding);
        if let Err(error) = &ready {
            self.report_rejected(target, label, error);
        }
        ready
    }

    /// Reports that a policy was rejected.
    pub(crate) fn report_rejected(&self, target: &BindingTarget, policy: Arc<str>, error: &SwapError) {
        self.report(&Event { target: target.clone(), kind: EventKind::Rejected { policy, reason: error.to_string() } });
    }

    /// Whether a binding would be accepted now. Nothing changes, and nothing is reported.
    pub(crate) fn check(self: &Arc<Self>, target: &BindingTarget, binding: Binding) -> Result<(), SwapError> {
        self.try_binding(target, binding).map(drop)
    }

    fn try_binding(self: &Arc<Self>, target: &BindingTarget, binding: Binding) -> Result<Arc<BoundPolicy>, SwapError> {
        let snapshot = self.snapshot.load_full();
        let is_new = snapshot.route(target).is_none();
        if is_new && snapshot.routes.len() >= MOST_BINDINGS {
            return Err(SwapError::TooMany { limit: MOST_BINDINGS });
        }
        if let Some(requirement) = &binding.requirement
            && binding.policy.identity().1.is_none_or(|version| !requirement.matches(&version))
        {
            let policy = binding.policy.label().into();
            return Err(SwapError::Requirement { policy, requirement: requirement.clone() });
        }
        binding.policy.check_settings().map_err(|error| match error {
            PolicyError::Settings { reason } => SwapError::Settings { reason },
            PolicyError::Start { reason } => SwapError::Start { reason },
            PolicyError::Busy { limit } => SwapError::Busy { limit },
            error => SwapError::Start { reason: error.to_string() },
        })?;
        binding.policy.serve(true);
        binding.policy.warm().map_err(|failure| match failure {
            Failure::Busy(limit) => SwapError::Busy { limit },
            failure => SwapError::Start { reason: failure.to_string() },
        })?;
        for expected in &binding.probes {
            probe(&snapshot, &self.slow_lane, &binding.policy, expected)
                .map_err(|reason| SwapError::Probe { to: expected.message().to().into(), reason })?;
        }
        let fallback = match (binding.on_failure, &snapshot.standard) {
            (OnFailure::Standard, Some(standard)) => Some(Arc::clone(standard)),
            (OnFailure::Standard, None) => Some(Arc::new(Policy::standard()?)),
            (OnFailure::Refuse, _) => None,
        };
        let mut bound = BoundPolicy::new(binding, target.clone(), self.supervisor());
        bound.fallback = fallback;
        Ok(Arc::new(bound))
    }

    pub(crate) fn swap(self: &Arc<Self>, target: &BindingTarget, binding: Binding) -> Result<(), SwapError> {
        let bound = self.prepare(target, binding)?;
        let to = bound.binding.policy.label().into();
        let mut past = self.change();
        let from = self.activate(&mut past, target, bound);
        drop(past);
        self.report(&Event { target: target.clone(), kind: EventKind::Swapped { from, to } });
        Ok(())
    }

    /// Puts a policy in the place of another one. False where that one does not serve any more, or has a candidate.
    pub(crate) fn activate_after(&self, before: &Arc<BoundPolicy>, bound: Arc<BoundPolicy>) -> bool {
        let target = before.target.clone();
        let to = bound.binding.policy.label().into();
        let mut past = self.change();
        let snapshot = self.snapshot.load_full();
        let serves = snapshot
            .routes
            .iter()
            .any(|route| Arc::ptr_eq(&route.active, before) && route.canary.is_none() && route.shadow.is_none());
        if !serves {
            return false;
        }
        let from = self.activate(&mut past, &target, bound);
        drop(past);
        self.report(&Event { target, kind: EventKind::Swapped { from, to } });
        true
    }

    /// Lets a policy serve. The one before becomes history; its candidates are dropped.
    fn activate(&self, past: &mut Changes<'_>, target: &BindingTarget, bound: Arc<BoundPolicy>) -> Option<Arc<str>> {
        let mut from = None;
        self.route(target, |route| {
            // What was never ready is nothing to go back to.
            if let Some(route) = route.filter(|route| !route.active.is_starting()) {
                let binding = route.active.binding.clone();
                from = Some(binding.policy.label().into());
                let history = past.entry(target.clone()).or_default();
                history.push_back(Past { binding, until: SystemTime::now() });
                if history.len() > HISTORY {
                    history.pop_front();
                }
            }
            Some(Route { target: target.clone(), active: bound, canary: None, shadow: None })
        });
        from
    }

    fn active(&self, target: &BindingTarget) -> Result<Arc<str>, SwapError> {
        let snapshot = self.snapshot.load();
        let route = snapshot.route(target).ok_or_else(|| SwapError::NotBound { target: target.clone() })?;
        Ok(route.active.binding.policy.label().into())
    }

    pub(crate) fn rollback(self: &Arc<Self>, target: &BindingTarget) -> Result<(), SwapError> {
        let mut past = self.change();
        let snapshot = self.snapshot.load_full();
        let taken_off = snapshot.route(target).ok_or_else(|| SwapError::NotBound { target: target.clone() })?;
        let taken_off = &taken_off.active.binding.policy;
        let from: Arc<str> = taken_off.label().into();
        let history = past.get_mut(target).and_then(VecDeque::pop_back);
        let Some(before) = history else { return Err(SwapError::NoHistory { target: target.clone() }) };
        before.binding.skip(taken_off);
        let mut bound = BoundPolicy::new(before.binding, target.clone(), self.supervisor());
        if bound.binding.on_failure == OnFailure::Standard {
            bound.fallback = self.snapshot.load().standard.clone();
        }
        let to: Arc<str> = bound.binding.policy.label().into();
        let bound = Arc::new(bound);
        self.route(target, |_| Some(Route { target: target.clone(), active: bound, canary: None, shadow: None }));
        drop(past);
        self.report(&Event { target: target.clone(), kind: EventKind::RolledBack { from, to } });
        Ok(())
    }

    pub(crate) fn unbind(&self, target: &BindingTarget) -> Result<(), SwapError> {
        let mut past = self.change();
        let from = self.active(target)?;
        if *target == BindingTarget::Platform {
            return Err(SwapError::Platform);
        }
        past.remove(target);
        self.route(target, |_| None);
        drop(past);
        self.report(&Event { target: target.clone(), kind: EventKind::Unbound { from } });
        Ok(())
    }

    pub(crate) fn history(&self, target: &BindingTarget) -> Vec<Served> {
        let past = self.change();
        let before = past.get(target).into_iter().flatten();
        let before = before.map(|past| Served { policy: past.binding.policy.label().into(), until: Some(past.until) });
        before.chain(self.active(target).ok().map(|policy| Served { policy, until: None })).collect()
    }

    pub(crate) fn shadow(self: &Arc<Self>, target: &BindingTarget, binding: Binding) -> Result<(), SwapError> {
        let bound = self.prepare(target, binding)?;
        let candidate: Arc<str> = bound.binding.policy.label().into();
        let changes = self.change();
        self.active(target)?;
        self.route(target, |route| {
            route.map(|route| Route { shadow: Some(Arc::new(Shadow::new(bound))), ..route.clone() })
        });
        drop(changes);
        self.report(&Event { target: target.clone(), kind: EventKind::Shadowed { candidate } });
        Ok(())
    }

    pub(crate) fn comparison(&self, target: &BindingTarget) -> Option<Comparison> {
        let snapshot = self.snapshot.load();
        let route = snapshot.route(target)?;
        route.shadow.as_ref().map(|shadow| shadow.comparison())
    }

    pub(crate) fn canary(
        self: &Arc<Self>,
        target: &BindingTarget,
        binding: Binding,
        per_mille: u16,
        auto_rollback: AutoRollback,
    ) -> Result<(), SwapError> {
        let per_mille = per_mille.min(1000);
        let bound = self.prepare(target, binding)?;
        let candidate: Arc<str> = bound.binding.policy.label().into();
        let changes = self.change();
        self.active(target)?;
        self.route(target, |route| {
            let canary = Some(Arc::new(Canary::new(bound, per_mille, auto_rollback)));
            route.map(|route| Route { canary, ..route.clone() })
        });
        drop(changes);
        self.report(&Event { target: target.clone(), kind: EventKind::Canary { candidate, per_mille } });
        Ok(())
    }

    /// Lets the candidate of a binding serve all of it.
    pub(crate) fn promote(self: &Arc<Self>, target: &BindingTarget) -> Result<(), SwapError> {
        let mut past = self.change();
        let snapshot = self.snapshot.load_full();
        let candidate = snapshot.route(target).and_then(|route| {
            let canary = route.canary.as_ref().map(|canary| &canary.bound);
            canary.or(route.shadow.as_ref().map(|shadow| &shadow.bound)).cloned()
        });
        let Some(candidate) = candidate else { return Err(SwapError::NoCandidate { target: target.clone() }) };
        let to: Arc<str> = candidate.binding.policy.label().into();
        let from = self.activate(&mut past, target, candidate);
        drop(past);
        self.report(&Event { target: target.clone(), kind: EventKind::Swapped { from, to } });
        Ok(())
    }

    /// Withdraws the candidates of a binding.
    pub(crate) fn withdraw(&self, target: &BindingTarget) -> Result<(), SwapError> {
        let changes = self.change();
        let mut gone = Vec::new();
        self.route(target, |route| {
            route.map(|route| {
                gone.extend(route.canary.as_ref().map(|canary| Arc::clone(&canary.bound)));
                gone.extend(route.shadow.as_ref().map(|shadow| Arc::clone(&shadow.bound)));
                gone.iter().for_each(|bound| route.active.binding.skip(&bound.binding.policy));
                Route { canary: None, shadow: None, ..route.clone() }
            })
        });
        drop(changes);
        if gone.is_empty() {
            return Err(SwapError::NoCandidate { target: target.clone() });
        }
        for bound in gone {
            let kind = EventKind::Withdrawn { candidate: bound.binding.policy.label().into() };
            self.report(&Event { target: target.clone(), kind });
        }
        Ok(())
    }
}

/// A policy may outlive the gateway, and its idle instances hold what their last call read: the catalog, and the store of pins, which
/// nobody else could open before they went.
impl Drop for Control {
    fn drop(&mut self) {
        for policy in self.snapshot.load_full().policies() {
            policy.forget_idle();
        }
    }
}

impl Supervisor for Control {
    fn report(&self, event: &Event) {
        // No lock is held: what a listener does may cause an event.
        for listener in self.listeners.load_full().iter() {
            listener(event);
        }
    }

    /// Rolls a canary back, unless that was done already.
    fn roll_back(&self, bound: &Arc<BoundPolicy>, wrong: u64, answers: u64) {
        let changes = self.change();
        let mut rolled_back = false;
        self.route(&bound.target, |route| {
            route.map(|route| {
                let is_it = route.canary.as_ref().is_some_and(|canary| Arc::ptr_eq(&canary.bound, bound));
                rolled_back = is_it;
                if is_it {
                    route.active.binding.skip(&bound.binding.policy);
                }
                Route { canary: route.canary.clone().filter(|_| !is_it), ..route.clone() }
            })
        });
        drop(changes);
        if rolled_back {
            let candidate = bound.binding.policy.label().into();
            self.report(&Event {
                target: bound.target.clone(),
                kind: EventKind::AutoRolledBack { candidate, wrong, answers },
            });
        }
    }
}
