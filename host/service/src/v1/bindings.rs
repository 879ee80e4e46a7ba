//! Bindings: which policy decides for which messages, and how that changes under traffic.

mod nodes;
mod request;
mod response;
mod step;
mod target;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::nodes::NodesBody;
pub(super) use self::request::find as find_module;
use self::request::{CanaryRequest, PolicyRequest};
use self::response::{BindingBody, ComparisonBody, HistoryBody, PastBody, must_match, with_tag};
use self::target::{BindingRequest, IfMatch, TargetQuery, binding_of, not_bound, nothing_beside};
use crate::binding::{BindingRecord, CanarySpec, Target, TransitionError};
use crate::change::{Change, Kind, now};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Json, NoContent, PageQuery, Paged, Parameters, Problems, body};
use crate::service::{Plan, Service, View};

pub(super) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, swap, unbind))
        .routes(routes!(shadow))
        .routes(routes!(canary))
        .routes(routes!(promote))
        .routes(routes!(roll_back))
        .routes(routes!(withdraw))
        .routes(routes!(history))
        .routes(routes!(comparison))
        .routes(routes!(nodes))
}

/// All bindings, in pages, without their history. The platform always has one.
#[utoipa::path(get, path = "/v1/bindings", tag = "policies",
    params(
        PageQuery,
        ("applicationId" = Option<String>, Query, description = "Only those of an application and its entities"),
    ),
    responses((status = 200, body = Paged<BindingBody>), Problems))]
async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<Paged<BindingBody>>> {
    let page = parameters.page(100)?;
    let wanted = parameters.text("applicationId");
    let state = service.state();
    let platform = binding_of(&state, &Target::default()).filter(|_| !state.bindings.contains_key(&Target::default()));
    let body = |record: &Arc<BindingRecord>| BindingBody::of(record).without_history();
    Ok(Json(match caller.tenant().or(wanted) {
        Some(application) => {
            let is_wanted = wanted.is_none_or(|wanted| wanted == application);
            page.of(state.bindings_of(application).filter(|_| is_wanted), body)
        }
        None => page.of(platform.iter().chain(state.bindings.values()), body),
    }))
}

/// The binding of the platform, of an application or of an entity of it.
#[utoipa::path(get, path = "/v1/binding", tag = "policies", params(TargetQuery),
    responses((status = 200, body = BindingBody), Problems))]
async fn get(request: BindingRequest) -> Answer<Response> {
    Ok(with_tag(&*request.binding()?))
}

/// Binds a policy. Its settings are checked, it is started, and its probes are run before it takes over. Candidates are
/// removed.
///
/// `module` is `standard`, the digest of a module, or its `name@version`: one of the application, or of the platform.
/// No message fails because of a swap, and the policy from before can be rolled back to.
#[utoipa::path(put, path = "/v1/binding", tag = "policies", request_body = PolicyRequest,
    params(TargetQuery, IfMatch), responses((status = 200, body = BindingBody), Problems))]
async fn swap(request: BindingRequest, bytes: Bytes) -> Answer<Response> {
    let spec = body::<PolicyRequest>(&bytes)?.spec(&request)?;
    request
        .bind(spec, |target, before, spec| match before {
            Some(before) => Ok(before.swap(spec, now())),
            None => Ok(BindingRecord::new(target.clone(), spec)),
        })
        .await
}

/// Removes a binding, so that the more general one decides. The binding of the platform cannot be removed: bind
/// `standard`.
#[utoipa::path(delete, path = "/v1/binding", tag = "policies",
    params(("applicationId" = String, Query), ("entityId" = Option<String>, Query), IfMatch),
    responses((status = 204), Problems))]
async fn unbind(request: BindingRequest) -> Answer<NoContent> {
    let BindingRequest { service, caller, target, headers } = request;
    if target.application_id.is_none() {
        return Err(Fault::conflict("the platform is never without a policy: put `standard` to use instead"));
    }
    let plan = move |view: &View| {
        let record = binding_of(&view.state, &target);
        must_match(&headers, record.as_deref())?;
        record.ok_or_else(|| not_bound(&target))?;
        Ok(Plan::new(vec![Change::remove(Kind::Binding, target.key())], NoContent))
    };
    service.change(caller.author(), plan).await
}

