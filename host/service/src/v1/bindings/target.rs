//! Which binding a request is about.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use utoipa::IntoParams;

use crate::binding::{BindingRecord, PolicySpec, Target};
use crate::fault::Fault;
use crate::http::{Caller, Parameters, id, quoted};
use crate::service::{Service, View};
use crate::state::State;

/// The query parameters that name a target.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[allow(dead_code, reason = "describes parameters")]
pub(super) struct TargetQuery {
    /// Left out, with `entityId`: the platform
    application_id: Option<String>,
    entity_id: Option<String>,
}

/// The header that makes a change depend on the state of the binding.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "describes parameters")]
pub(super) struct IfMatch {
    /// The ETag of the binding that is meant
    #[param(rename = "If-Match")]
    if_match: Option<String>,
}

/// A request about one binding. Reading it from a request checks the scope of the key and the target.
pub(super) struct BindingRequest {
    pub(super) service: Arc<Service>,
    pub(super) caller: Caller,
    pub(super) target: Target,
    pub(super) headers: HeaderMap,
}

impl FromRequestParts<Arc<Service>> for BindingRequest {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, service: &Arc<Service>) -> Result<Self, Fault> {
        let caller = Caller::from_request_parts(parts, service).await?;
        let parameters = Parameters::from_request_parts(parts, service).await?;
        let target = target(service, &caller, &parameters)?;
        Ok(Self { service: Arc::clone(service), caller, target, headers: parts.headers.clone() })
    }
}

impl BindingRequest {
    /// # Errors
    /// 404: nothing is bound that a candidate could be beside.
    pub(super) fn must_be_bound(&self) -> Result<(), Fault> {
        binding_of(&self.service.state(), &self.target).map(drop).ok_or_else(|| nothing_beside(&self.target))
    }

    /// The binding as it is now.
    ///
    /// # Errors
    /// 404: nothing is bound.
    pub(super) fn binding(&self) -> Result<Arc<BindingRecord>, Fault> {
        binding_of(&self.service.state(), &self.target).ok_or_else(|| not_bound(&self.target))
    }
}

/// The target that the parameters name; the platform if both are left out.
///
/// # Errors
/// 403 without the scope; 400 if an id is invalid; 404 if the application does not exist, or not for this key.
fn target(service: &Service, caller: &Caller, parameters: &Parameters) -> Result<Target, Fault> {
    for name in ["applicationId", "entityId"] {
        // An id that got lost on the way must not come to mean the platform.
        if parameters.is_empty(name) {
            return Err(Fault::property(name, "is empty; leave it out to mean all"));
        }
        if let Some(text) = parameters.text(name) {
            id(name, text)?;
        }
    }
    let target = Target {
        application_id: parameters.text("applicationId").map(str::to_owned),
        entity_id: parameters.text("entityId").map(str::to_owned),
    };
    if target.application_id.is_none() && target.entity_id.is_some() {
        return Err(Fault::property("entityId", "is of an application: give applicationId too"));
    }
    caller.must_see(
        target.application_id.as_deref(),
        match &target.application_id {
            None => "a binding of the platform".to_owned(),
            Some(id) => format!("the application {}", quoted(id)),
        },
    )?;
    application_must_exist(&service.view(), caller, &target)?;
    Ok(target)
}

/// # Errors
/// 404: the application does not exist, or not for the key.
fn application_must_exist(view: &View, caller: &Caller, target: &Target) -> Result<(), Fault> {
    let Some(application) = &target.application_id else { return Ok(()) };
    Ok(view.sight(caller).application(application).map(drop)?)
}

/// # Errors
/// 404: the application or the entity does not exist, or not for the key.
pub(super) fn must_exist(view: &View, caller: &Caller, target: &Target) -> Result<(), Fault> {
    let Some(application) = &target.application_id else { return Ok(()) };
    Ok(view.sight(caller).scope(application, target.entity_id.as_deref()).map(drop)?)
}

/// The binding of a target. The platform has one before anything was bound: the standard policy.
pub(super) fn binding_of(state: &State, target: &Target) -> Option<Arc<BindingRecord>> {
    let record = state.bindings.get(target).cloned();
    let standard = || BindingRecord::new(target.clone(), PolicySpec::standard());
    record.or_else(|| target.application_id.is_none().then(|| Arc::new(standard())))
}

pub(super) fn not_bound(target: &Target) -> Fault {
    Fault::not_found(format!("a binding of {target}"))
}

/// A shadow or a canary is beside what is bound. Without a binding a more general one decides, which others share.
pub(super) fn nothing_beside(target: &Target) -> Fault {
    let text = format!(
        "nothing is bound for {target}, so a more general binding decides: first bind what is to decide beside the candidate, \
         such as the standard policy, with PUT /v1/binding and {{\"module\": \"standard\"}}"
    );
    Fault::new(StatusCode::NOT_FOUND, text)
}
