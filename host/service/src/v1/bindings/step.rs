//! A step of a binding: from what is there to what is there next, written and put to use.

use std::sync::Arc;

use axum::response::Response;
use http::HeaderMap;

use super::request::must_have;
use super::response::{must_match, with_tag};
use super::target::{is_there, of, unbound, whose};
use crate::binding::{BindingRecord, For, Refused, Spec};
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
    step: impl Fn(&BindingRecord) -> Result<BindingRecord, Refused> + Send + Sync + 'static,
) -> Answer<Response> {
    let whom = whose(service, caller, parameters)?;
    commit(service, caller, whom, headers, None, move |whom, before| Ok(step(before.ok_or_else(|| unbound(whom))?)?))
        .await
}

/// Writes what a step makes of a binding. `spec` is what it puts to use anew: its module must still be there.
pub(super) async fn commit(
    service: &Arc<Service>,
    caller: &Caller,
    whom: For,
    headers: &HeaderMap,
    spec: Option<Spec>,
    step: impl Fn(&For, Option<&BindingRecord>) -> Result<BindingRecord, Fault> + Send + Sync + 'static,
) -> Answer<Response> {
    let headers = headers.clone();
    let plan = move |view: &View| {
        is_there(view.catalog(), &whom)?;
        let before = of(&view.state, &whom);
        must_match(&headers, before.as_deref())?;
        if let Some(spec) = &spec {
            must_have(&view.state, spec)?;
        }
        let next = Arc::new(step(&whom, before.as_deref())?);
        Ok(Plan::new(vec![Change::put(Kind::Binding, whom.key(), &*next)], next))
    };
    let record = service.change(caller.author(), plan).await?;
    Ok(with_tag(&record))
}
