//! The bindings of a gateway and how they change: swap, roll back, shadow, canary. Every change is published as one new
//! [`Serving`]; the callers take no lock and see no gap.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use callsign_sticky::StickyStore;
use hashbrown::{HashMap, HashSet};
use semver::VersionReq;

use crate::ask;
use crate::binding::{Binding, Bound, OnFailure};
use crate::catalog::Catalog;
use crate::event::{Event, What};
use crate::policy::{Failure, Policy, PolicyError};
use crate::revision::{Revision, SameKey};
use crate::route::{Canary, Comparison, Member, Recall, Route, Shadow};
use crate::serving::Serving;
use crate::store::StoreError;

/// How many earlier bindings of each scope are kept for a rollback.
const HISTORY: usize = 16;

/// The most bindings of one gateway; routes are numbered in 16 bits.
const MOST_BINDINGS: usize = 60_000;

type Listener = Arc<dyn Fn(&Event) + Send + Sync>;

/// What a gateway serves with, and who may change it: one at a time.
pub(crate) struct Control {
    pub(crate) serving: ArcSwap<Serving>,
    past: Mutex<HashMap<Bound, VecDeque<Past>>>,
    listeners: ArcSwap<Vec<Listener>>,
}

/// A binding that served before.
#[derive(Debug, Clone)]
struct Past {
    binding: Binding,
    until: SystemTime,
}

/// A policy that served, or serves, a binding.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Served {
    /// The policy, as `name@version`.
    pub policy: Arc<str>,
    /// When it was taken off; none for the one that serves.
    pub until: Option<SystemTime>,
}

type Changes<'a> = MutexGuard<'a, HashMap<Bound, VecDeque<Past>>>;

impl Control {
    pub(crate) fn new(revision: Revision, platform: Binding, sticky: Arc<dyn StickyStore>) -> Arc<Self> {
        Arc::new_cyclic(|control| {
            let active = Arc::new(Member::new(platform, Bound::Platform, control.clone()));
            let route = Arc::new(Route { bound: Bound::Platform, active, canary: None, shadow: None });
            let serving = Serving::new(Arc::new(revision), sticky, vec![route], None);
            Self { serving: ArcSwap::from_pointee(serving), past: Mutex::default(), listeners: ArcSwap::default() }
        })
    }

