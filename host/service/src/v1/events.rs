//! The stream of events: server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event as Sent, KeepAlive};
use futures_util::Stream;
use http::HeaderMap;
use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use crate::events::Event;
use crate::fault::Fault;
use crate::http::{Answer, Caller, Problems};
use crate::key::Scope;
use crate::service::Service;
use crate::session::Session;
use crate::tenant::{Budget, Full, Held};

/// How often a comment is sent while nothing happens, so that no proxy closes the connection as idle.
const QUIET: Duration = Duration::from_secs(15);

/// The most revisions that are told again to who was away.
const TOLD_AGAIN: u32 = 1_000;

/// A client that listens.
struct Listener {
    service: Arc<Service>,
    caller: Caller,
    /// What it missed, told first.
    missed: VecDeque<Sent>,
    /// The newest revision that it was told of that way.
    told: u64,
    events: Receiver<Arc<Event>>,
    ending: watch::Receiver<bool>,
    _place: Held,
}

impl Listener {
    /// The next event for this listener; `None` ends the stream.
    async fn next(&mut self) -> Option<Sent> {
        if let Some(missed) = self.missed.pop_front() {
            return Some(missed);
        }
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
                Ok(event) if event.is_revision() && event.id <= self.told => {}
                Ok(event) if self.caller.tenant().is_none_or(|tenant| event.concerns(tenant)) => return sent(&event),
                Ok(_) => {}
                Err(RecvError::Lagged(count)) => {
                    return Sent::default().event("missed").json_data(json!({ "count": count })).ok();
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn is_still_good(&self) -> bool {
        let is_in_session = self.caller.session.as_ref().is_none_or(Session::is_current);
        is_in_session
            && self.service.state().keys.get(&self.caller.key.key_id).is_some_and(|key| {
                key.allows(Scope::Audit)
                    && key.application_id == self.caller.key.application_id
                    && key.expires_at.is_none_or(|end| crate::change::now() < end)
            })
    }
}

fn sent(event: &Event) -> Option<Sent> {
    Sent::default().event(event.event).id(event.id.to_string()).json_data(event).ok()
}

/// What somebody missed who heard of a revision last: that something was missed, since the events of policies are not kept,
/// and the revisions since. Of a tenant's key the former alone.
async fn missed(service: &Service, caller: &Caller, last: u64) -> Result<(VecDeque<Sent>, u64), Fault> {
    let now = service.state().revision;
    if last == now {
        return Ok((VecDeque::new(), now));
    }
    // Who heard of a later one listened to another platform, or to one that was restored from a backup.
    let from = if last > now { now } else { last.max(now.saturating_sub(TOLD_AGAIN.into())) };
    let gap =
        Sent::default().event("missed").json_data(json!({ "after": last, "revisionsAfter": from, "revision": now }));
    let mut missed: VecDeque<Sent> = gap.into_iter().collect();
    let mut told = from;
    if caller.tenant().is_none() && from < now {
        let entries = service.stored("since", service.store.actions(from, TOLD_AGAIN)).await;
        let entries =
            entries.map_err(|_| Fault::unavailable("the catalog store does not answer", Duration::from_secs(1)))?;
        for entry in entries {
            told = entry.revision;
            missed.extend(sent(&Event::of_entry(&entry)));
        }
    }
    Ok((missed, told))
}

/// The id of the event that a client heard last.
fn last_heard(headers: &HeaderMap) -> Result<Option<u64>, Fault> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let last = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    last.map(Some).ok_or_else(|| Fault::property("Last-Event-ID", "is not the id of an event: a revision"))
}

/// Streams the events of this node: revisions, swaps, rollbacks, automatic rollbacks, rejections, failures of policies.
///
/// Server-sent events: `event` is the name, `data` is JSON, and `id` the revision of the platform, the same on every node. Who
/// comes back with `Last-Event-ID` is told of the revisions since, up to 1,000, after an event `missed`: events of policies
/// are of one node and not kept. A listener that is too slow gets `missed` with the number of events that it missed. A key of
/// a tenant gets the events of its application's bindings.
#[utoipa::path(get, path = "/v1/events", tag = "watching", params(("Last-Event-ID" = Option<u64>, Header)),
    responses((status = 200, body = Event, content_type = "text/event-stream"), Problems))]
pub(super) async fn listen(
    State(service): State<Arc<Service>>,
    caller: Caller,
    headers: HeaderMap,
) -> Answer<Sse<impl Stream<Item = Result<Sent, Infallible>>>> {
    let mut place = service.events.places.hold(caller.budgets.as_ref().map(|tenant| &tenant.listeners));
    place.take(1).map_err(|full| match (&caller.budgets, full) {
        (Some(tenant), Full::Tenant) => tenant.over(Budget::Listeners, None),
        _ => Fault::unavailable("too many listen already: limits.listeners", Duration::from_secs(5)),
    })?;
    // First, so that nothing falls between what was missed and what is heard.
    let events = service.events.listen();
    let (missed, told) = match last_heard(&headers)? {
        Some(last) => missed(&service, &caller, last).await?,
        None => (VecDeque::new(), 0),
    };
    let listener =
        Listener { missed, told, events, ending: service.ending.subscribe(), service, caller, _place: place };
    let stream = futures_util::stream::unfold(listener, async |mut listener| {
        listener.next().await.map(|sent| (Ok(sent), listener))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(QUIET)))
}
