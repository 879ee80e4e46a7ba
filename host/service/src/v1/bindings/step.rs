//! A step of a binding: from what is there to what is there next, written and put to use.

use std::sync::Arc;

use axum::response::Response;
use http::HeaderMap;

use super::request::must_have;
use super::response::{must_match, with_tag};
use super::target::{is_there, of, unbound, whose};
use crate::binding::{BindingRecord, PolicySpec, Target, TransitionError};
use crate::change::{Change, Kind};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Parameters};
use crate::service::{Plan, Service, View};

/// Takes a step that needs nothing but the binding.
pub(super) async fn act(
    service: &Arc<Service>,
    caller: &Caller,
    parameters: &Parameters,
    headers: &HeaderMap,
    step: impl Fn(&BindingRecord) -> Result<BindingRecord, TransitionError> + Send + Sync + 'static,
) -> Answer<Response> {
    let target = whose(service, caller, parameters)?;
    commit(service, caller, target, headers, None, move |target, before| {
        Ok(step(before.ok_or_else(|| unbound(target))?)?)
    })
    .await
}

/// Writes what a step makes of a binding. `spec` is what it puts to use anew: its module must still be there.
pub(super) async fn commit(
    service: &Arc<Service>,
    caller: &Caller,
    target: Target,
    headers: &HeaderMap,
    spec: Option<PolicySpec>,
    step: impl Fn(&Target, Option<&BindingRecord>) -> Result<BindingRecord, Fault> + Send + Sync + 'static,
) -> Answer<Response> {
    let headers = headers.clone();
    let plan = move |view: &View| {
        is_there(view.catalog(), &target)?;
        let before = of(&view.state, &target);
        must_match(&headers, before.as_deref())?;
        if let Some(spec) = &spec {
            must_have(&view.state, spec)?;
        }
        let next = Arc::new(step(&target, before.as_deref())?);
        Ok(Plan::new(vec![Change::put(Kind::Binding, target.key(), &*next)], next))
    };
    let record = service.change(caller.author(), plan).await?;
    Ok(with_tag(&record))
}
