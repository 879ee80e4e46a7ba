//! Senders: the numbers, codes, names and RCS agents that messages go out from.

mod export;
mod import;
mod merge;
mod removal;
mod rows;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use bytes::Bytes;
use callsign::{Catalog, Channel, Country, Sender, SenderType};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::condition::{Conditions, Tagged};
use super::element::{self, Identified, bytes as bytes_of};
use super::resource::{self, Resource};
use crate::change::{Change, Kind, raw};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Json, NoContent, PageQuery, Paged, Parameters, Problems, quoted, raw_object};
use crate::service::{Plan, Service, View, edited, fault_of};
use crate::visibility::{Hidden, Sight, VisibleSender};

const CHANNELS: [&str; 3] = ["SMS", "MMS", "RCS"];
const STATUSES: [&str; 2] = ["ACTIVE", "SUSPENDED"];

pub(super) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, put, patch, remove))
        .routes(routes!(suspend))
        .routes(routes!(activate))
        .routes(routes!(export::export))
}

/// Of the platform's keys, and read before it is known how large it is.
pub(super) fn import_routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new().routes(routes!(import::import))
}

/// A sender, as a catalog file writes it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes a body")]
pub(super) struct SenderBody {
    /// Its id; generated if left out.
    #[schema(required = false, min_length = 1, max_length = 255)]
    sender_id: String,
    /// What the recipient sees: a number, a code, a name, or the id of an RCS agent.
    sender: String,
    /// `ALPHANUMERIC`, `VIRTUAL_LONG_NUMBER`, `SHORT_CODE`, `TOLL_FREE_NUMBER`, or `RCS_AGENT`, which carries RCS alone.
    sender_type: String,
    /// Which channels and countries it reaches.
    coverage: Vec<CoverageBody>,
    /// `ACTIVE`, or `SUSPENDED`.
    #[schema(required = false)]
    status: String,
    /// The only types of messages that it may carry: `TRANSACTIONAL`, `PROMOTIONAL`, or words of the platform's own. It
    /// carries every type if left out.
    #[schema(min_items = 1, max_items = 32)]
    message_types: Option<Vec<String>>,
    /// Its share of the spread; 1 if left out.
    #[schema(minimum = 1, maximum = 1000)]
    weight: Option<u16>,
    attributes: Option<AttributesBody>,
}

/// Texts by name, for policies of tenants: up to 32, with names of 1 to 64 letters, digits, `_`, `.` and `-`, and values
/// of up to 255 characters.
#[derive(Serialize, ToSchema)]
#[allow(dead_code, reason = "describes a body")]
pub(super) struct AttributesBody(BTreeMap<String, String>);

/// The countries that a sender reaches over a channel.
#[derive(Serialize, ToSchema)]
#[allow(dead_code, reason = "describes a body")]
pub(super) struct CoverageBody {
    /// `SMS`, `MMS` or `RCS`.
    channel: String,
    countries: CountriesBody,
    /// How far the registration there has come: `ACTIVE`, the default, `PENDING`, `REJECTED` or `EXPIRED`. Only an active
    /// one covers. An entry that names a country counts before one with `"*"`.
    #[schema(required = false)]
    status: String,
}

/// `"*"` for every country, or a list of codes of ISO 3166-1.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "describes a body")]
pub(super) enum CountriesBody {
    Every(String),
    These(Vec<String>),
}

/// Senders.
pub(super) enum Senders {}

impl Resource for Senders {
    type Element = Sender;

    const KIND: Kind = Kind::Sender;
    const NAME: &'static str = "sender";
    const ID: &'static str = "senderId";
    const PATH: &'static str = "/v1/senders";

    fn get<'a>(catalog: &'a Catalog, id: &str) -> Option<&'a Sender> {
        catalog.sender(id).map(|(_, sender)| sender)
    }

    fn find<'v>(sight: Sight<'v>, id: &str) -> Result<&'v Sender, Hidden> {
        sight.sender(id).map(VisibleSender::get)
    }

    fn json(_: &Catalog, sender: &Sender) -> Box<RawValue> {
        json(sender)
    }

    fn check(body: &Identified) -> Result<(), Fault> {
        read(body).map(drop)
    }

    fn read(_: &View, body: &Identified, _: &Caller) -> Result<Box<RawValue>, Fault> {
        read(body).map(|sender| json(&sender))
    }

    fn may_create(caller: &Caller) -> Result<(), Fault> {
        caller.needs_platform("registering senders")
    }

    fn find_own<'v>(sight: Sight<'v>, id: &str, caller: &Caller) -> Result<&'v Sender, Fault> {
        let found = Self::find(sight, id)?;
        caller.needs_platform("changing senders")?;
        Ok(found)
    }
}

fn json(sender: &Sender) -> Box<RawValue> {
    // How a sender is written does not depend on its catalog.
    raw(&Catalog::sender_json(&EMPTY, sender))
}

static EMPTY: std::sync::LazyLock<Catalog> =
    std::sync::LazyLock::new(|| Catalog::from_json("{}").expect("an empty catalog is valid"));