    fn change(&self) -> Changes<'_> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn listen(&self, listener: Listener) {
        self.listeners.rcu(|listeners| {
            let mut listeners = Vec::clone(listeners);
            listeners.push(Arc::clone(&listener));
            listeners
        });
    }

    pub(crate) fn report(&self, event: &Event) {
        // No lock is held: what a listener does may cause an event.
        for listener in self.listeners.load_full().iter() {
            listener(event);
        }
    }

    /// Serves another catalog.
    pub(crate) fn replace_catalog(&self, catalog: Catalog) -> Result<(), SameKey> {
        let _one_at_a_time = self.change();
        let serving = self.serving.load_full();
        let revision = Revision::after(&serving.revision, catalog)?;
        self.serve_revision(&serving, revision);
        Ok(())
    }

    /// Serves a revision that was made before.
    pub(crate) fn replace_revision(&self, revision: Revision) -> Result<(), SameKey> {
        let _one_at_a_time = self.change();
        let serving = self.serving.load_full();
        let is_next = revision.shares_with() == serving.revision.number();
        // Places of scopes are those of the revision before, so one that was made after another one is made anew.
        let revision = if is_next { revision } else { Revision::after(&serving.revision, revision.into_catalog())? };
        self.serve_revision(&serving, revision);
        Ok(())
    }

    /// Changes are under way: nobody else makes one.
    fn serve_revision(&self, serving: &Arc<Serving>, revision: Revision) {
        self.serving.store(Arc::new(serving.with_revision(Arc::new(revision))));
        // Idle instances keep the catalog of their last call in memory until the next call of their thread. Where calls
        // come often that is soon, and what they have made of it is worth keeping; others lose it at the second change.
        for policy in serving.policies() {
            policy.forget_idle_before(serving.revision.number());
        }
    }

    /// Serves by other routes.
    fn publish(&self, before: &Serving, routes: Vec<Arc<Route>>) {
        let standard = before.standard.clone().or_else(|| {
            // Made by `prepare` when the first binding that wants it was tried.
            routes.iter().find_map(|route| route.active.fallback.clone())
        });
        let after = Serving::new(Arc::clone(&before.revision), Arc::clone(&before.sticky), routes, standard);
        for policy in after.policies() {
            policy.serve(true);
        }
        let serve: HashSet<*const Policy> = after.policies().map(Arc::as_ptr).collect();
        let retired = before.policies().filter(|old| !serve.contains(&Arc::as_ptr(old)));
        let retired: Vec<Arc<Policy>> = retired.cloned().collect();
        self.serving.store(Arc::new(after));
        for policy in retired {
            policy.serve(false);
        }
    }

    /// Changes one route: `change` gets the present one, if there is one, and gives the next, or none to unbind.
    fn route(&self, bound: &Bound, change: impl FnOnce(Option<&Route>) -> Option<Route>) {
        let serving = self.serving.load_full();
        let mut routes = Vec::clone(&serving.routes);
        let at = routes.iter().position(|route| route.bound == *bound);
        match (change(at.map(|at| &*routes[at])), at) {
            (Some(route), Some(at)) => routes[at] = Arc::new(route),
            (Some(route), None) => routes.push(Arc::new(route)),
            (None, Some(at)) => drop(routes.remove(at)),
            (None, None) => return,
        }
        self.publish(&serving, routes);
    }

    /// Makes a binding ready that somebody gave. Whatever a copy of it passes over elsewhere, it begins anew.
    fn prepare(self: &Arc<Self>, bound: &Bound, mut binding: Binding) -> Result<Arc<Member>, SwapError> {
        binding.passed_over = Arc::default();
        self.make_ready(bound, binding)
    }

    /// Makes a binding ready: its fallback compiled, instances warm, its probes answered as they should be.
    pub(crate) fn make_ready(self: &Arc<Self>, bound: &Bound, binding: Binding) -> Result<Arc<Member>, SwapError> {
        let label: Arc<str> = binding.policy.label().into();
        let ready = self.try_binding(bound, binding);
        if let Err(error) = &ready {
            self.report_rejected(bound, label, error);
        }
        ready
    }

    /// Says that a policy was not put to use.
    pub(crate) fn report_rejected(&self, bound: &Bound, policy: Arc<str>, error: &SwapError) {
        self.report(&Event { bound: bound.clone(), what: What::Rejected { policy, reason: error.to_string() } });
    }

    /// Whether a binding would be put to use as things are; nothing changes, and nothing is reported.
    pub(crate) fn check(self: &Arc<Self>, bound: &Bound, binding: Binding) -> Result<(), SwapError> {
        self.try_binding(bound, binding).map(drop)
    }

    fn try_binding(self: &Arc<Self>, bound: &Bound, binding: Binding) -> Result<Arc<Member>, SwapError> {
        let serving = self.serving.load_full();
        let is_new = serving.route(bound).is_none();
        if is_new && serving.routes.len() >= MOST_BINDINGS {
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
        for probe in &binding.probes {
            ask::probe(&serving, &binding.policy, probe)
                .map_err(|reason| SwapError::Probe { to: probe.message().to.into(), reason })?;
        }
        let fallback = match (binding.on_failure, &serving.standard) {
            (OnFailure::Standard, Some(standard)) => Some(Arc::clone(standard)),
            (OnFailure::Standard, None) => Some(Arc::new(Policy::standard()?)),
            (OnFailure::Refuse, _) => None,
        };
        let mut member = Member::new(binding, bound.clone(), Arc::downgrade(self));
        member.fallback = fallback;
        Ok(Arc::new(member))
    }

    pub(crate) fn swap(self: &Arc<Self>, bound: &Bound, binding: Binding) -> Result<(), SwapError> {
        let member = self.prepare(bound, binding)?;
        let to = member.binding.policy.label().into();
        let mut past = self.change();
        let from = self.activate(&mut past, bound, member);
        drop(past);
        self.report(&Event { bound: bound.clone(), what: What::Swapped { from, to } });
        Ok(())
    }

    /// Lets a member serve in the place of one, unless that one does not serve any more, or has a candidate beside it:
    /// then false.
    pub(crate) fn activate_after(&self, before: &Arc<Member>, member: Arc<Member>) -> bool {
        let bound = before.bound.clone();
        let to = member.binding.policy.label().into();
        let mut past = self.change();
        let serving = self.serving.load_full();
        let serves = serving
            .routes
            .iter()
            .any(|route| Arc::ptr_eq(&route.active, before) && route.canary.is_none() && route.shadow.is_none());
        if !serves {
            return false;
        }
        let from = self.activate(&mut past, &bound, member);
        drop(past);
        self.report(&Event { bound, what: What::Swapped { from, to } });
        true
    }

    /// Lets a member serve. The one before becomes history; candidates beside it go.
    fn activate(&self, past: &mut Changes<'_>, bound: &Bound, member: Arc<Member>) -> Option<Arc<str>> {
        let mut from = None;
        self.route(bound, |route| {
            if let Some(route) = route {
                let binding = route.active.binding.clone();
                from = Some(binding.policy.label().into());
                let history = past.entry(bound.clone()).or_default();
                history.push_back(Past { binding, until: SystemTime::now() });
                if history.len() > HISTORY {
                    history.pop_front();
                }
            }
            Some(Route { bound: bound.clone(), active: member, canary: None, shadow: None })
        });
        from
    }

    fn active(&self, bound: &Bound) -> Result<Arc<str>, SwapError> {
        let serving = self.serving.load();
        let route = serving.route(bound).ok_or_else(|| SwapError::NotBound { bound: bound.clone() })?;
        Ok(route.active.binding.policy.label().into())
    }

    pub(crate) fn rollback(self: &Arc<Self>, bound: &Bound) -> Result<(), SwapError> {
        let mut past = self.change();
        let serving = self.serving.load_full();
        let taken_off = serving.route(bound).ok_or_else(|| SwapError::NotBound { bound: bound.clone() })?;
        let taken_off = &taken_off.active.binding.policy;
        let from: Arc<str> = taken_off.label().into();
        let history = past.get_mut(bound).and_then(VecDeque::pop_back);
        let Some(before) = history else { return Err(SwapError::NoHistory { bound: bound.clone() }) };
        before.binding.pass_over(taken_off);
        let mut member = Member::new(before.binding, bound.clone(), Arc::downgrade(self));
        if member.binding.on_failure == OnFailure::Standard {
            member.fallback = self.serving.load().standard.clone();
        }
        let to: Arc<str> = member.binding.policy.label().into();
        let member = Arc::new(member);
        self.route(bound, |_| Some(Route { bound: bound.clone(), active: member, canary: None, shadow: None }));
        drop(past);
        self.report(&Event { bound: bound.clone(), what: What::RolledBack { from, to } });
        Ok(())
    }

    pub(crate) fn unbind(&self, bound: &Bound) -> Result<(), SwapError> {
        let mut past = self.change();
        let from = self.active(bound)?;
        if *bound == Bound::Platform {
            return Err(SwapError::Platform);
        }
        past.remove(bound);
        self.route(bound, |_| None);
        drop(past);
        self.report(&Event { bound: bound.clone(), what: What::Unbound { from } });
        Ok(())
    }

    pub(crate) fn history(&self, bound: &Bound) -> Vec<Served> {
        let past = self.change();
        let before = past.get(bound).into_iter().flatten();
        let before = before.map(|past| Served { policy: past.binding.policy.label().into(), until: Some(past.until) });
        before.chain(self.active(bound).ok().map(|policy| Served { policy, until: None })).collect()
    }

    pub(crate) fn shadow(self: &Arc<Self>, bound: &Bound, binding: Binding) -> Result<(), SwapError> {
        let member = self.prepare(bound, binding)?;
        let candidate: Arc<str> = member.binding.policy.label().into();
        let changes = self.change();
        self.active(bound)?;
        self.route(bound, |route| {
            route.map(|route| Route { shadow: Some(Arc::new(Shadow::new(member))), ..route.clone() })
        });
        drop(changes);
        self.report(&Event { bound: bound.clone(), what: What::Shadowed { candidate } });
        Ok(())
    }

    pub(crate) fn comparison(&self, bound: &Bound) -> Option<Comparison> {
        let serving = self.serving.load();
        let route = serving.route(bound)?;
        route.shadow.as_ref().map(|shadow| shadow.comparison())
    }

    pub(crate) fn canary(
        self: &Arc<Self>,
        bound: &Bound,
        binding: Binding,
        per_mille: u16,
        recall: Recall,
    ) -> Result<(), SwapError> {
        let per_mille = per_mille.min(1000);
        let member = self.prepare(bound, binding)?;
        let candidate: Arc<str> = member.binding.policy.label().into();
        let changes = self.change();
        self.active(bound)?;
        self.route(bound, |route| {
            let canary = Some(Arc::new(Canary::new(member, per_mille, recall)));
            route.map(|route| Route { canary, ..route.clone() })
        });
        drop(changes);
        self.report(&Event { bound: bound.clone(), what: What::Canary { candidate, per_mille } });
        Ok(())
    }

    /// The candidate of a binding serves all of it.
    pub(crate) fn promote(self: &Arc<Self>, bound: &Bound) -> Result<(), SwapError> {
        let mut past = self.change();
        let serving = self.serving.load_full();
        let candidate = serving.route(bound).and_then(|route| {
            let canary = route.canary.as_ref().map(|canary| &canary.member);
            canary.or(route.shadow.as_ref().map(|shadow| &shadow.member)).cloned()
        });
        let Some(candidate) = candidate else { return Err(SwapError::NoCandidate { bound: bound.clone() }) };
        let to: Arc<str> = candidate.binding.policy.label().into();
        let from = self.activate(&mut past, bound, candidate);
        drop(past);
        self.report(&Event { bound: bound.clone(), what: What::Swapped { from, to } });
        Ok(())
    }

    /// Takes the candidates of a binding off.
    pub(crate) fn withdraw(&self, bound: &Bound) -> Result<(), SwapError> {
        let changes = self.change();
        let mut gone = Vec::new();
        self.route(bound, |route| {
            route.map(|route| {
                gone.extend(route.canary.as_ref().map(|canary| Arc::clone(&canary.member)));
                gone.extend(route.shadow.as_ref().map(|shadow| Arc::clone(&shadow.member)));
                gone.iter().for_each(|member| route.active.binding.pass_over(&member.binding.policy));
                Route { canary: None, shadow: None, ..route.clone() }
            })
        });
        drop(changes);
        if gone.is_empty() {
            return Err(SwapError::NoCandidate { bound: bound.clone() });
        }
        for member in gone {
            let what = What::Withdrawn { candidate: member.binding.policy.label().into() };
            self.report(&Event { bound: bound.clone(), what });
        }
        Ok(())
    }

    /// Takes a candidate off that went wrong too often, unless that was done already.
    pub(crate) fn recall(&self, member: &Arc<Member>, wrong: u64, answers: u64) {
        let changes = self.change();
        let mut recalled = false;
        self.route(&member.bound, |route| {
            route.map(|route| {
                let is_it = route.canary.as_ref().is_some_and(|canary| Arc::ptr_eq(&canary.member, member));
                recalled = is_it;
                if is_it {
                    route.active.binding.pass_over(&member.binding.policy);
                }
                Route { canary: route.canary.clone().filter(|_| !is_it), ..route.clone() }
            })
        });
        drop(changes);
        if recalled {
            let candidate = member.binding.policy.label().into();
            self.report(&Event { bound: member.bound.clone(), what: What::Recalled { candidate, wrong, answers } });
        }
    }
}

