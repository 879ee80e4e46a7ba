//! The snapshot that decisions are made with: one revision, the store of pins, the source of signals, and the policy of
//! every scope. It is immutable, and replaced as a whole.

use std::sync::Arc;

use callsign_sticky::StickyStore;
use hashbrown::{HashMap, HashSet};

use crate::bindings::BindingTarget;
use crate::bindings::{BoundPolicy, Route};
use crate::lanes::Tenant;
use crate::message::Message;
use crate::recording::{Log, Recording};
use callsign_catalog::PVec;
use callsign_engine::Policy;
use callsign_index::{DEFAULT_APPLICATION, Revision, SignalSource};

/// The number of the platform's route, which always exists.
pub(crate) const PLATFORM: u16 = 0;

/// One revision, the store of pins, and the routes of all scopes.
pub(crate) struct Snapshot {
    pub(crate) revision: Arc<Revision>,
    pub(crate) sticky: Arc<dyn StickyStore>,
    /// Where the signals come from: they are not part of the snapshot, so a change of health makes no other one.
    pub(crate) signals: Arc<dyn SignalSource>,
    pub(crate) routes: Arc<Vec<Arc<Route>>>,
    /// The standard policy, for bindings whose failure rule asks for it.
    pub(crate) standard: Option<Arc<Policy>>,
    /// Every policy that may be called, each once.
    policies: Arc<Vec<Arc<Policy>>>,
    target: Arc<BoundNames>,
    /// The route of each scope; empty while the platform's serves all.
    by_scope: PVec<u16>,
    /// What decisions are recorded with; none if they are not.
    pub(crate) recording: Option<Recording>,
}

/// The routes of applications and entities that are bound.
#[derive(Default)]
struct BoundNames {
    applications: HashMap<Box<str>, u16>,
    entities: HashMap<Names, u16>,
}

/// Which policy answered a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct AnsweredBy {
    pub(crate) route: u16,
    pub(crate) role: Role,
}

/// Which policy of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    Active,
    Candidate,
    Standard,
}

impl Snapshot {
    /// A snapshot with these routes; the first must be the platform's. It records nothing.
    pub(crate) fn new(
        revision: Arc<Revision>,
        (sticky, signals): (Arc<dyn StickyStore>, Arc<dyn SignalSource>),
        routes: Vec<Arc<Route>>,
        standard: Option<Arc<Policy>>,
    ) -> Self {
        let target = BoundNames::of(&routes);
        let by_scope = match routes.len() {
            0 | 1 => PVec::default(),
            _ => revision.scope_names(0).map(|names| target.route_of(names)).collect(),
        };
        let policies = Arc::new(policies(&routes, standard.as_ref()));
        let (routes, target) = (Arc::new(routes), Arc::new(target));
        Self { revision, sticky, signals, routes, standard, policies, target, by_scope, recording: None }
    }

    /// The same with other routes.
    pub(crate) fn with_routes(&self, routes: Vec<Arc<Route>>, standard: Option<Arc<Policy>>) -> Self {
        let kept = (Arc::clone(&self.sticky), Arc::clone(&self.signals));
        let mut after = Self::new(Arc::clone(&self.revision), kept, routes, standard);
        if let Some(before) = &self.recording {
            after.recording = Some(after.record_to(Arc::clone(before.log()), Some(before)));
        }
        after
    }

    /// The same, recorded in a log; in none if there is none.
    pub(crate) fn with_log(&self, log: Option<Arc<Log>>) -> Self {
        let recording = log.map(|log| self.record_to(log, None));
        Self { recording, ..self.with_signals(Arc::clone(&self.signals)) }
    }

    fn record_to(&self, log: Arc<Log>, before: Option<&Recording>) -> Recording {
        Recording::new(log, &self.revision, &self.routes, self.standard.as_ref(), before)
    }

    /// The same with signals from another source.
    pub(crate) fn with_signals(&self, signals: Arc<dyn SignalSource>) -> Self {
        Self {
            revision: Arc::clone(&self.revision),
            sticky: Arc::clone(&self.sticky),
            signals,
            routes: Arc::clone(&self.routes),
            standard: self.standard.clone(),
            policies: Arc::clone(&self.policies),
            target: Arc::clone(&self.target),
            by_scope: self.by_scope.clone(),
            recording: self.recording.as_ref().map(Recording::share),
        }
    }

