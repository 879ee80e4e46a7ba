//! Bindings: which policy decides for whom, and how that changes under traffic.

mod request;
mod response;
mod step;
mod target;

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use callsign::Comparison;
use http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::request::{CanaryRequest, PolicyRequest};
use self::response::{BindingBody, HistoryBody, PastBody, with_tag};
use self::step::{act, commit};
use self::target::{of, whose};
use crate::binding::{CanarySpec, Target, TransitionError};
use crate::change::{Change, Kind, now};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Json, NoContent, Paged, Parameters, Problems};
use crate::key::Scope;
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
}

/// All bindings, in pages, without their history. The platform's is always there.
#[utoipa::path(get, path = "/v1/bindings", tag = "policies",
    params(
        ("page" = Option<u32>, Query, description = "From 0", minimum = 0),
        ("size" = Option<u32>, Query, description = "1 to 1000, default 100", minimum = 1, maximum = 1000),
        ("applicationId" = Option<String>, Query, description = "Only those of an application and its entities"),
    ),
    responses((status = 200, body = Paged<BindingBody>), Problems))]
async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<Paged<BindingBody>>> {
    caller.needs(Scope::Modules)?;
    let page = parameters.page(100)?;
    let wanted = parameters.text("applicationId");
    let state = service.state();
    let platform = of(&state, &Target::default()).filter(|_| !state.bindings.contains_key(&Target::default()));
    let all = platform.iter().chain(state.bindings.values());
    let visible = all.filter(|record| {
        let application = record.target.application_id.as_deref();
        caller.tenant().is_none_or(|tenant| application == Some(tenant))
            && wanted.is_none_or(|wanted| application == Some(wanted))
    });
    Ok(Json(page.of(visible, |record| BindingBody::of(record).without_history())))
}

/// The binding of the platform, of an application or of an entity of it.
#[utoipa::path(get, path = "/v1/binding", tag = "policies",
    params(
        ("applicationId" = Option<String>, Query, description = "Left out, with `entityId`: the platform"),
        ("entityId" = Option<String>, Query),
    ),
    responses((status = 200, body = BindingBody), Problems))]
async fn get(State(service): State<Arc<Service>>, caller: Caller, parameters: Parameters) -> Answer<Response> {
    let target = whose(&service, &caller, &parameters)?;
    let record = of(&service.state(), &target).ok_or_else(|| target::unbound(&target))?;
    Ok(with_tag(&record))
}

/// Puts a policy to use. It is tried first: its settings, a start, the probes. Candidates are taken off.
///
/// `module` is `standard`, the digest of a module, or its `name@version`: one of the application, or of the platform.
/// Callers notice nothing of a swap; what served before can be rolled back to.
#[utoipa::path(put, path = "/v1/binding", tag = "policies", request_body = PolicyRequest,
    params(
        ("applicationId" = Option<String>, Query, description = "Left out, with `entityId`: the platform"),
        ("entityId" = Option<String>, Query),
        ("If-Match" = Option<String>, Header, description = "The ETag of the binding that is meant"),
    ),
    responses((status = 200, body = BindingBody), Problems))]
async fn swap(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer<Response> {
    let target = whose(&service, &caller, &parameters)?;
    let request: PolicyRequest = crate::http::body(&bytes)?;
    let spec = request.spec(&service.state(), &caller, &target)?;
    service.validate(&target, &spec).await?;
    let next = spec.clone();
    commit(&service, &caller, target, &headers, Some(spec), move |target, before| match before {
        Some(before) => Ok(before.swap(next.clone(), now())),
        None => Ok(crate::binding::BindingRecord::new(target.clone(), next.clone())),
    })
    .await
}

/// Removes a binding: the more general one serves. The platform's is swapped for `standard` instead.
#[utoipa::path(delete, path = "/v1/binding", tag = "policies",
    params(
        ("applicationId" = String, Query), ("entityId" = Option<String>, Query),
        ("If-Match" = Option<String>, Header, description = "The ETag of the binding that is meant"),
    ),
    responses((status = 204), Problems))]
