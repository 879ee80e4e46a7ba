//! Pins: which sender a recipient keeps.

mod key;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use bytes::Bytes;
use callsign::sticky::{self, Filter, Page, PinRecord, Position, Release, TransferError, Write};
use callsign::{PinScope, PinnedSender, Recipient, StickyError, StickyStore};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::key::{Key, recipient};
use crate::change::time;
use crate::fault::Fault;
use crate::http::{Answer, Caller, Json, NoContent, Parameters, Problems, body, quoted};
use crate::service::Service;
use crate::visibility::Sight;

/// The most days for `idleDays`.
const MOST_IDLE_DAYS: u16 = 3_650;

/// A pin.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PinBody {
    application_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_id: Option<String>,
    channel: &'static str,
    /// The recipient, if the store has plain numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<String>,
    /// The hash of the recipient, if the store has hashes.
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient_hash: Option<String>,
    /// The sender that it is pinned to.
    sender_id: String,
    first_used: String,
    /// Exact to a tenth of `idleDays`.
    last_used: String,
    /// After how many days without use it ends; never if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_days: Option<u16>,
}

/// A part of a list of pins.
#[derive(Serialize, ToSchema)]
pub(crate) struct PinsBody {
    results: Vec<PinBody>,
    /// `after` for the next part; left out in the last part.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A pin to write.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewPin {
    /// `default` if left out; for a key of a tenant its own application.
    #[serde(default)]
    application_id: Option<String>,
    #[serde(default)]
    entity_id: Option<String>,
    /// `SMS`, `MMS` or `RCS`.
    channel: String,
    /// The recipient: E.164, or the hash that lists show.
    to: String,
    /// The sender, which must be registered.
    sender_id: String,
    /// The sender that the recipient may be pinned to now.
    #[serde(default)]
    replace: Option<String>,
    /// After how many days without use it ends; never if left out.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3650)]
    idle_days: Option<u16>,
}

/// The recipient is pinned.
#[derive(Serialize, ToSchema)]
pub(crate) struct Pinned {
    pinned: bool,
}

/// A move of all pins from one sender to another.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Move {
    /// The sender that loses its pins. It need not be registered.
    from: String,
    /// The sender that gets them. It must be registered.
    to: String,
}

/// How many pins were moved.
#[derive(Serialize, ToSchema)]
pub(crate) struct Moved {
    moved: u64,
}

impl PinBody {
    fn of(record: PinRecord) -> Self {
        let (recipient, recipient_hash) = match record.recipient {
            Recipient::Number(number) => (Some(number.to_string()), None),
            Recipient::Hash(hash) => (None, Some(hash.to_string())),
        };
        Self {
            application_id: record.application.into(),
            entity_id: record.entity.map(Into::into),
            channel: record.channel.as_str(),
            recipient,
            recipient_hash,
            sender_id: record.sender.into(),
            first_used: time(record.pin.first_used.saturating_mul(1_000)),
            last_used: time(record.pin.last_used.saturating_mul(1_000)),
            idle_days: (record.pin.idle_days > 0).then_some(record.pin.idle_days),
        }
    }
}

fn away(error: &StickyError) -> Fault {
    tracing::debug!("{error}");
    Fault::unavailable("the store of pins does not answer", Duration::from_secs(1))
}

/// Runs an operation of the pin store, which may block.
async fn ask<T: Send + 'static>(
    service: &Service,
    work: impl FnOnce(&dyn StickyStore) -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let store = Arc::clone(&service.sticky);
    tokio::task::spawn_blocking(move || work(&*store)).await.map_err(Fault::internal)?
}

/// # Errors
/// 400: no sender has the id, or not for the key. A pin to it would be ignored, and would block another pin.
fn must_be_registered(sight: Sight<'_>, property: &str, id: &str) -> Result<(), Fault> {
    match sight.sender(id) {
        Ok(_) => Ok(()),
        Err(_) => Err(Fault::property(property, format!("{} is not a registered sender", quoted(id)))),
    }
}