    /// The same with another revision. If it came after the present one, only the routes of new scopes are looked up.
    pub(crate) fn with_revision(&self, revision: Arc<Revision>) -> Self {
        let comes_next =
            revision.shares_with() == self.revision.number() && revision.origin() == self.revision.origin();
        let mut by_scope = if comes_next { self.by_scope.clone() } else { PVec::default() };
        if self.routes.len() > 1 {
            by_scope.extend(revision.scope_names(by_scope.len()).map(|names| self.target.route_of(names)));
        }
        Self {
            recording: self.recording.as_ref().map(|recording| recording.of_revision(&revision)),
            revision,
            sticky: Arc::clone(&self.sticky),
            signals: Arc::clone(&self.signals),
            routes: Arc::clone(&self.routes),
            standard: self.standard.clone(),
            policies: Arc::clone(&self.policies),
            target: Arc::clone(&self.target),
            by_scope,
        }
    }

    /// The route of a message of a scope.
    #[inline]
    pub(crate) fn route_of(&self, scope: u32, message: &Message<'_>) -> u16 {
        if self.by_scope.is_empty() {
            return PLATFORM;
        }
        if let Some(entity) = message.entity
            && self.revision.scope(scope).is_none_or(|scope| scope.entity.is_none())
        {
            let application = message.application.unwrap_or(DEFAULT_APPLICATION);
            if let Some(&route) = self.target.entities.get(&(application, entity)) {
                return route;
            }
        }
        self.by_scope.get(scope as usize).copied().unwrap_or(PLATFORM)
    }

    /// The application of a scope, as the hash of its name; 0 for applications that the catalog does not list.
    #[cold]
    pub(crate) fn tenant(&self, scope: u32) -> Tenant {
        self.revision.scope(scope).map_or(0, |scope| scope.application_hash)
    }

    /// The route of a binding.
    pub(crate) fn route(&self, target: &BindingTarget) -> Option<&Arc<Route>> {
        self.routes.iter().find(|route| route.target == *target)
    }

    /// Every policy that may be called, each once.
    pub(crate) fn policies(&self) -> impl Iterator<Item = &Arc<Policy>> {
        self.policies.iter()
    }

    /// The policy that answered.
    pub(crate) fn policy(&self, by: AnsweredBy) -> &Arc<Policy> {
        let route = &self.routes[usize::from(by.route)];
        match by.role {
            Role::Active => &route.active.binding.policy,
            Role::Candidate => route.canary.as_ref().map_or(&route.active, |canary| &canary.bound).policy(),
            Role::Standard => self.standard.as_ref().unwrap_or(&route.active.binding.policy),
        }
    }
}

impl BoundPolicy {
    fn policy(&self) -> &Arc<Policy> {
        &self.binding.policy
    }
}

fn policies(routes: &[Arc<Route>], standard: Option<&Arc<Policy>>) -> Vec<Arc<Policy>> {
    let members = routes.iter().flat_map(|route| {
        let canary = route.canary.as_ref().map(|canary| &canary.bound);
        let shadow = route.shadow.as_ref().map(|shadow| &shadow.bound);
        [Some(&route.active), canary, shadow].into_iter().flatten()
    });
    let mut seen = HashSet::new();
    let all = members.map(|bound| bound.policy()).chain(standard);
    all.filter(|policy| seen.insert(Arc::as_ptr(policy))).cloned().collect()
}

impl BoundNames {
    fn of(routes: &[Arc<Route>]) -> Self {
        let mut names = Self::default();
        for (number, route) in (0..).zip(routes) {
            match &route.target {
                BindingTarget::Platform => {}
                BindingTarget::Application(application) => drop(names.applications.insert(application.clone(), number)),
                BindingTarget::Entity(application, entity) => {
                    names.entities.insert(Names(application.clone(), entity.clone()), number);
                }
            }
        }
        names
    }

    fn route_of(&self, names: Option<(&str, Option<&str>)>) -> u16 {
        let number = names.and_then(|(application, entity)| {
            let own = entity.and_then(|entity| self.entities.get(&(application, entity)));
            own.or_else(|| self.applications.get(application))
        });
        number.copied().unwrap_or(PLATFORM)
    }
}

/// Application and entity.
#[derive(PartialEq, Eq)]
struct Names(Box<str>, Box<str>);

impl std::hash::Hash for Names {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (&*self.0, &*self.1).hash(state);
    }
}

impl hashbrown::Equivalent<Names> for (&str, &str) {
    fn equivalent(&self, names: &Names) -> bool {
        self.0 == &*names.0 && self.1 == &*names.1
    }
}