async fn unbind(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
    headers: HeaderMap,
) -> Answer<NoContent> {
    let target = whose(&service, &caller, &parameters)?;
    if target.application_id.is_none() {
        return Err(Fault::conflict("the platform is never without a policy: put `standard` to use instead"));
    }
    let plan = move |view: &View| {
        let record = of(&view.state, &target);
        response::must_match(&headers, record.as_deref())?;
        record.ok_or_else(|| target::unbound(&target))?;
        Ok(Plan::new(vec![Change::remove(Kind::Binding, target.key())], NoContent))
    };
    service.change(caller.author(), plan).await
}

/// Lets a candidate decide beside the policy that serves; its answers are compared and thrown away.
#[utoipa::path(post, path = "/v1/binding/shadow", tag = "policies", request_body = PolicyRequest,
    params(
        ("applicationId" = Option<String>, Query, description = "Left out, with `entityId`: the platform"),
        ("entityId" = Option<String>, Query),
        ("If-Match" = Option<String>, Header, description = "The ETag of the binding that is meant"),
    ),
    responses((status = 200, body = BindingBody), Problems))]
async fn shadow(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer<Response> {
    let target = whose(&service, &caller, &parameters)?;
    let request: PolicyRequest = crate::http::body(&bytes)?;
    let spec = request.spec(&service.state(), &caller, &target)?;
    of(&service.state(), &target).ok_or_else(|| target::unbound(&target))?;
    service.validate(&target, &spec).await?;
    let next = spec.clone();
    commit(&service, &caller, target, &headers, Some(spec), move |target, before| {
        Ok(before.ok_or_else(|| target::unbound(target))?.with_shadow(next.clone()))
    })
    .await
}

/// Lets a candidate serve a share of the recipients, always the same ones. It is taken off by itself when it goes wrong
/// as often as `recall` says.
#[utoipa::path(post, path = "/v1/binding/canary", tag = "policies", request_body = CanaryRequest,
    params(
        ("applicationId" = Option<String>, Query, description = "Left out, with `entityId`: the platform"),
        ("entityId" = Option<String>, Query),
        ("If-Match" = Option<String>, Header, description = "The ETag of the binding that is meant"),
    ),
    responses((status = 200, body = BindingBody), Problems))]
async fn canary(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer<Response> {
    let target = whose(&service, &caller, &parameters)?;
    let (request, per_mille, auto_rollback) = crate::http::body::<CanaryRequest>(&bytes)?.parts()?;
    let spec = request.spec(&service.state(), &caller, &target)?;
    of(&service.state(), &target).ok_or_else(|| target::unbound(&target))?;
    service.validate(&target, &spec).await?;
    let next = CanarySpec { spec: spec.clone(), per_mille, auto_rollback };
    commit(&service, &caller, target, &headers, Some(spec), move |target, before| {
        Ok(before.ok_or_else(|| target::unbound(target))?.with_canary(next.clone()))
    })
    .await
}

/// Lets the candidate of a binding, its canary or else its shadow, serve all of it.
#[utoipa::path(post, path = "/v1/binding/promote", tag = "policies",
    params(
        ("applicationId" = Option<String>, Query, description = "Left out, with `entityId`: the platform"),
        ("entityId" = Option<String>, Query),
        ("If-Match" = Option<String>, Header, description = "The ETag of the binding that is meant"),
    ),
    responses((status = 200, body = BindingBody), Problems))]
async fn promote(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
    headers: HeaderMap,
) -> Answer<Response> {
    act(&service, &caller, &parameters, &headers, |record| record.promote(now())).await
}