/// The pin of a key with its ids, which stores return in lists only.
fn record(store: &dyn StickyStore, key: &Key) -> Result<Option<PinRecord>, StickyError> {
    if store.get(&key.pin())?.is_none() {
        return Ok(None);
    }
    let mut after = None;
    loop {
        let page = store.list(&Filter::Recipient(key.recipient), after.as_ref(), 1_000)?;
        let found = page.pins.into_iter().find(|record| key.is_of(record));
        match (found, page.next) {
            (None, Some(next)) => after = Some(next),
            (found, _) => return Ok(found),
        }
    }
}

/// The pin of a recipient.
#[utoipa::path(get, path = "/v1/pins", tag = "pins",
    params(
        ("applicationId" = Option<String>, Query, description = "`default`; of a tenant's key its own"),
        ("entityId" = Option<String>, Query),
        ("channel" = String, Query, description = "`SMS`, `MMS` or `RCS`"),
        ("to" = String, Query, description = "E.164, or the hash that a list shows"),
    ),
    responses((status = 200, body = PinBody), Problems))]
pub(super) async fn get(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<PinBody>> {
    let key = Key::of(&service.view(), &caller, &parameters)?;
    let found = ask(&service, move |store| record(store, &key).map_err(|error| away(&error))).await?;
    found.map(|record| Json(PinBody::of(record))).ok_or_else(|| Fault::not_found("this pin"))
}

/// Pins of an application itself, of an entity, of a sender, or of a recipient.
///
/// Exactly one of `applicationId` (with or without `entityId`), `senderId` and `to` is required. A key of a tenant
/// lists the pins of its application.
#[utoipa::path(get, path = "/v1/pins/list", tag = "pins",
    params(
        ("applicationId" = Option<String>, Query), ("entityId" = Option<String>, Query),
        ("senderId" = Option<String>, Query),
        ("to" = Option<String>, Query, description = "E.164, or the hash that a list shows"),
        ("size" = Option<u32>, Query, description = "1 to 1000, default 100", minimum = 1, maximum = 1000),
        ("after" = Option<String>, Query, description = "`next` of the part before"),
    ),
    responses((status = 200, body = PinsBody), Problems))]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<PinsBody>> {
    let size = parameters.page(100)?.size;
    let text = |name: &str| parameters.text(name).map(str::to_owned);
    let (sender, to, entity) = (text("senderId"), text("to"), text("entityId"));
    if sender.is_some() || to.is_some() {
        caller.needs_platform("the list of a sender or a recipient in all applications")?;
    }
    let application = text("applicationId").or_else(|| caller.tenant().map(str::to_owned));
    if let Some(application) = &application {
        caller.must_see(Some(application), format!("the application {}", quoted(application)))?;
    }
    if [application.is_some(), sender.is_some(), to.is_some()].into_iter().filter(|given| *given).count() != 1 {
        return Err(Fault::property("", "exactly one of applicationId, senderId and to says which pins are meant"));
    }
    if entity.is_some() && application.is_none() {
        return Err(Fault::property("entityId", "is of an application: give applicationId too"));
    }
    let to = to.map(|to| recipient("to", &to)).transpose()?;
    let after = parameters.parsed::<Position>("after", "a position: take it from `next` of the part before")?;
    let view = service.view();
    let page = ask(&service, move |store| {
        let filter = match (&application, &sender, to) {
            (Some(application), _, _) => {
                let generation = view.state.generation(view.catalog(), application);
                Filter::Scope(PinScope::of_generation(application, entity.as_deref(), generation))
            }
            (_, Some(sender), _) => Filter::Sender(PinnedSender::new(sender)),
            (_, _, Some(to)) => Filter::Recipient(to),
            _ => return Err(Fault::internal("a list of pins without a filter")),
        };
        let page = store.list(&filter, after.as_ref(), size).map_err(|error| {
            // If the store can start the same list, it works, so the position is wrong.
            match after.is_some() && store.list(&filter, None, 1).is_ok() {
                true => {
                    Fault::property("after", "is not a position of this list: take it from `next` of the part before")
                }
                false => away(&error),
            }
        })?;
        // Pins of an application that was removed are not those of another one with its id.
        let mut pins = page.pins;
        pins.retain(|pin| {
            let generation = view.state.generation(view.catalog(), &pin.application);
            PinScope::of_generation(&pin.application, pin.entity.as_deref(), generation).hash() == pin.scope
        });
        Ok(Page { pins, next: page.next })
    });
    let page = page.await?;
    let next = page.next.map(|next| next.to_string());
    Ok(Json(PinsBody { results: page.pins.into_iter().map(PinBody::of).collect(), next }))
}

