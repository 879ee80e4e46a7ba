//! Events of this node's gateway: counted, logged and passed on. A canary that was rolled back automatically here is
//! withdrawn for the whole fleet.

use std::sync::Arc;
use std::time::Duration;

use callsign::EventKind;

use super::Service;
use super::plan::{Author, Plan, View};
use crate::binding::Target;
use crate::change::{Change, Kind};
use crate::events::Event;
use crate::fault::Fault;

/// How long to wait before the withdrawal of a canary is written again, after a failure.
const PAUSE: Duration = Duration::from_secs(1);

impl Service {
    /// Listens to the events of the gateway.
    pub(crate) fn listen_to_gateway(self: &Arc<Self>) {
        let service = Arc::downgrade(self);
        self.gateway.listen(move |event| {
            let Some(service) = service.upgrade() else { return };
            service.metrics.happened(&event.kind);
            match &event.kind {
                // There may be one for every message.
                EventKind::Failed { .. } => tracing::debug!("{event}"),
                _ if !service.may_log(&Target::from(&event.target)) => {}
                EventKind::Rejected { .. } | EventKind::AutoRolledBack { .. } | EventKind::CircuitOpened { .. } => {
                    tracing::warn!("{event}")
                }
                _ => tracing::info!("{event}"),
            }
            if let EventKind::AutoRolledBack { candidate, .. } = &event.kind {
                service.auto_rolled_back(Target::from(&event.target), Arc::clone(candidate));
            }
            if service.events.has_listeners() && service.may_tell(event) {
                service.events.send(Event::of(event));
            }
        });
    }

    /// Whether a line about the binding of a target may be logged: it counts with what its policies log.
    pub(super) fn may_log(&self, target: &Target) -> bool {
        target.application_id.as_deref().is_none_or(|application| self.tenants.of(application).log.take())
    }

    /// Failures may come with every message, and all listeners share a backlog: of an application, so many a second are
    /// told.
    fn may_tell(&self, event: &callsign::Event) -> bool {
        let application = Target::from(&event.target).application_id;
        match (&event.kind, application) {
            (EventKind::Failed { .. }, Some(application)) => self.tenants.of(&application).may_tell_failure(),
            _ => true,
        }
    }

    /// The gateway has rolled a canary back automatically: it is withdrawn from the stored binding, so that every node
    /// removes it and it does not come back.
    fn auto_rolled_back(self: &Arc<Self>, target: Target, candidate: Arc<str>) {
        let service = Arc::clone(self);
        // The event comes on the thread that decided a message, which others wait for.
        self.bulk.spawn(async move {
            loop {
                let Err(fault) = service.withdraw_auto_rolled_back(target.clone(), Arc::clone(&candidate)).await else {
                    return;
                };
                let reason = fault.text;
                tracing::warn!(
                    "the canary {candidate} is rolled back here, but not withdrawn for other nodes yet: {reason}"
                );
                tokio::select! {
                    () = tokio::time::sleep(PAUSE) => {}
                    () = service.ended() => return,
                }
            }
        });
    }

    async fn withdraw_auto_rolled_back(self: &Arc<Self>, target: Target, candidate: Arc<str>) -> Result<(), Fault> {
        let author = Author::itself(format!("recall of {candidate}"));
        let plan = move |view: &View| {
            let next = view.state.bindings.get(&target).and_then(|record| record.roll_back_automatically(&candidate));
            let change = next.map(|next| Change::put(Kind::Binding, target.key(), &next));
            Ok(Plan::new(change.into_iter().collect(), ()))
        };
        self.change(author, plan).await
    }
}