/// Starts a shadow: a candidate that decides the same messages as the active policy. Its answers are compared and
/// dropped.
#[utoipa::path(post, path = "/v1/binding/shadow", tag = "policies", request_body = PolicyRequest,
    params(TargetQuery, IfMatch), responses((status = 200, body = BindingBody), Problems))]
async fn shadow(request: BindingRequest, bytes: Bytes) -> Answer<Response> {
    let spec = body::<PolicyRequest>(&bytes)?.spec(&request)?;
    request.must_be_bound()?;
    let step = |target: &Target, before: Option<&BindingRecord>, spec| {
        Ok(before.ok_or_else(|| nothing_beside(target))?.with_shadow(spec))
    };
    request.bind(spec, step).await
}

/// Starts a canary: a candidate that decides for a share of the recipients, always the same ones. It is rolled back
/// automatically when it goes wrong as often as `recall` says.
#[utoipa::path(post, path = "/v1/binding/canary", tag = "policies", request_body = CanaryRequest,
    params(TargetQuery, IfMatch), responses((status = 200, body = BindingBody), Problems))]
async fn canary(request: BindingRequest, bytes: Bytes) -> Answer<Response> {
    let (policy, per_mille, auto_rollback) = body::<CanaryRequest>(&bytes)?.parts()?;
    let spec = policy.spec(&request)?;
    request.must_be_bound()?;
    let step = move |target: &Target, before: Option<&BindingRecord>, spec| {
        let before = before.ok_or_else(|| nothing_beside(target))?;
        Ok(before.with_canary(CanarySpec { spec, per_mille, auto_rollback }))
    };
    request.bind(spec, step).await
}

/// Makes the candidate of a binding, its canary or else its shadow, the active policy.
#[utoipa::path(post, path = "/v1/binding/promote", tag = "policies",
    params(TargetQuery, IfMatch), responses((status = 200, body = BindingBody), Problems))]
async fn promote(request: BindingRequest) -> Answer<Response> {
    request.step(|record| record.promote(now())).await
}

/// Goes back to the policy from before. No upload is needed and no probe is run: the policy served already.
#[utoipa::path(post, path = "/v1/binding/rollback", tag = "policies",
    params(TargetQuery, IfMatch), responses((status = 200, body = BindingBody), Problems))]
async fn roll_back(request: BindingRequest) -> Answer<Response> {
    request.step(BindingRecord::roll_back).await
}

/// Removes the candidates of a binding.
#[utoipa::path(post, path = "/v1/binding/withdraw", tag = "policies",
    params(TargetQuery, IfMatch), responses((status = 200, body = BindingBody), Problems))]
async fn withdraw(request: BindingRequest) -> Answer<Response> {
    request.step(BindingRecord::withdraw).await
}

/// The earlier policies of a binding, oldest first.
#[utoipa::path(get, path = "/v1/binding/history", tag = "policies", params(TargetQuery),
    responses((status = 200, body = HistoryBody), Problems))]
async fn history(request: BindingRequest) -> Answer<Json<HistoryBody>> {
    Ok(Json(HistoryBody { results: request.binding()?.history.iter().map(PastBody::of).collect() }))
}

/// The comparison of a shadow with the active policy so far, on the node that answers.
#[utoipa::path(get, path = "/v1/binding/comparison", tag = "policies", params(TargetQuery),
    responses((status = 200, body = ComparisonBody), Problems))]
async fn comparison(request: BindingRequest) -> Answer<Json<ComparisonBody>> {
    request.binding()?;
    let BindingRequest { service, target, .. } = request;
    let comparison = service.gateway.comparison(&target.to_gateway());
    let comparison = comparison.ok_or_else(|| Fault::not_found(format!("a shadow of {target}")))?;
    Ok(Json(ComparisonBody::of(comparison)))
}

/// What really serves for a target on every node of the fleet.
#[utoipa::path(get, path = "/v1/binding/nodes", tag = "policies", params(TargetQuery),
    responses((status = 200, body = NodesBody), Problems))]
async fn nodes(request: BindingRequest) -> Answer<Json<NodesBody>> {
    nodes::nodes(&request).await.map(Json)
}

impl From<TransitionError> for Fault {
    fn from(refused: TransitionError) -> Self {
        Self::conflict(refused.to_string())
    }
}