/// The sender that a body describes. It refers to nothing else, so an empty catalog is enough to read it.
///
/// # Errors
/// 400, with the properties that are wrong.
fn read(body: &Identified) -> Result<Sender, Fault> {
    let put = Change { kind: Kind::Sender, key: body.id.clone(), body: Some(body.body.clone()) };
    let catalog = edited(&EMPTY, &[put]).map_err(|error| *fault_of(&error))?;
    let sender = catalog.as_ref().and_then(|catalog| catalog.senders().first());
    sender.cloned().ok_or_else(|| Fault::internal("a sender that was put is not in the catalog"))
}

/// The changes that put a sender: none if it is the same already.
fn changes(there: Option<&Sender>, sender: &Sender) -> Vec<Change> {
    if there == Some(sender) {
        return Vec::new();
    }
    vec![Change { kind: Kind::Sender, key: sender.id.to_string(), body: Some(json(sender)) }]
}

/// Which senders are asked for.
struct Filter<'a> {
    kind: Option<SenderType>,
    channel: Option<Channel>,
    country: Option<Country>,
    suspended: Option<bool>,
    application: Option<&'a str>,
    text: Option<Wanted>,
}

/// A text that the id or the address of a sender has, in whatever case. Of numbers the digits alone count.
struct Wanted {
    text: String,
    /// If it is a number, however it is written.
    digits: Option<String>,
}

impl Wanted {
    fn of(text: &str) -> Self {
        let is_number = text.chars().all(|sign| sign.is_ascii_digit() || " +-.()".contains(sign));
        let digits = is_number.then(|| digits(text)).filter(|digits| !digits.is_empty());
        Self { text: text.to_lowercase(), digits }
    }

    fn is_in(&self, sender: &Sender) -> bool {
        let has = |text: &str| text.to_lowercase().contains(&self.text);
        has(&sender.id)
            || has(&sender.address)
            || self.digits.as_ref().is_some_and(|wanted| digits(&sender.address).contains(wanted))
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

impl<'a> Filter<'a> {
    fn of(parameters: &'a Parameters) -> Result<Self, Fault> {
        let kinds = SenderType::ALL.map(SenderType::as_str);
        let status = parameters.word("status", &STATUSES)?;
        Ok(Self {
            kind: parameters
                .word("senderType", &kinds)?
                .or(parameters.word("type", &kinds)?)
                .and_then(SenderType::parse),
            channel: channel(parameters)?,
            country: country(parameters)?,
            suspended: status.map(|status| status == "SUSPENDED"),
            application: parameters.text("applicationId"),
            text: parameters.text("text").map(Wanted::of),
        })
    }

    fn has(&self, sender: &Sender) -> bool {
        let reaches = |channel: Channel| match self.country {
            Some(country) => sender.coverage.covers(channel, country),
            None => sender.coverage.has_channel(channel),
        };
        let is_reaching = match (self.channel, self.country) {
            (None, None) => true,
            (Some(channel), _) => reaches(channel),
            (None, Some(_)) => Channel::ALL.into_iter().any(reaches),
        };
        is_reaching
            && self.kind.is_none_or(|kind| kind == sender.kind)
            && self.suspended.is_none_or(|suspended| suspended == sender.suspended)
            && self.text.as_ref().is_none_or(|text| text.is_in(sender))
    }
}

/// The parameter `channel`.
///
/// # Errors
/// 400: it is invalid.
pub(super) fn channel(parameters: &Parameters) -> Result<Option<Channel>, Fault> {
    Ok(parameters.word("channel", &CHANNELS)?.and_then(Channel::parse))
}

/// The parameter `country`.
///
/// # Errors
/// 400: it is invalid.
pub(super) fn country(parameters: &Parameters) -> Result<Option<Country>, Fault> {
    let Some(text) = parameters.text("country") else { return Ok(None) };
    let wrong = || {
        let text = format!("{} is not a country: two upper-case letters of ISO 3166-1, such as US", quoted(text));
        Fault::property("country", text)
    };
    Country::parse(text).map(Some).ok_or_else(wrong)
}

/// The senders, in pages.
///
/// `channel` and `country` filter by coverage; `applicationId` by association with the application or an entity of it;
/// `text` by a part of the id or of the address, whose digits alone count. `type` means `senderType`.
/// A tenant sees the senders that are associated with its application.
#[utoipa::path(get, path = "/v1/senders", tag = "senders",
    params(
        PageQuery,
        ("senderType" = Option<String>, Query), ("type" = Option<String>, Query),
        ("channel" = Option<String>, Query), ("text" = Option<String>, Query),
        ("country" = Option<String>, Query), ("status" = Option<String>, Query),
        ("applicationId" = Option<String>, Query),
    ),
    responses((status = 200, body = Paged<SenderBody>), Problems))]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<Paged<Box<RawValue>>>> {
    let page = parameters.page(100)?;
    let filter = Filter::of(&parameters)?;
    let view = service.view();
    let all = view.catalog().senders();
    Ok(Json(match view.sight(&caller).senders(filter.application) {
        Some(own) => page.of(own.iter().map(|own| &all[*own as usize]).filter(|sender| filter.has(sender)), json),
        None => page.of(all.iter().filter(|sender| filter.has(sender)), json),
    }))
}

