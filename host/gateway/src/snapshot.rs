//! What decisions are made with: one revision, the pins, and the policy of every scope. Immutable, replaced as a whole.

use std::sync::Arc;

use callsign_sticky::StickyStore;
use hashbrown::{HashMap, HashSet};

use crate::bindings::BindingTarget;
use crate::bindings::{BoundPolicy, Route};
use crate::message::Message;
use callsign_catalog::PVec;
use callsign_engine::Policy;
use callsign_index::{DEFAULT_APPLICATION, Revision};

/// The routes are numbered; the platform's is 0 and always there.
pub(crate) const PLATFORM: u16 = 0;

/// What decisions are made with.
pub(crate) struct Snapshot {
    pub(crate) revision: Arc<Revision>,
    pub(crate) sticky: Arc<dyn StickyStore>,
    pub(crate) routes: Arc<Vec<Arc<Route>>>,
    /// Decides where a failure rule wants it.
    pub(crate) standard: Option<Arc<Policy>>,
    /// Every policy that may be called, each once.
    policies: Arc<Vec<Arc<Policy>>>,
    target: Arc<BoundNames>,
    /// The route of each scope; empty while the platform's serves all.
    by_scope: PVec<u16>,
}

/// The routes of applications and entities that are bound.
#[derive(Default)]
struct BoundNames {
    applications: HashMap<Box<str>, u16>,
    entities: HashMap<Names, u16>,
}

/// Who answered a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct By {
    pub(crate) route: u16,
    pub(crate) who: Who,
}

/// Which policy of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Active,
    Candidate,
    Standard,
}

impl Snapshot {
    /// Puts the routes of bindings in place; the first is the platform's.
    pub(crate) fn new(
        revision: Arc<Revision>,
        sticky: Arc<dyn StickyStore>,
        routes: Vec<Arc<Route>>,
        standard: Option<Arc<Policy>>,
    ) -> Self {
        let target = BoundNames::of(&routes);
        let by_scope = match routes.len() {
            0 | 1 => PVec::default(),
            _ => revision.scope_names(0).map(|names| target.route_of(names)).collect(),
        };
        let policies = Arc::new(policies(&routes, standard.as_ref()));
        Self { revision, sticky, routes: Arc::new(routes), standard, policies, target: Arc::new(target), by_scope }
    }

    /// The same with another revision: one that came after the one of this has its scopes in their places, so that only
    /// new ones are looked up.
    pub(crate) fn with_revision(&self, revision: Arc<Revision>) -> Self {
        let comes_next =
            revision.shares_with() == self.revision.number() && revision.origin() == self.revision.origin();
        let mut by_scope = if comes_next { self.by_scope.clone() } else { PVec::default() };
        if self.routes.len() > 1 {
            by_scope.extend(revision.scope_names(by_scope.len()).map(|names| self.target.route_of(names)));
        }
        Self {
            revision,
            sticky: Arc::clone(&self.sticky),
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

    /// The route of a binding.
    pub(crate) fn route(&self, target: &BindingTarget) -> Option<&Arc<Route>> {
        self.routes.iter().find(|route| route.target == *target)
    }

    /// Every policy that may be called, each once.
    pub(crate) fn policies(&self) -> impl Iterator<Item = &Arc<Policy>> {
        self.policies.iter()
    }

    /// The policy that answered.
    pub(crate) fn policy(&self, by: By) -> &Arc<Policy> {
        let route = &self.routes[usize::from(by.route)];
        match by.who {
            Who::Active => &route.active.binding.policy,
            Who::Candidate => route.canary.as_ref().map_or(&route.active, |canary| &canary.bound).policy(),
            Who::Standard => self.standard.as_ref().unwrap_or(&route.active.binding.policy),
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
