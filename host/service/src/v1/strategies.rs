//! Sending strategies with all their properties: several countries, lists of senders, idle times.

use std::sync::Arc;

use axum::extract::{Path, State};
use bytes::Bytes;
use callsign::{Catalog, Strategy};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::condition::{Conditions, Tagged};
use super::element::Identified;
use super::resource::{self, Resource};
use super::senders::channel;
use crate::change::{Change, Kind, raw};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Json, NoContent, PageQuery, Paged, Parameters, Problems};
use crate::service::{Service, View};
use crate::visibility::{Hidden, Sight, VisibleStrategy};

pub(super) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, put, remove))
}

/// How the messages of a scope choose among its senders, as a catalog file writes it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FullStrategyBody)]
#[allow(dead_code, reason = "describes a body")]
pub(super) struct StrategyBody {
    /// Its id; generated if left out.
    #[schema(required = false, min_length = 1, max_length = 255)]
    sending_strategy_id: String,
    platform: PlatformBody,
    /// `SMS`, `MMS` or `RCS`; every channel if left out.
    channel: Option<String>,
    /// The country of recipients, two upper-case letters of ISO 3166-1; every country if left out.
    destination_country_code: Option<String>,
    /// Several countries.
    destination_country_codes: Option<Vec<String>>,
    /// Whether a recipient always gets the same sender.
    use_sticky_sender: Option<bool>,
    /// After how many days without a message the pin ends, 1 to 3,650; never if left out.
    sticky_idle_days: Option<u16>,
    /// Whether long numbers of the recipient's area are preferred.
    use_geolocated_sender: Option<bool>,
    /// Whether senders that are reported unhealthy are passed over as long as another one is healthy.
    skip_unhealthy_senders: Option<bool>,
    /// Which types of senders are preferred.
    priorities: Option<Vec<PriorityBody>>,
    /// The only senders to choose from; all associated ones if left out.
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

/// The priority of a type of senders.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TypePriorityBody)]
#[allow(dead_code, reason = "describes a body")]
pub(super) struct PriorityBody {
    /// `ALPHANUMERIC`, `VIRTUAL_LONG_NUMBER`, `SHORT_CODE`, `TOLL_FREE_NUMBER` or `RCS_AGENT`.
    sender_type: String,
    /// 1 (best) to 4.
    #[schema(minimum = 1, maximum = 4)]
    priority: u8,
}

/// Sending strategies.
enum Strategies {}

impl Resource for Strategies {
    type Element = Strategy;

    const KIND: Kind = Kind::Strategy;
    const NAME: &'static str = "sending strategy";
    const ID: &'static str = "sendingStrategyId";
    const PATH: &'static str = "/v1/strategies";
    const NEEDS_IF_MATCH: bool = true;

    fn get<'a>(catalog: &'a Catalog, id: &str) -> Option<&'a Strategy> {
        catalog.strategy(id).map(|(_, strategy)| strategy)
    }

    fn find<'v>(sight: Sight<'v>, id: &str) -> Result<&'v Strategy, Hidden> {
        sight.strategy(id).map(VisibleStrategy::get)
    }

    fn json(catalog: &Catalog, strategy: &Strategy) -> Box<RawValue> {
        raw(&catalog.strategy_json(strategy))
    }

    fn read(view: &View, body: &Identified, caller: &Caller) -> Result<Box<RawValue>, Fault> {
        let fields: Map<String, Value> = serde_json::from_str(body.body.get()).unwrap_or_default();
        // Before the catalog, so that what is hidden is answered like what does not exist.
        let sight = view.sight(caller);
        sight.scope_of_body(&fields)?;
        if caller.tenant().is_some() {
            sight.listed_senders(&fields)?;
        }
        resource::read_in_catalog::<Self>(view, body)
    }
}

/// The place of a strategy in the order of precedence: those of a scope together, and of those the ones for countries and a
/// channel first, then those for countries, then for a channel, then for everything.
fn precedence<'c>(catalog: &'c Catalog, strategy: &Strategy) -> (&'c str, Option<&'c str>, bool, bool) {
    let entity = strategy.entity.map(|entity| &*catalog.entities()[entity as usize].id);
    let application = &*catalog.applications()[strategy.application as usize].id;
    (application, entity, strategy.countries.is_none(), strategy.channel.is_none())
}

/// The sending strategies, in pages, as they were made or in the order of their precedence. `channel` lists the strategies that
/// apply to it, so those of every channel too.
#[utoipa::path(get, path = "/v1/strategies", tag = "strategies",
    params(
        PageQuery,
        ("applicationId" = Option<String>, Query), ("entityId" = Option<String>, Query),
        ("channel" = Option<String>, Query),
        ("order" = Option<String>, Query, description = "`precedence`: by scope, and in each the one that counts first"),
    ),
    responses((status = 200, body = Paged<StrategyBody>), Problems))]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<Paged<Box<RawValue>>>> {
    let page = parameters.page(100)?;
    let (application, entity) = (parameters.text("applicationId"), parameters.text("entityId"));
    let channel = channel(&parameters)?;
    let view = service.view();
    let catalog = view.catalog();
    let wanted = view.sight(&caller).strategies(application).filter(|strategy| {
        let of_entity = strategy.entity.map(|entity| &*catalog.entities()[entity as usize].id);
        entity.is_none_or(|wanted| Some(wanted) == of_entity)
            && channel.is_none_or(|wanted| strategy.channel.is_none_or(|own| own == wanted))
    });
    let body = |strategy: &Strategy| Strategies::json(catalog, strategy);
    match parameters.text("order") {
        None => Ok(Json(page.of(wanted, body))),
        Some("precedence") => {
            let mut wanted: Vec<_> = wanted.collect();
            wanted.sort_by_key(|strategy| precedence(catalog, strategy));
            Ok(Json(page.of(wanted.into_iter(), body)))
        }
        Some(_) => {
            Err(Fault::property("order", "is not `precedence`, the only order besides that in which they were made"))
        }
    }
}

/// Creates a sending strategy. A strategy that ties with another one of its scope is refused. Only a key of the platform
/// chooses the id.
#[utoipa::path(post, path = "/v1/strategies", tag = "strategies", request_body = StrategyBody,
    responses((status = 201, body = StrategyBody, description = "The strategy, with its `ETag`"), Problems))]
pub(super) async fn create(State(service): State<Arc<Service>>, caller: Caller, body: Bytes) -> Answer<Tagged> {
    resource::create::<Strategies>(&service, caller, &body).await
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
    resource::get::<Strategies>(&service, &caller, &id, &conditions)
}

/// Replaces the sending strategy with this id as a whole and in one step, so that every message finds the old one or
/// the new one. It is created if there is none, but only with a key of the platform: the ids of tenants are chosen by the
/// service, with `POST`.
///
/// `If-Match` requires the `ETag` that was read, or with `*` that the strategy exists; `If-None-Match: *` that it does
/// not. A strategy that exists is replaced with one of them only: else the answer is 428.
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
    resource::put::<Strategies>(&service, caller, &id, conditions, &body).await
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
    let removal = |_: &Catalog, id: &str| Ok(vec![Change::remove(Kind::Strategy, id)]);
    resource::remove::<Strategies>(&service, caller, id, conditions, removal).await
}
