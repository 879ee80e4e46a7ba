//! A route: the policy that serves a binding, with its canary and its shadow.

use std::sync::Arc;

use super::canary::Canary;
use super::health::BoundPolicy;
use super::shadow::Shadow;
use super::target::BindingTarget;

/// The policies of a binding.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) target: BindingTarget,
    pub(crate) active: Arc<BoundPolicy>,
    pub(crate) canary: Option<Arc<Canary>>,
    pub(crate) shadow: Option<Arc<Shadow>>,
}
