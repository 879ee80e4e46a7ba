//! What happens, as it happens: server-sent events.

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
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::events::Event;
use crate::fault::Fault;
use crate::http::{Answer, Caller, Problems};
use crate::key::Scope;
use crate::service::Service;

/// How often something is sent where nothing happens, so that nobody in between takes the connection for dead.
const QUIET: Duration = Duration::from_secs(15);

/// Someone who listens.
struct Listener {
    service: Arc<Service>,
    caller: Caller,
    told: Receiver<Arc<Event>>,
    ending: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
}

impl Listener {
    /// The next event for this listener; none when it is over.
    async fn next(&mut self) -> Option<Sent> {
        loop {
            let told = tokio::select! {
                told = self.told.recv() => told,
                _ = self.ending.wait_for(|ending| *ending) => return None,
            };
            // A key that was ended or changed since hears nothing any more.
            if !self.is_still_good() {
                return None;
            }
            match told {
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

/// Listens to what happens on this node: revisions, swaps, rollbacks, rejections, recalls, failures of policies.
///
/// Server-sent events: `event` is the name, `id` counts, `data` is JSON. A listener that is too slow hears `missed` with
/// how many it did not hear. A tenant's key hears what concerns the bindings of its application.
#[utoipa::path(get, path = "/v1/events", tag = "watching",
    responses((status = 200, body = Event, content_type = "text/event-stream"), Problems))]
pub(super) async fn listen(
    State(service): State<Arc<Service>>,
    caller: Caller,
) -> Answer<Sse<impl Stream<Item = Result<Sent, Infallible>>>> {
    caller.needs(Scope::Audit)?;
    let Ok(place) = Arc::clone(&service.events.places).try_acquire_owned() else {
        return Err(Fault::unavailable("too many listen already: limits.listeners", Duration::from_secs(5)));
    };
    let listener =
        Listener { told: service.events.listen(), ending: service.ending.subscribe(), service, caller, _place: place };
    let stream = futures_util::stream::unfold(listener, async |mut listener| {
        listener.next().await.map(|sent| (Ok(sent), listener))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(QUIET)))
}
