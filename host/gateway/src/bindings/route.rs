//! Where the messages of a binding go: to the policy that serves it, a canary for a share of them, a shadow beside.

use std::sync::Arc;

use super::canary::Canary;
use super::health::BoundPolicy;
use super::shadow::Shadow;
use super::target::BindingTarget;

/// Where the messages of a binding go.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) target: BindingTarget,
    pub(crate) active: Arc<BoundPolicy>,
    pub(crate) canary: Option<Arc<Canary>>,
    pub(crate) shadow: Option<Arc<Shadow>>,
}
