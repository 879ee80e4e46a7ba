//! Sending strategies with all that they can say: several countries, lists of senders, idle times.

use std::sync::Arc;

use axum::extract::{Path, State};
use bytes::Bytes;
use callsign::{Catalog, Strategy};
use http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::condition::{Conditions, Tagged};
use super::element::{self, Identified, bytes as bytes_of};
use super::senders::channel;
use crate::change::{Change, Kind, raw};
use crate::fault::{Fault, Violation};
use crate::http::{Answer, Caller, Json, NoContent, Paged, Parameters, Problems, quoted, raw_object};
use crate::key::Scope;
use crate::service::{Plan, Service, View, edited, fault_of};
use crate::visibility::{application_of, must_see_entity, must_see_scope, visible_senders};

const PATH: &str = "/v1/strategies";
const ID: &str = "sendingStrategyId";

pub(super) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, put, remove))
}

/// How the messages of a scope choose among its senders, as a catalog file writes it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FullStrategyBody)]
#[allow(dead_code, reason = "describes a body")]
pub(super) struct StrategyBody {
    /// Its id; made where it is left out.
    #[schema(required = false, min_length = 1, max_length = 255)]
    sending_strategy_id: String,
    platform: PlatformBody,
    /// `SMS`, `MMS` or `RCS`; every one where it is left out.
    channel: Option<String>,
    /// A country of recipients, two upper-case letters of ISO 3166-1; every one where it is left out.
    destination_country_code: Option<String>,
    /// Several of them.
    destination_country_codes: Option<Vec<String>>,
    /// Whether a recipient always gets the same sender.
    use_sticky_sender: Option<bool>,
    /// After how many days without a message that ends, 1 to 3,650; never where it is left out.
    sticky_idle_days: Option<u16>,
    /// Whether long numbers of the recipient's own area go first.
    use_geolocated_sender: Option<bool>,
    /// Which types of senders go first.
    priorities: Option<Vec<PriorityBody>>,
    /// The only senders that it chooses among; all that are associated where it is left out.
    sender_ids: Option<Vec<String>>,
}

/// A scope: an application, or an entity of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ScopeBody)]
#[allow(dead_code, reason = "describes a body")]
pub(super) struct PlatformBody {
    application_id: String,
    entity_id: Option<String>,
}

/// The place of a type of senders.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TypePriorityBody)]
#[allow(dead_code, reason = "describes a body")]
pub(super) struct PriorityBody {
    /// `ALPHANUMERIC`, `VIRTUAL_LONG_NUMBER`, `SHORT_CODE` or `TOLL_FREE_NUMBER`.
    sender_type: String,
    /// 1 (best) to 4.
    #[schema(minimum = 1, maximum = 4)]
    priority: u8,
}

fn unknown(id: &str) -> Fault {
    Fault::not_found(format!("the sending strategy {}", quoted(id)))
}

/// A strategy that this key sees.
fn find<'a>(catalog: &'a Catalog, id: &str, caller: &Caller) -> Option<&'a Strategy> {
    let found = catalog.strategy(id).map(|(_, strategy)| strategy);
    found.filter(|strategy| caller.may_see(application_of(catalog, strategy)))
}

fn json(catalog: &Catalog, strategy: &Strategy) -> Box<RawValue> {
    raw(&catalog.strategy_json(strategy))
}

/// A strategy as it would be, in the words of a catalog file.
///
/// # Errors
/// 400: it is not sound, ties with another one, or names what there is not, or not for this key.
fn read(view: &View, element: &Identified, caller: &Caller) -> Result<Box<RawValue>, Fault> {
    let catalog = view.catalog();
    let fields: Map<String, Value> = serde_json::from_str(element.body.get()).unwrap_or_default();
    must_see_scope(&fields, caller)?;
    must_see_entity(view, &fields, caller)?;
    // Before anything else, so that a hidden sender is not told apart from one that does not exist.
    must_see_senders(catalog, &fields, caller)?;
    let put = Change { kind: Kind::Strategy, key: element.id.clone(), body: Some(element.body.clone()) };
    let after = edited(catalog, &[put]).map_err(|error| *fault_of(&error))?;
    let after = after.as_ref().unwrap_or(catalog);
    let (_, strategy) =
        after.strategy(&element.id).ok_or_else(|| Fault::internal("a strategy that was put is gone"))?;
    Ok(json(after, strategy))
}

/// # Errors
/// 400: it lists senders that this key does not see, which is told as if they did not exist.
fn must_see_senders(catalog: &Catalog, fields: &Map<String, Value>, caller: &Caller) -> Result<(), Fault> {
    let Some(visible) = visible_senders(catalog, caller.tenant()) else { return Ok(()) };
    let listed = fields.get("senderIds").and_then(Value::as_array).into_iter().flatten().enumerate();
    let hidden = listed.filter_map(|(index, id)| {
        let id = id.as_str()?;
        let is_visible = catalog.sender(id).is_some_and(|(index, _)| visible.contains(&index));
        let text = || format!("sender {} is not in \"senders\"; add it there, or name one that is", quoted(id));
        (!is_visible).then(|| Violation::new(format!("senderIds[{index}]"), text()))
    });
    let hidden: Vec<Violation> = hidden.collect();
    if hidden.is_empty() { Ok(()) } else { Err(Fault::invalid(hidden)) }
}