/// Goes back to the policy before. Needs no upload, and asks no probe: it served already.
#[utoipa::path(post, path = "/v1/binding/rollback", tag = "policies",
    params(
        ("applicationId" = Option<String>, Query, description = "Left out, with `entityId`: the platform"),
        ("entityId" = Option<String>, Query),
        ("If-Match" = Option<String>, Header, description = "The ETag of the binding that is meant"),
    ),
    responses((status = 200, body = BindingBody), Problems))]
async fn roll_back(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
    headers: HeaderMap,
) -> Answer<Response> {
    act(&service, &caller, &parameters, &headers, |record| record.roll_back()).await
}

/// Takes the candidates of a binding off.
#[utoipa::path(post, path = "/v1/binding/withdraw", tag = "policies",
    params(
        ("applicationId" = Option<String>, Query, description = "Left out, with `entityId`: the platform"),
        ("entityId" = Option<String>, Query),
        ("If-Match" = Option<String>, Header, description = "The ETag of the binding that is meant"),
    ),
    responses((status = 200, body = BindingBody), Problems))]
async fn withdraw(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
    headers: HeaderMap,
) -> Answer<Response> {
    act(&service, &caller, &parameters, &headers, |record| record.withdraw()).await
}

/// The policies that served a binding before, oldest first.
#[utoipa::path(get, path = "/v1/binding/history", tag = "policies",
    params(
        ("applicationId" = Option<String>, Query, description = "Left out, with `entityId`: the platform"),
        ("entityId" = Option<String>, Query),
    ),
    responses((status = 200, body = HistoryBody), Problems))]
async fn history(State(service): State<Arc<Service>>, caller: Caller, parameters: Parameters) -> Answer<Response> {
    let target = whose(&service, &caller, &parameters)?;
    let record = of(&service.state(), &target).ok_or_else(|| target::unbound(&target))?;
    Ok(Json(HistoryBody { results: record.history.iter().map(PastBody::of).collect() }).into_response())
}

/// What the shadow of a binding has found so far, on this node.
#[derive(Serialize, ToSchema)]
struct ComparisonBody {
    /// The candidate, as `name@version`.
    policy: String,
    /// How many messages both decided.
    compared: u64,
    /// How many of them the candidate decided otherwise.
    different: u64,
    /// The last of these.
    samples: Vec<DifferenceBody>,
}

/// A message that the candidate decided otherwise.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DifferenceBody {
    application_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_id: Option<String>,
    /// The recipient.
    to: String,
    /// What the policy that serves made of it: `senderId STEP`, or the code of a refusal.
    serving: String,
    /// What the candidate made of it.
    candidate: String,
}

impl ComparisonBody {
    fn of(comparison: Comparison) -> Self {
        let samples = comparison.samples.into_iter().map(|sample| DifferenceBody {
            application_id: sample.application.into(),
            entity_id: sample.entity.map(Into::into),
            to: sample.to.into(),
            serving: sample.serving,
            candidate: sample.candidate,
        });
        Self {
            policy: comparison.candidate.to_string(),
            compared: comparison.compared,
            different: comparison.different,
            samples: samples.collect(),
        }
    }
}

/// What the shadow of a binding has found so far, on the node that is asked.
#[utoipa::path(get, path = "/v1/binding/comparison", tag = "policies",
    params(
        ("applicationId" = Option<String>, Query, description = "Left out, with `entityId`: the platform"),
        ("entityId" = Option<String>, Query),
    ),
    responses((status = 200, body = ComparisonBody), Problems))]
async fn comparison(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<ComparisonBody>> {
    let target = whose(&service, &caller, &parameters)?;
    of(&service.state(), &target).ok_or_else(|| target::unbound(&target))?;
    let comparison = service.gateway.comparison(&target.to_gateway());
    let comparison = comparison.ok_or_else(|| Fault::not_found(format!("a shadow of {target}")))?;
    Ok(Json(ComparisonBody::of(comparison)))
}

impl From<TransitionError> for Fault {
    fn from(refused: TransitionError) -> Self {
        Self::conflict(refused.to_string())
    }
}
