//! Why a message would get its sender on something else than what serves.

use std::sync::{Arc, Weak};

use callsign_engine::{Policy, RequestTime};
use callsign_index::Revision;

use super::Explanation;
use crate::bindings::{Binding, BindingTarget, BoundPolicy, Control, Route};
use crate::gateway::Gateway;
use crate::message::Message;
use crate::snapshot::Snapshot;

impl Gateway {
    /// What [`Gateway::explain_within`] would say on another revision, such as [`Gateway::next_revision`] makes it, or by another
    /// policy, or both: to see what a change would do to a message before it is made. What is not given is what serves. Pins and
    /// signals are those of now, and nothing is changed.
    pub async fn explain_instead(
        &self,
        message: &Message<'_>,
        revision: Option<Revision>,
        policy: Option<Arc<Policy>>,
        time: RequestTime,
    ) -> Explanation {
        let mut snapshot = self.snapshot();
        if let Some(revision) = revision {
            snapshot = Arc::new(snapshot.with_revision(Arc::new(revision)));
        }
        if let Some(policy) = policy {
            let nobody = Weak::<Control>::new();
            let bound = BoundPolicy::new(Binding::new(policy), BindingTarget::Platform, nobody);
            let route = Route { target: BindingTarget::Platform, active: Arc::new(bound), canary: None, shadow: None };
            let kept = (Arc::clone(&snapshot.sticky), Arc::clone(&snapshot.signals));
            snapshot = Arc::new(Snapshot::new(Arc::clone(&snapshot.revision), kept, vec![Arc::new(route)], None));
        }
        self.explain_on(&snapshot, message, time).await
    }
}
