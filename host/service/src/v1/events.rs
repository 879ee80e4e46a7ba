//! The stream of events: server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event as Sent, KeepAlive};
use futures_util::Stream;
use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use crate::events::Event;
use crate::fault::Fault;
use crate::http::{Answer, Caller, Problems};
use crate::key::Scope;
use crate::service::Service;
use crate::tenant::{Budget, Full, Held};

/// How often a comment is sent while nothing happens, so that no proxy closes the connection as idle.
const QUIET: Duration = Duration::from_secs(15);

/// A client that listens.
struct Listener {
    service: Arc<Service>,
    caller: Caller,
    events: Receiver<Arc<Event>>,
    ending: watch::Receiver<bool>,
    _place: Held,
}

impl Listener {
    /// The next event for this listener; `None` ends the stream.
    async fn next(&mut self) -> Option<Sent> {
        loop {
            let received = tokio::select! {
                received = self.events.recv() => received,
                _ = self.ending.wait_for(|ending| *ending) => return None,
            };
            // A key that was revoked or changed meanwhile ends the stream.
            if !self.is_still_good() {
                return None;
            }
            match received {
                Ok(event) if self.caller.tenant().is_none_or(|tenant| event.concerns(tenant)) => {
                    let sent = Sent::default().event(event.event).id(event.id.to_string());
                    return sent.json_data(&*event).ok();
                }
                Ok(_) => {}
                Err(RecvError::Lagged(count)) => {
                    return Sent::default().event("missed").json_data(json!({ "count": count })).ok();
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn is_still_good(&self) -> bool {
        self.service.state().keys.get(&self.caller.key.key_id).is_some_and(|key| {
            key.allows(Scope::Audit)
                && key.application_id == self.caller.key.application_id
                && key.expires_at.is_none_or(|end| crate::change::now() < end)
        })
    }
}

/// Streams the events of this node: revisions, swaps, rollbacks, automatic rollbacks, rejections, failures of policies.
///
/// Server-sent events: `event` is the name, `id` a counter, `data` is JSON. A listener that is too slow gets `missed`
/// with the number of events that it missed. A key of a tenant gets the events of its application's bindings.
#[utoipa::path(get, path = "/v1/events", tag = "watching",
    responses((status = 200, body = Event, content_type = "text/event-stream"), Problems))]
pub(super) async fn listen(
    State(service): State<Arc<Service>>,
    caller: Caller,
) -> Answer<Sse<impl Stream<Item = Result<Sent, Infallible>>>> {
    let mut place = service.events.places.hold(caller.budgets.as_ref().map(|tenant| &tenant.listeners));
    place.take(1).map_err(|full| match (&caller.budgets, full) {
        (Some(tenant), Full::Tenant) => tenant.over(Budget::Listeners, None),
        _ => Fault::unavailable("too many listen already: limits.listeners", Duration::from_secs(5)),
    })?;
    let listener = Listener {
        events: service.events.listen(),
        ending: service.ending.subscribe(),
        service,
        caller,
        _place: place,
    };
    let stream = futures_util::stream::unfold(listener, async |mut listener| {
        listener.next().await.map(|sent| (Ok(sent), listener))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(QUIET)))
}
