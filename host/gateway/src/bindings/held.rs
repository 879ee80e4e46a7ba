//! Bindings that are known before their policies are ready: at the start of a service, whose policies may start slowly.

use std::sync::Arc;

use callsign_engine::Policy;
use hashbrown::HashMap;

use super::binding::{Binding, OnFailure, OnUnavailable};
use super::health::BoundPolicy;
use super::route::Route;
use super::swap::{Control, MOST_BINDINGS};
use super::target::BindingTarget;

/// A binding whose policy is not ready yet, see [`Gateway::hold`](crate::Gateway::hold).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBinding {
    target: BindingTarget,
    on_failure: OnFailure,
    on_unavailable: OnUnavailable,
}

impl HeldBinding {
    /// A binding by its target and its rule for messages that its policy fails on.
    pub fn new(target: BindingTarget, on_failure: OnFailure) -> Self {
        Self { target, on_failure, on_unavailable: OnUnavailable::default() }
    }

    /// With a rule for messages whose pin cannot be read or written, for those that the standard policy decides.
    #[must_use]
    pub fn on_unavailable(mut self, rule: OnUnavailable) -> Self {
        self.on_unavailable = rule;
        self
    }
}

impl Control {
    /// Decides with this policy where the rule for failures of a binding says the standard one. Its component need not be compiled
    /// when the first such binding comes.
    pub(crate) fn use_standard(&self, standard: Arc<Policy>) {
        let _one_at_a_time = self.change();
        let snapshot = self.snapshot.load_full();
        self.snapshot.store(Arc::new(snapshot.with_routes(Vec::clone(&snapshot.routes), Some(standard))));
    }

    /// Binds targets in one step whose policies come later, by a swap.
    pub(crate) fn hold(self: &Arc<Self>, held: Vec<HeldBinding>, standard: &Arc<Policy>) {
        let _one_at_a_time = self.change();
        let snapshot = self.snapshot.load_full();
        let mut routes = Vec::clone(&snapshot.routes);
        let places: HashMap<BindingTarget, usize> =
            routes.iter().enumerate().map(|(place, route)| (route.target.clone(), place)).collect();
        for HeldBinding { target, on_failure, on_unavailable } in held {
            let binding = Binding::new(Arc::clone(standard)).on_failure(on_failure).on_unavailable(on_unavailable);
            let mut bound = BoundPolicy::starting(binding, target.clone(), self.supervisor());
            bound.fallback = (on_failure == OnFailure::Standard).then(|| Arc::clone(standard));
            let place = places.get(&target).copied();
            let route = Arc::new(Route { target, active: Arc::new(bound), canary: None, shadow: None });
            match place {
                Some(place) => routes[place] = route,
                None if routes.len() < MOST_BINDINGS => routes.push(route),
                // A swap is refused too.
                None => {}
            }
        }
        self.publish(&snapshot, routes);
    }
}
