//! The names of the budgets, and what a tenant that is over one is told.

use std::fmt;
use std::time::Duration;

use http::StatusCode;

use crate::fault::Fault;

/// How long to wait before what counts at a time is tried again.
const A_MOMENT: Duration = Duration::from_secs(1);

/// How long to wait before what is stored is tried again: somebody has to remove something first.
const A_WHILE: Duration = Duration::from_secs(60);

/// A budget of a tenant: its key in `[tenant]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Budget {
    Requests,
    Management,
    Changes,
    Messages,
    PolicyTime,
    InstanceBytes,
    BodiesBytes,
    Compiles,
    LogLines,
    Listeners,
    Events,
    NewEntities,
    Entities,
    Strategies,
    Associations,
    Bindings,
    Modules,
    StoreBytes,
}

/// How much of a budget is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Used {
    pub(crate) budget: Budget,
    pub(crate) used: u64,
    /// `None`: no limit.
    pub(crate) limit: Option<u64>,
    /// How often somebody was over it, since the start of this node.
    pub(crate) refused: u64,
}

impl Budget {
    pub(crate) const ALL: [Self; 18] = [
        Self::Requests,
        Self::Management,
        Self::Changes,
        Self::Messages,
        Self::PolicyTime,
        Self::InstanceBytes,
        Self::BodiesBytes,
        Self::Compiles,
        Self::LogLines,
        Self::Listeners,
        Self::Events,
        Self::NewEntities,
        Self::Entities,
        Self::Strategies,
        Self::Associations,
        Self::Bindings,
        Self::Modules,
        Self::StoreBytes,
    ];

    /// Those of what is stored.
    pub(crate) const STORED: [Self; 6] =
        [Self::Entities, Self::Strategies, Self::Associations, Self::Bindings, Self::Modules, Self::StoreBytes];

    /// The key in `[tenant]`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Management => "management_per_second",
            Self::Changes => "changes_per_second",
            Self::Messages => "messages_per_second",
            Self::PolicyTime => "policy_milliseconds_per_second",
            Self::InstanceBytes => "instance_bytes",
            Self::BodiesBytes => "bodies_bytes",
            Self::Compiles => "compiles",
            Self::LogLines => "log_lines_per_second",
            Self::Listeners => "listeners",
            Self::Events => "events_per_second",
            Self::NewEntities => "new_entities_per_second",
            Self::Entities => "entities",
            Self::Strategies => "strategies",
            Self::Associations => "associations",
            Self::Bindings => "bindings",
            Self::Modules => "modules",
            Self::StoreBytes => "store_bytes",
        }
    }

    /// 429: a rate, or what counts at a time.
    pub(super) fn too_many(self, limit: u64, wait: Option<Duration>) -> Fault {
        let text = format!("the application is over its budget {self}, which is {limit}");
        let retry_after = Some(wait.unwrap_or(A_MOMENT));
        Fault { retry_after, ..Fault::new(StatusCode::TOO_MANY_REQUESTS, text) }
    }

    /// 413: what is stored.
    pub(super) fn too_much(self, would_have: u64, limit: u64) -> Fault {
        let text = format!("the application would have {would_have}, and its budget {self} is {limit}");
        let retry_after = Some(A_WHILE);
        Fault { is_over_budget: true, retry_after, ..Fault::new(StatusCode::PAYLOAD_TOO_LARGE, text) }
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tenant.{}", self.as_str())
    }
}