/// Why a policy was not put to use. What served before serves on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SwapError {
    /// No instance of it starts.
    #[error("the policy does not start: {reason}")]
    Start {
        /// What happened.
        reason: String,
    },
    /// It does not accept its settings.
    #[error("the policy does not accept its settings: {reason}")]
    Settings {
        /// What the policy says.
        reason: String,
    },
    /// There is no place for an instance of it at the moment.
    #[error("the policy does not start: all {limit} instances of this process are in a call; try again")]
    Busy {
        /// How many there may be.
        limit: usize,
    },
    /// It is not of a version that its binding is for.
    #[error("{policy} is not of a version that the binding is for, {requirement}")]
    Requirement {
        /// The policy.
        policy: Arc<str>,
        /// The binding's requirement.
        requirement: VersionReq,
    },
    /// The module cannot be loaded from the store, or does not accept the settings of the binding.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It does not answer a probe as it should.
    #[error("the probe to {to} failed: {reason}")]
    Probe {
        /// `to` of the probe.
        to: Box<str>,
        /// What happened.
        reason: String,
    },
    /// There is no such binding.
    #[error("nothing is bound to {bound}: swap a policy in first")]
    NotBound {
        /// Whose binding.
        bound: Bound,
    },
    /// There is nothing to go back to.
    #[error("{bound} had no policy before this one")]
    NoHistory {
        /// Whose binding.
        bound: Bound,
    },
    /// There is no candidate.
    #[error("{bound} has no candidate: begin with a shadow or a canary")]
    NoCandidate {
        /// Whose binding.
        bound: Bound,
    },
    /// The platform cannot be without a policy.
    #[error("the platform's binding can be swapped, but not removed")]
    Platform,
    /// There are too many bindings.
    #[error("a gateway has at most {limit} bindings")]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
    /// The standard policy, which the failure rule asks for, cannot run.
    #[error(transparent)]
    Standard(#[from] PolicyError),
}
