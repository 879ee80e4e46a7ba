//! What a tenant uses of its budgets.

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::fault::Fault;
use crate::http::{Answer, Caller, Json, Parameters, Problems};
use crate::service::Service;
use crate::tenant::Used;

/// What a tenant uses, on the node that answers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsageBody {
    application_id: String,
    budgets: Vec<UsedBody>,
}

/// How much of one budget is used.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsedBody {
    /// The key in `[tenant]` of the configuration, such as `messages_per_second`.
    name: &'static str,
    /// How much is used now. Of a rate, what was used ahead: up to two seconds of it.
    used: u64,
    /// The limit; left out if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
    /// How often the tenant was over it, since the start of the node.
    refused: u64,
}

impl From<Used> for UsedBody {
    fn from(used: Used) -> Self {
        Self { name: used.budget.as_str(), used: used.used, limit: used.limit, refused: used.refused }
    }
}

/// What a tenant uses of each of its budgets. Rates and what counts at a time are of the node that answers.
#[utoipa::path(get, path = "/v1/usage", tag = "watching",
    params(("applicationId" = Option<String>, Query, description = "Which tenant; keys of the platform have to say")),
    responses((status = 200, body = UsageBody), Problems))]
pub(super) async fn get(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<UsageBody>> {
    let wanted = parameters.text("applicationId").or(caller.tenant());
    let application = wanted.ok_or_else(|| Fault::property("applicationId", "is required"))?;
    let view = service.view();
    let application = view.sight(&caller).application(application)?.id();
    let budgets = service.tenants.of(application).usage().into_iter().map(UsedBody::from).collect();
    Ok(Json(UsageBody { application_id: application.to_owned(), budgets }))
}
