//! The coverage as a grid: for each scope, what becomes of messages over each channel to each country.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use axum::extract::State;
use callsign::{Catalog, Channel, Country};
use serde::Serialize;
use utoipa::ToSchema;

use super::audit::{self, Part};
use super::outcome::{Load, Outcome, Scope, Scopes};
use super::part;
use crate::fault::Fault;
use crate::http::{Answer, Caller, Json, PageQuery, Paged, Parameters, Problems};
use crate::service::Service;

/// A row of the grid.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RowBody {
    application_id: String,
    /// The entity; the application itself if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_id: Option<String>,
    cells: Vec<CellBody>,
}

/// What becomes of messages over a channel to a country.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CellBody {
    /// `SMS`, `MMS` or `RCS`.
    channel: &'static str,
    /// Two letters of ISO 3166-1.
    country: &'static str,
    /// `COVERED` by a sender of the scope, `DEFAULT_SENDER` by that alone, or the reason of a gap, as in `/v1/coverage`.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    strategy_id: Option<String>,
    /// The default sender that carries them.
    #[serde(skip_serializing_if = "Option::is_none")]
    default_sender_id: Option<String>,
}

/// The coverage as a grid, in pages of applications and entities: which messages a sender of theirs can carry under the
/// standard policy, which only a default sender, and which none, with the reason.
///
/// The countries of a row are those that its strategies list. For a strategy of every country they are those that its
/// senders' coverage names, and those to which its messages were refused. Messages without a type are meant.
#[utoipa::path(get, path = "/v1/coverage/grid", tag = "audit",
    params(
        PageQuery,
        ("applicationId" = Option<String>, Query), ("entityId" = Option<String>, Query),
        ("channel" = Option<String>, Query), ("country" = Option<String>, Query),
    ),
    responses((status = 200, body = Paged<RowBody>), Problems))]
pub(super) async fn grid(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<Paged<RowBody>>> {
    let page = parameters.page(20)?;
    let Some(part) = part(&caller, &parameters)? else {
        return Ok(Json(page.of(std::iter::empty::<RowBody>(), |row| row)));
    };
    // As the audit: on a thread that decisions do not need, and of each tenant one at a time.
    let turn = service.audits.turn(caller.tenant()).await;
    let made = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let revision = service.revision();
        let catalog = revision.catalog();
        let applications = match &part.application {
            None => 0..catalog.applications().slots().len() as u32,
            Some(id) => catalog.application(id).map_or(0..0, |(index, _)| index..index + 1),
        };
        let scopes = Scopes::new(catalog, applications);
        let refused = service.refused_traffic.all(part.application.as_deref());
        let mut named: HashMap<(&str, Option<&str>), BTreeSet<Country>> = HashMap::new();
        for refused in &refused {
            named.entry((&refused.application, refused.entity.as_deref())).or_default().insert(refused.country);
        }
        let wanted = scopes.all().filter(|&scope| {
            let (application, entity) = audit::names(catalog, scope);
            part.has(application, entity)
        });
        page.of(wanted, |scope| row(catalog, &scopes, scope, &part, &named))
    });
    Ok(Json(made.await.map_err(Fault::internal)?))
}

fn row(
    catalog: &Catalog,
    scopes: &Scopes<'_>,
    scope: Scope,
    part: &Part,
    named: &HashMap<(&str, Option<&str>), BTreeSet<Country>>,
) -> RowBody {
    let (application, entity) = audit::names(catalog, scope);
    let mut cells = BTreeMap::new();
    for channel in Channel::ALL {
        let mut countries = named.get(&(application, entity)).cloned().unwrap_or_default();
        countries.extend(scopes.covered_countries(scope, channel));
        for country in audit::countries(catalog, scopes, scope, channel, Some(&countries)) {
            if part.has_kind(channel, Some(country)) {
                let load = Load { channel, country, message_type: None };
                cells.insert((channel as u8, country), cell(catalog, &load, scopes.outcome(Some(scope), &load)));
            }
        }
    }
    RowBody {
        application_id: application.to_owned(),
        entity_id: entity.map(str::to_owned),
        cells: cells.into_values().collect(),
    }
}

fn cell(catalog: &Catalog, load: &Load<'_>, outcome: Outcome) -> CellBody {
    let (word, strategy, default) = match outcome {
        Outcome::Covered { strategy } => ("COVERED", Some(strategy), None),
        Outcome::DefaultSender { strategy, sender } => ("DEFAULT_SENDER", Some(strategy), Some(sender)),
        Outcome::Gap(gap) => (gap.reason.as_str(), gap.strategy, None),
    };
    CellBody {
        channel: load.channel.as_str(),
        country: load.country.as_str(),
        outcome: word,
        strategy_id: strategy.map(|index| catalog.strategies()[index as usize].id.to_string()),
        default_sender_id: default.map(|index| catalog.senders()[index as usize].id.to_string()),
    }
}
