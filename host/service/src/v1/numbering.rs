//! What is known of the world's numbers: the tables of the release, with the operator's over them.

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::{Answer, Caller, Json, Parameters, Problems};
use crate::service::Service;

pub(super) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new().routes(routes!(area_codes)).routes(routes!(alphanumeric))
}

/// Area codes of North America.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AreaCodesBody {
    /// Ascending by code.
    area_codes: Vec<AreaCodeBody>,
    /// How many there are in all, of every origin.
    total: usize,
}

/// An area code.
#[derive(Debug, Serialize, ToSchema)]
struct AreaCodeBody {
    /// The code, 200 to 999.
    #[schema(minimum = 200, maximum = 999)]
    npa: u16,
    country: &'static str,
    /// The states or provinces that it serves; empty outside of the United States and Canada.
    regions: Vec<String>,
    /// The codes that directly overlay it.
    overlays: Vec<u16>,
    /// `STANDARD`: as this release has it. `ADDED`, `CORRECTED`: by the operator's file.
    origin: &'static str,
}

/// The geographic area codes that destinations are read with.
#[utoipa::path(get, path = "/v1/area-codes", tag = "senders",
    params(("origin" = Option<String>, Query, description = "Only those of an origin: STANDARD, ADDED or CORRECTED")),
    responses((status = 200, body = AreaCodesBody), Problems))]
pub(super) async fn area_codes(
    State(service): State<Arc<Service>>,
    _: Caller,
    parameters: Parameters,
) -> Answer<Json<AreaCodesBody>> {
    let origin = parameters.word("origin", &["STANDARD", "ADDED", "CORRECTED"])?;
    let codes = service.numbering.area_codes();
    let wanted = codes.iter().filter(|code| origin.is_none_or(|origin| code.origin.as_str() == origin));
    let body = wanted.map(|code| AreaCodeBody {
        npa: code.code.get(),
        country: code.country.as_str(),
        regions: code.regions.iter().map(|region| region.to_string()).collect(),
        overlays: code.overlays.to_vec(),
        origin: code.origin.as_str(),
    });
    Ok(Json(AreaCodesBody { area_codes: body.collect(), total: codes.iter().count() }))
}

/// Countries without alphanumeric senders.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AlphanumericBody {
    /// The countries that take none over SMS and MMS, ascending.
    none: Vec<&'static str>,
    /// What the operator's file changes in the table of this release.
    own: Vec<OwnCountryBody>,
}

/// What the operator says of a country.
#[derive(Debug, Serialize, ToSchema)]
struct OwnCountryBody {
    country: &'static str,
    /// Whether it takes alphanumeric senders.
    alphanumeric: bool,
}

/// Which countries take no alphanumeric sender.
#[utoipa::path(get, path = "/v1/alphanumeric-countries", tag = "senders",
    responses((status = 200, body = AlphanumericBody), Problems))]
pub(super) async fn alphanumeric(State(service): State<Arc<Service>>, _: Caller) -> Answer<Json<AlphanumericBody>> {
    let countries = service.numbering.alphanumeric();
    let own = countries.own().map(|(country, takes)| OwnCountryBody { country: country.as_str(), alphanumeric: takes });
    let none = countries.none().iter().map(|country| country.as_str());
    Ok(Json(AlphanumericBody { none: none.collect(), own: own.collect() }))
}