/// Pins a recipient to a sender. An existing pin stays, unless it is to the sender that `replace` names.
#[utoipa::path(put, path = "/v1/pins", tag = "pins", request_body = NewPin,
    responses((status = 200, body = Pinned), Problems))]
pub(super) async fn pin(State(service): State<Arc<Service>>, caller: Caller, bytes: Bytes) -> Answer<Json<Pinned>> {
    let NewPin { application_id, entity_id, channel, to, sender_id, replace, idle_days } = body(&bytes)?;
    let view = service.view();
    let key = Key::new(&view, &caller, application_id.as_deref(), entity_id.as_deref(), &channel, &to)?;
    key.must_exist(&view, &caller)?;
    must_be_registered(view.sight(&caller), "senderId", &sender_id)?;
    if idle_days.is_some_and(|days| !(1..=MOST_IDLE_DAYS).contains(&days)) {
        return Err(Fault::property("idleDays", format!("is not a number from 1 to {MOST_IDLE_DAYS}")));
    }
    let pinned = ask(&service, move |store| {
        let sender = PinnedSender::new(&sender_id);
        let write = match &replace {
            None => Write::insert(key.pin(), sender),
            Some(expected) => Write::replace(key.pin(), PinnedSender::new(expected).key, sender),
        };
        let stays = store.write_one(&write.idle_days(idle_days.unwrap_or(0))).map_err(|error| away(&error))?;
        if stays.is_none_or(|pin| pin.sender == sender.key) {
            return Ok(());
        }
        let id = record(store, &key).map_err(|error| away(&error))?.map(|record| record.sender);
        let id = id.as_deref().unwrap_or("another sender");
        Err(Fault::conflict(format!("the recipient stays pinned to {id}; to move it, give that as `replace`")))
    });
    pinned.await?;
    Ok(Json(Pinned { pinned: true }))
}

/// Removes the pin of a recipient. The next message pins it again.
#[utoipa::path(delete, path = "/v1/pins", tag = "pins",
    params(
        ("applicationId" = Option<String>, Query, description = "`default`; of a tenant's key its own"),
        ("entityId" = Option<String>, Query),
        ("channel" = String, Query, description = "`SMS`, `MMS` or `RCS`"),
        ("to" = String, Query, description = "E.164, or the hash that a list shows"),
        ("senderId" = Option<String>, Query, description = "Only if this is its sender"),
    ),
    responses((status = 204), Problems))]
pub(super) async fn release(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<NoContent> {
    let key = Key::of(&service.view(), &caller, &parameters)?;
    let expected = parameters.text("senderId").map(|id| PinnedSender::new(id).key);
    let released = ask(&service, move |store| {
        let answers = store.release(&[Release { key: key.pin(), expected }]);
        answers.into_iter().next().transpose().map_err(|error| away(&error))
    });
    released.await?.flatten().map(|_| NoContent).ok_or_else(|| Fault::not_found("this pin"))
}

/// Moves all pins of a sender to another one, for example before a number is given back. It can be repeated after an
/// interruption.
#[utoipa::path(post, path = "/v1/pins/move", tag = "pins", request_body = Move,
    responses((status = 200, body = Moved), Problems))]
pub(super) async fn migrate(State(service): State<Arc<Service>>, caller: Caller, bytes: Bytes) -> Answer<Json<Moved>> {
    let Move { from, to } = body(&bytes)?;
    if from.is_empty() {
        return Err(Fault::property("from", "is empty"));
    }
    must_be_registered(service.view().sight(&caller), "to", &to)?;
    let who = caller.author().who;
    let moved = ask(&service, move |store| {
        let moved = sticky::migrate(store, PinnedSender::new(&from), PinnedSender::new(&to), |_| ());
        let moved = moved.map_err(|error| match error {
            TransferError::Store(error) => away(&error),
            error => Fault::internal(error),
        })?;
        tracing::info!("{moved} pins of {from} are of {to} now, as {who} said");
        Ok(moved)
    });
    Ok(Json(Moved { moved: moved.await? }))
}
