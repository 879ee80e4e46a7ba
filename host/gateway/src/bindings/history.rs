//! What served a binding before, for a rollback.

use std::sync::Arc;
use std::time::SystemTime;

use super::binding::Binding;

/// How many earlier bindings of each scope are kept for a rollback.
pub(super) const HISTORY: usize = 16;

/// A binding that served before.
#[derive(Debug, Clone)]
pub(super) struct Past {
    pub(super) binding: Binding,
    pub(super) until: SystemTime,
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
