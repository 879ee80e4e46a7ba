//! The coverage audit: which messages would find no sender, found before a message fails.

mod audit;
mod grid;
mod outcome;

use std::sync::Arc;

use axum::extract::State;
use callsign::{Catalog, Channel};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::audit::{Found, Part, Place};
use super::senders::{channel, country};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Json, PageQuery, Paged, Parameters, Problems};
use crate::service::Service;

pub(super) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(grid::grid))
}

/// Messages that no sender can carry.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct GapBody {
    application_id: String,
    /// The entity; the application itself if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_id: Option<String>,
    /// `SMS`, `MMS` or `RCS`.
    channel: &'static str,
    /// Two letters of ISO 3166-1; every country if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<&'static str>,
    /// The type of the messages; all of them if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    message_type: Option<String>,
    /// The last obstacle on the way: `NO_STRATEGY`, `CHANNEL_NOT_ALLOWED`, `COUNTRY_NOT_ALLOWED`, `NO_ASSOCIATION`,
    /// `ALL_SUSPENDED`, `CHANNEL_NOT_COVERED`, `COUNTRY_NOT_COVERED`, `REGISTRATION_REJECTED`, `REGISTRATION_EXPIRED`,
    /// `REGISTRATION_PENDING`, `TYPE_NOT_TAKEN` (names to a country that takes none), `OTHER_MESSAGE_TYPE` (those that could
    /// are only for others), or `NOT_LISTED`: the strategy lists none of the senders that could.
    reason: &'static str,
    /// The strategy that they would be sent under.
    #[serde(skip_serializing_if = "Option::is_none")]
    strategy_id: Option<String>,
    /// How many senders are associated for the channel.
    senders: usize,
    /// The default sender, which cannot carry them either.
    #[serde(skip_serializing_if = "Option::is_none")]
    default_sender_id: Option<String>,
    /// How many such messages this node has refused since it started.
    seen: u64,
    /// When it refused the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<String>,
    /// The code of that refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_refusal: Option<&'static str>,
}

impl GapBody {
    fn of(
        catalog: &Catalog,
        ((application, entity, channel, country, message_type), found): (&Place<'_>, &Found<'_>),
    ) -> Self {
        let Found { gap, seen } = found;
        let last = seen.iter().max_by_key(|seen| seen.last);
        let time = |at: u64| i64::try_from(at).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
        Self {
            application_id: (*application).to_owned(),
            entity_id: entity.map(str::to_owned),
            channel: Channel::ALL[usize::from(*channel)].as_str(),
            country: country.as_ref().map(|country| country.as_str()),
            message_type: message_type.map(str::to_owned),
            reason: gap.reason.as_str(),
            strategy_id: gap.strategy.map(|index| catalog.strategies()[index as usize].id.to_string()),
            senders: gap.senders,
            default_sender_id: gap.default.map(|index| catalog.senders()[index as usize].id.to_string()),
            seen: seen.iter().map(|seen| seen.count).sum(),
            last_seen: last.and_then(|seen| time(seen.last)).map(|at| at.to_string()),
            last_refusal: last.map(|seen| seen.code),
        }
    }
}

/// The gaps, in pages: every application, entity, channel and country that strategies name, or that messages have
/// named, and that no sender can carry under the standard policy, with the reason.
///
/// The countries are those that strategies list. For a strategy of every country they are those to which messages of
/// its scope were refused; an entity that has such a strategy and no sender at all is a gap for every country, without
/// `country`. Gaps that have been closed since are not listed.
#[utoipa::path(get, path = "/v1/coverage", tag = "audit",
    params(
        PageQuery,
        ("applicationId" = Option<String>, Query), ("entityId" = Option<String>, Query),
        ("channel" = Option<String>, Query), ("country" = Option<String>, Query),
    ),
    responses((status = 200, body = Paged<GapBody>), Problems))]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<Paged<GapBody>>> {
    let page = parameters.page(100)?;
    let Some(part) = part(&caller, &parameters)? else {
        return Ok(Json(page.of(std::iter::empty::<GapBody>(), |gap| gap)));
    };
    // It looks at every scope, so it runs on a thread that decisions do not need, and of each tenant one at a time.
    let turn = service.audits.turn(caller.tenant()).await;
    let audited = tokio::task::spawn_blocking(move || {
        // Held here, since the work goes on if the caller goes away.
        let _turn = turn;
        let refused = service.refused_traffic.all(part.application.as_deref());
        let revision = service.revision();
        let gaps = audit::gaps(revision.catalog(), &refused, &service.refused_traffic, &part);
        page.of(gaps.iter(), |gap| GapBody::of(revision.catalog(), gap))
    });
    Ok(Json(audited.await.map_err(Fault::internal)?))
}

/// The part of the platform that a caller asks for. `None`: another application than that of a tenant, which is answered like
/// one that does not exist.
fn part(caller: &Caller, parameters: &Parameters) -> Answer<Option<Part>> {
    let application = parameters.text("applicationId").map(str::to_owned);
    let application = match (caller.tenant(), application) {
        (Some(tenant), Some(application)) if tenant != application => return Ok(None),
        (Some(tenant), _) => Some(tenant.to_owned()),
        (None, application) => application,
    };
    let entity = parameters.text("entityId").map(str::to_owned);
    Ok(Some(Part { application, entity, channel: channel(parameters)?, country: country(parameters)? }))
}
