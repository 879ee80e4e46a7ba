//! Whose the entities are.

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::entity::EntityRecord;
use crate::http::{Answer, Caller, Json, PageQuery, Paged, Parameters, Problems};
use crate::service::Service;

pub(super) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new().routes(routes!(list))
}

/// An entity of one maker. Several may have one with the same id.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OwnedEntityBody)]
struct EntityBody {
    entity_id: String,
    /// What its maker calls it, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_name: Option<String>,
    /// The application that made it, with its key or with a message; left out if the platform did.
    #[serde(skip_serializing_if = "Option::is_none")]
    application_id: Option<String>,
}

impl EntityBody {
    fn of(record: &EntityRecord) -> Self {
        Self {
            entity_id: record.id.to_string(),
            entity_name: record.name.as_deref().map(str::to_owned),
            application_id: record.maker().map(str::to_owned),
        }
    }
}

/// The entities with whose each is, in pages, in the order in which they were made.
///
/// A key of the platform gets everybody's: with `applicationId` those that an application made. A key of an application
/// gets those that its application made.
#[utoipa::path(get, path = "/v1/entities", tag = "entities",
    params(
        PageQuery,
        ("applicationId" = Option<String>, Query, description = "Only those that this application made"),
        ("entityId" = Option<String>, Query, description = "Only those with this id"),
    ),
    responses((status = 200, body = Paged<EntityBody>), Problems))]
async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<Paged<EntityBody>>> {
    let page = parameters.page(100)?;
    let entity = parameters.text("entityId");
    let view = service.view();
    let is_wanted = |record: &&EntityRecord| entity.is_none_or(|wanted| wanted == &*record.id);
    let records = &view.state.entities;
    Ok(Json(match view.sight(&caller).applications(parameters.text("applicationId")) {
        Some(some) => {
            let own = some.into_iter().flat_map(|application| records.of(Some(application.id())));
            page.of(own.filter(is_wanted), EntityBody::of)
        }
        None => page.of(records.all().filter(is_wanted), EntityBody::of),
    }))
}