/// Registers a sender.
#[utoipa::path(post, path = "/v1/senders", tag = "senders", request_body = SenderBody,
    responses((status = 201, body = SenderBody, description = "The sender, with its `ETag`"), Problems))]
pub(super) async fn create(State(service): State<Arc<Service>>, caller: Caller, body: Bytes) -> Answer<Tagged> {
    resource::create::<Senders>(&service, caller, &body).await
}

/// One sender.
#[utoipa::path(get, path = "/v1/senders/{senderId}", tag = "senders", params(("senderId" = String, Path)),
    responses((status = 200, body = SenderBody, description = "The sender, with its `ETag`"),
        (status = 304, description = "It is what `If-None-Match` says still"), Problems))]
pub(super) async fn get(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    conditions: Conditions,
) -> Answer<Tagged> {
    resource::get::<Senders>(&service, &caller, &id, &conditions)
}

/// Replaces the sender with this id as a whole, or registers it.
///
/// `If-Match` requires the `ETag` that was read, or with `*` that the sender exists; `If-None-Match: *` that it does
/// not.
#[utoipa::path(put, path = "/v1/senders/{senderId}", tag = "senders",
    params(
        ("senderId" = String, Path),
        ("If-Match" = Option<String>, Header), ("If-None-Match" = Option<String>, Header),
    ),
    request_body = SenderBody,
    responses(
        (status = 200, body = SenderBody, description = "It took the place of another"),
        (status = 201, body = SenderBody, description = "It is registered"),
        Problems,
    ))]
pub(super) async fn put(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    conditions: Conditions,
    body: Bytes,
) -> Answer<Tagged> {
    // What a tenant may not see or change is refused before its body is looked at.
    Senders::may_put(service.view().sight(&caller), &id, &caller)?;
    resource::put::<Senders>(&service, caller, &id, conditions, &body).await
}

/// Changes the properties of a sender that are in the body, such as `{"status": "SUSPENDED"}`.
#[utoipa::path(patch, path = "/v1/senders/{senderId}", tag = "senders",
    params(("senderId" = String, Path), ("If-Match" = Option<String>, Header)), request_body = Object,
    responses((status = 200, body = SenderBody, description = "The sender, with its new `ETag`"), Problems))]
pub(super) async fn patch(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    conditions: Conditions,
    body: Bytes,
) -> Answer<Tagged> {
    Senders::find_own(service.view().sight(&caller), &id, &caller)?;
    let patch = raw_object(&body)?.to_owned();
    let author = caller.author();
    let plan = move |view: &View| {
        let there = Senders::find_own(view.sight(&caller), &id, &caller)?;
        let before = json(there);
        conditions.allow(Some(before.get().as_bytes()))?;
        let given = element::members(&patch);
        let rest = element::members(&before);
        let rest = rest.iter().filter(|(name, _)| !given.contains_key(*name));
        let merged = element::with(&patch, rest.map(|(name, value)| (&**name, *value)));
        let sender = read(&element::under(&merged, "senderId", &id)?)?;
        let answer = Tagged::new(http::StatusCode::OK, bytes_of(&json(&sender)));
        Ok(Plan::new(changes(Some(there), &sender), answer))
    };
    service.change(author, plan).await
}

/// Removes a sender. A sender in use is refused, unless `force=true`: then its associations and default senders are
/// removed, and it is taken out of the lists of strategies. It is refused all the same if it is the last sender of a
/// list.
#[utoipa::path(delete, path = "/v1/senders/{senderId}", tag = "senders",
    params(("senderId" = String, Path), ("force" = Option<bool>, Query), ("If-Match" = Option<String>, Header)),
    responses((status = 204), Problems))]
pub(super) async fn remove(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    parameters: Parameters,
    conditions: Conditions,
) -> Answer<NoContent> {
    let force = parameters.parsed::<bool>("force", "true or false")?.unwrap_or(false);
    let removal = move |catalog: &Catalog, id: &str| removal::of(catalog, id, force);
    resource::remove::<Senders>(&service, caller, id, conditions, removal).await
}

/// Suspends a sender: no message goes out from it until it is activated.
#[utoipa::path(post, path = "/v1/senders/{senderId}/suspend", tag = "senders", params(("senderId" = String, Path)),
    responses((status = 204), Problems))]
pub(super) async fn suspend(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<NoContent> {
    set_suspended(&service, caller, id, true).await
}

/// Activates a sender.
#[utoipa::path(post, path = "/v1/senders/{senderId}/activate", tag = "senders", params(("senderId" = String, Path)),
    responses((status = 204), Problems))]
pub(super) async fn activate(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<NoContent> {
    set_suspended(&service, caller, id, false).await
}

async fn set_suspended(service: &Arc<Service>, caller: Caller, id: String, suspended: bool) -> Answer<NoContent> {
    let author = caller.author();
    let plan = move |view: &View| {
        let there = Senders::find_own(view.sight(&caller), &id, &caller)?;
        let sender = Sender { suspended, ..there.clone() };
        Ok(Plan::new(changes(Some(there), &sender), NoContent))
    };
    service.change(author, plan).await
}
