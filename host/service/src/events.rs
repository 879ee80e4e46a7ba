//! Events for listeners: revisions, swaps, rollbacks, failures of policies.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use callsign_log::LogEvent;
use callsign_registry::Repository;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::broadcast;
use utoipa::ToSchema;

use crate::binding::Target;
use crate::change::{Entry, now, time};
use crate::config::Config;
use crate::tenant::Share;

/// How many events a slow listener may be behind before it misses the oldest.
const BACKLOG: usize = 1_024;

/// Something that happened.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    /// The revision of the fleet that it happened at: of a revision its own number.
    pub(crate) id: u64,
    /// `revision`, `swapped`, `rolledBack`, `unbound`, `rejected`, `shadowed`, `canary`, `withdrawn`, `recalled`,
    /// `failed`, `rested`, `recovered`, `distrusted`, `followFailed` or `followRecovered`; of the decision log `recordsDropped`, `recordsKept`, `logFailed` or `logRecovered`.
    pub(crate) event: &'static str,
    pub(crate) at: String,
    /// The target of the binding; left out for events about the catalog.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<Target>,
    /// What else is known about the event.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub(crate) details: Value,
}

impl Event {
    fn new(event: &'static str, target: Option<Target>, details: Value) -> Self {
        Self { id: 0, event, at: time(now()), target, details }
    }

    /// A revision is in use.
    pub(crate) fn revision(revision: u64, who: &str, action: &str) -> Self {
        let details = json!({ "revision": revision, "who": who, "action": action });
        Self { id: revision, ..Self::new("revision", None, details) }
    }

    /// A revision that was in use before somebody listened.
    pub(crate) fn of_entry(entry: &Entry) -> Self {
        Self { at: time(entry.at), ..Self::revision(entry.revision, &entry.who, &entry.action) }
    }

    pub(crate) fn is_revision(&self) -> bool {
        self.event == "revision"
    }

    /// A policy was rejected.
    pub(crate) fn rejected(target: &Target, policy: Option<&str>, reason: &str) -> Self {
        Self::new("rejected", Some(target.clone()), json!({ "policy": policy, "reason": reason }))
    }

    /// A policy is taken out of use, because its module has no valid signature any more. `to` is the one that serves in its place;
    /// without it the failure rule of the binding answers.
    pub(crate) fn distrusted(target: &Target, policy: &str, to: Option<&str>, reason: &str) -> Self {
        let details = json!({ "policy": policy, "to": to, "reason": reason });
        Self::new("distrusted", Some(target.clone()), details)
    }

    /// A repository that a binding follows cannot be looked at, or its newest version is refused. What serves goes on.
    pub(crate) fn follow_failed(target: Target, repository: &Repository, reason: &str) -> Self {
        Self::new("followFailed", Some(target), json!({ "repository": repository, "reason": reason }))
    }

    /// A repository that a binding follows is followed again.
    pub(crate) fn follow_recovered(target: Target, repository: &Repository) -> Self {
        Self::new("followRecovered", Some(target), json!({ "repository": repository }))
    }

    /// What happened to the decision log, if it is of interest.
    pub(crate) fn of_decision_log(event: &LogEvent) -> Option<Self> {
        let (name, details) = match event {
            LogEvent::DropsBegan => ("recordsDropped", json!({})),
            LogEvent::DropsEnded { dropped } => ("recordsKept", json!({ "dropped": dropped })),
            LogEvent::DiskFailed { reason, .. } => ("logFailed", json!({ "reason": &**reason })),
            LogEvent::DiskRecovered { lost } => ("logRecovered", json!({ "lost": lost })),
            _ => return None,
        };
        Some(Self::new(name, None, details))
    }

    /// What happened to a binding.
    pub(crate) fn of(event: &callsign::Event) -> Self {
        let (name, details) = event.kind.to_json();
        Self::new(name, Some(Target::from(&event.target)), details)
    }

    /// Whether keys of an application may see it.
    pub(crate) fn concerns(&self, application: &str) -> bool {
        self.target.as_ref().is_some_and(|target| target.application_id.as_deref() == Some(application))
    }
}

/// Where events are sent and listened to.
pub(crate) struct Events {
    sender: broadcast::Sender<Arc<Event>>,
    /// The newest revision that was told.
    newest: AtomicU64,
    /// How many may listen.
    pub(crate) places: Arc<Share>,
}

impl Events {
    /// Of a node that begins with a revision.
    pub(crate) fn new(config: &Config, revision: u64) -> Self {
        let listeners = config.limits.listeners;
        Self {
            sender: broadcast::channel(BACKLOG).0,
            newest: AtomicU64::new(revision),
            places: Share::new(listeners, config.tenant.together(listeners)),
        }
    }

    pub(crate) fn send(&self, mut event: Event) {
        // The numbers are of the store and so of all nodes: who comes back, to whatever node, can say what it heard last.
        event.id = self.newest.fetch_max(event.id, Ordering::Relaxed).max(event.id);
        // An error means that nobody listens.
        let _ = self.sender.send(Arc::new(event));
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<Arc<Event>> {
        self.sender.subscribe()
    }

    pub(crate) fn has_listeners(&self) -> bool {
        self.sender.receiver_count() > 0
    }
}
