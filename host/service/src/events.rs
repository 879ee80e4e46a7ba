//! What happens, for whoever listens: swaps, rollbacks, revisions of the catalog, failures of policies.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use callsign::EventKind;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, broadcast};
use utoipa::ToSchema;

use crate::binding::Target;
use crate::change::now;

/// How many events a listener may be behind before it misses some.
const BACKLOG: usize = 1_024;

/// Something that happened.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    /// Counts events of this node.
    pub(crate) id: u64,
    /// `revision`, `swapped`, `rolledBack`, `unbound`, `rejected`, `shadowed`, `canary`, `withdrawn`, `recalled`, `failed`,
    /// `rested` or `recovered`.
    pub(crate) event: &'static str,
    /// Milliseconds since 1970.
    pub(crate) at: u64,
    /// Whose binding; none where it is about the platform's catalog.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<Target>,
    /// What else there is to say.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub(crate) what: Value,
}

impl Event {
    fn new(event: &'static str, target: Option<Target>, what: Value) -> Self {
        Self { id: 0, event, at: now(), target, what }
    }

    /// A revision is served.
    pub(crate) fn revision(revision: u64, who: &str, action: &str) -> Self {
        Self::new("revision", None, json!({ "revision": revision, "who": who, "action": action }))
    }

    /// A policy was not put to use.
    pub(crate) fn rejected(target: &Target, policy: Option<&str>, reason: &str) -> Self {
        Self::new("rejected", Some(target.clone()), json!({ "policy": policy, "reason": reason }))
    }

    pub(crate) fn of(event: &callsign::Event) -> Self {
        let (name, what) = match &event.kind {
            EventKind::Swapped { from, to } => ("swapped", json!({ "from": from.as_deref(), "to": &**to })),
            EventKind::RolledBack { from, to } => ("rolledBack", json!({ "from": &**from, "to": &**to })),
            EventKind::Unbound { from } => ("unbound", json!({ "from": &**from })),
            EventKind::Rejected { policy, reason } => ("rejected", json!({ "policy": &**policy, "reason": reason })),
            EventKind::Shadowed { candidate } => ("shadowed", json!({ "policy": &**candidate })),
            EventKind::Canary { candidate, per_mille } => {
                ("canary", json!({ "policy": &**candidate, "perMille": per_mille }))
            }
            EventKind::Withdrawn { candidate } => ("withdrawn", json!({ "policy": &**candidate })),
            EventKind::AutoRolledBack { candidate, wrong, answers } => {
                ("recalled", json!({ "policy": &**candidate, "wrong": wrong, "answers": answers }))
            }
            EventKind::Failed { policy, kind, cause } => {
                ("failed", json!({ "policy": &**policy, "kind": kind, "reason": cause }))
            }
            EventKind::CircuitOpened { policy } => ("rested", json!({ "policy": &**policy })),
            EventKind::CircuitClosed { policy } => ("recovered", json!({ "policy": &**policy })),
            other => ("other", json!({ "reason": format!("{other:?}") })),
        };
        Self::new(name, Some(Target::from(&event.target)), what)
    }

    /// Whether an application's key may hear of it.
    pub(crate) fn concerns(&self, application: &str) -> bool {
        self.target.as_ref().is_some_and(|target| target.application_id.as_deref() == Some(application))
    }
}

/// Where events are told, and heard.
pub(crate) struct Events {
    told: broadcast::Sender<Arc<Event>>,
    next: AtomicU64,
    /// Places for listeners.
    pub(crate) places: Arc<Semaphore>,
}

impl Events {
    pub(crate) fn new(listeners: usize) -> Self {
        Self {
            told: broadcast::channel(BACKLOG).0,
            next: AtomicU64::new(1),
            places: Arc::new(Semaphore::new(listeners.min(Semaphore::MAX_PERMITS))),
        }
    }

    pub(crate) fn tell(&self, mut event: Event) {
        event.id = self.next.fetch_add(1, Ordering::Relaxed);
        // Nobody may listen.
        let _ = self.told.send(Arc::new(event));
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<Arc<Event>> {
        self.told.subscribe()
    }

    pub(crate) fn is_heard(&self) -> bool {
        self.told.receiver_count() > 0
    }
}