/// The sending strategies, in pages. `channel` asks for those that count for it, so those of every channel too.
#[utoipa::path(get, path = "/v1/strategies", tag = "strategies",
    params(
        ("page" = Option<u32>, Query, description = "From 0", minimum = 0),
        ("size" = Option<u32>, Query, description = "1 to 1000, default 100", minimum = 1, maximum = 1000),
        ("applicationId" = Option<String>, Query), ("entityId" = Option<String>, Query),
        ("channel" = Option<String>, Query),
    ),
    responses((status = 200, body = Paged<StrategyBody>), Problems))]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<Paged<Box<RawValue>>>> {
    caller.needs(Scope::SendingStrategy)?;
    let page = parameters.page(100)?;
    let (application, entity) = (parameters.text("applicationId"), parameters.text("entityId"));
    let channel = channel(&parameters)?;
    let revision = service.revision();
    let catalog = revision.catalog();
    let wanted = catalog.strategies().iter().filter(|strategy| {
        let of = application_of(catalog, strategy);
        let of_entity = strategy.entity.map(|entity| &*catalog.entities()[entity as usize].id);
        caller.may_see(of)
            && application.is_none_or(|wanted| wanted == of)
            && entity.is_none_or(|wanted| Some(wanted) == of_entity)
            && channel.is_none_or(|wanted| strategy.channel.is_none_or(|own| own == wanted))
    });
    Ok(Json(page.of(wanted, |strategy| json(catalog, strategy))))
}

/// Makes a sending strategy. One that ties with another of its scope is refused.
#[utoipa::path(post, path = "/v1/strategies", tag = "strategies", request_body = StrategyBody,
    responses((status = 201, body = StrategyBody, description = "The strategy, with its `ETag`"), Problems))]
pub(super) async fn create(State(service): State<Arc<Service>>, caller: Caller, body: Bytes) -> Answer<Tagged> {
    caller.needs(Scope::SendingStrategy)?;
    let element = element::new(raw_object(&body)?, ID)?;
    let author = caller.author();
    let plan = move |view: &View| {
        let catalog = view.catalog();
        if catalog.strategy(&element.id).is_some() {
            return Err(Fault::conflict(format!("the sending strategy {} exists already", quoted(&element.id))));
        }
        let strategy = read(view, &element, &caller)?;
        let answer = Tagged::created(bytes_of(&strategy), PATH, &element.id);
        Ok(Plan::new(vec![Change::put(Kind::Strategy, &*element.id, &strategy)], answer))
    };
    service.change(author, plan).await
}

/// One sending strategy.
#[utoipa::path(get, path = "/v1/strategies/{sendingStrategyId}", tag = "strategies",
    params(("sendingStrategyId" = String, Path)),
    responses((status = 200, body = StrategyBody, description = "The strategy, with its `ETag`"),
        (status = 304, description = "It is what `If-None-Match` says still"), Problems))]
pub(super) async fn get(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    conditions: Conditions,
) -> Answer<Tagged> {
    caller.needs(Scope::SendingStrategy)?;
    let revision = service.revision();
    let found = find(revision.catalog(), &id, &caller).ok_or_else(|| unknown(&id))?;
    Ok(conditions.answer(bytes_of(&json(revision.catalog(), found))))
}

/// Puts a sending strategy in the place of the one with this id, whole and in one step: no message sees neither. Where there
/// is none it is made.
///
/// `If-Match` makes that depend on the `ETag` that was read, `*` on that it exists; `If-None-Match: *` on that it does not.
#[utoipa::path(put, path = "/v1/strategies/{sendingStrategyId}", tag = "strategies",
    params(
        ("sendingStrategyId" = String, Path),
        ("If-Match" = Option<String>, Header), ("If-None-Match" = Option<String>, Header),
    ),
    request_body = StrategyBody,
    responses(
        (status = 200, body = StrategyBody, description = "It took the place of another"),
        (status = 201, body = StrategyBody, description = "It is made"),
        Problems,
    ))]
pub(super) async fn put(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    conditions: Conditions,
    body: Bytes,
) -> Answer<Tagged> {
    caller.needs(Scope::SendingStrategy)?;
    let element = element::under(raw_object(&body)?, ID, &id)?;
    let author = caller.author();
    let plan = move |view: &View| {
        let catalog = view.catalog();
        let there = find(catalog, &element.id, &caller).map(|there| json(catalog, there));
        if there.is_none() && catalog.strategy(&element.id).is_some() {
            return Err(unknown(&element.id));
        }
        conditions.allow(there.as_ref().map(|there| there.get().as_bytes()))?;
        let strategy = read(view, &element, &caller)?;
        let answer = match &there {
            Some(_) => Tagged::new(StatusCode::OK, bytes_of(&strategy)),
            None => Tagged::created(bytes_of(&strategy), PATH, &element.id),
        };
        let is_same = there.is_some_and(|there| there.get() == strategy.get());
        let changes = if is_same { Vec::new() } else { vec![Change::put(Kind::Strategy, &*element.id, &strategy)] };
        Ok(Plan::new(changes, answer))
    };
    service.change(author, plan).await
}

/// Removes a sending strategy.
#[utoipa::path(delete, path = "/v1/strategies/{sendingStrategyId}", tag = "strategies",
    params(("sendingStrategyId" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204), Problems))]
pub(super) async fn remove(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    conditions: Conditions,
) -> Answer<NoContent> {
    caller.needs(Scope::SendingStrategy)?;
    let author = caller.author();
    let plan = move |view: &View| {
        let catalog = view.catalog();
        let there = find(catalog, &id, &caller).ok_or_else(|| unknown(&id))?;
        conditions.allow(Some(json(catalog, there).get().as_bytes()))?;
        Ok(Plan::new(vec![Change::remove(Kind::Strategy, &*id)], NoContent))
    };
    service.change(author, plan).await
}
