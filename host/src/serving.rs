//! What decisions are made with: one revision, the pins, and the policy of every scope. Immutable, replaced as a whole.

use std::sync::Arc;

use callsign_sticky::StickyStore;
use hashbrown::HashMap;

use crate::binding::Bound;
use crate::message::Message;
use crate::policy::Policy;
use crate::revision::{DEFAULT_APPLICATION, Revision};
use crate::route::{Member, Route};

/// The routes are numbered; the platform's is 0 and always there.
pub(crate) const PLATFORM: u16 = 0;

/// What decisions are made with.
pub(crate) struct Serving {
    pub(crate) revision: Arc<Revision>,
    pub(crate) sticky: Arc<dyn StickyStore>,
    pub(crate) routes: Vec<Arc<Route>>,
    /// Decides where a failure rule wants it.
    pub(crate) standard: Option<Arc<Policy>>,
    /// The route of each scope; empty while the platform's serves all.
    by_scope: Box<[u16]>,
    /// The routes of entities that are bound, but have nothing of their own in the catalog.
    by_entity: HashMap<Names, u16>,
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

impl Serving {
    /// Puts the routes of bindings in place; the first is the platform's.
    pub(crate) fn new(
        revision: Arc<Revision>,
        sticky: Arc<dyn StickyStore>,
        routes: Vec<Arc<Route>>,
        standard: Option<Arc<Policy>>,
    ) -> Self {
        let mut by_scope = Vec::new();
        let mut by_entity = HashMap::new();
        if routes.len() > 1 {
            let numbers: HashMap<&Bound, u16> =
                (0..).zip(&routes).map(|(number, route)| (&route.bound, number)).collect();
            for names in revision.scope_names() {
                let number = names.and_then(|(application, entity)| {
                    let own = entity.and_then(|entity| numbers.get(&Bound::entity(application, entity)));
                    own.or_else(|| numbers.get(&Bound::application(application)))
                });
                by_scope.push(number.copied().unwrap_or(PLATFORM));
            }
            for (bound, number) in numbers {
                if let Bound::Entity(application, entity) = bound {
                    by_entity.insert(Names(application.clone(), entity.clone()), number);
                }
            }
        }
        Self { revision, sticky, routes, standard, by_scope: by_scope.into(), by_entity }
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
            if let Some(&route) = self.by_entity.get(&(application, entity)) {
                return route;
            }
        }
        self.by_scope.get(scope as usize).copied().unwrap_or(PLATFORM)
    }

    /// The route of a binding.
    pub(crate) fn route(&self, bound: &Bound) -> Option<&Arc<Route>> {
        self.routes.iter().find(|route| route.bound == *bound)
    }

    /// Every policy that may be called.
    pub(crate) fn policies(&self) -> impl Iterator<Item = &Arc<Policy>> {
        let members = self.routes.iter().flat_map(|route| {
            let canary = route.canary.as_ref().map(|canary| &canary.member);
            let shadow = route.shadow.as_ref().map(|shadow| &shadow.member);
            [Some(&route.active), canary, shadow].into_iter().flatten()
        });
        members.map(|member| member.policy()).chain(&self.standard)
    }

    /// The policy that answered.
    pub(crate) fn policy(&self, by: By) -> &Arc<Policy> {
        let route = &self.routes[usize::from(by.route)];
        match by.who {
            Who::Active => &route.active.binding.policy,
            Who::Candidate => route.canary.as_ref().map_or(&route.active, |canary| &canary.member).policy(),
            Who::Standard => self.standard.as_ref().unwrap_or(&route.active.binding.policy),
        }
    }
}

impl Member {
    fn policy(&self) -> &Arc<Policy> {
        &self.binding.policy
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
