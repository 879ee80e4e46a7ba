//! One change of a binding, from the state that is stored to the next one.

use std::sync::Arc;

use axum::response::Response;

use super::request::must_have;
use super::response::{must_match, with_tag};
use super::target::{BindingRequest, binding_of, must_exist, not_bound};
use crate::binding::{BindingRecord, PolicySpec, Target, TransitionError};
use crate::change::{Change, Kind, now};
use crate::fault::Fault;
use crate::http::Answer;
use crate::service::{Plan, View};

impl BindingRequest {
    /// Makes a change that needs nothing but the binding.
    pub(super) async fn step(
        self,
        step: impl Fn(&BindingRecord) -> Result<BindingRecord, TransitionError> + Send + Sync + 'static,
    ) -> Answer<Response> {
        self.commit(None, move |target, before| Ok(step(before.ok_or_else(|| not_bound(target))?)?)).await
    }

    /// Makes a change that binds a policy: the gateway validates the policy first.
    pub(super) async fn bind(
        self,
        spec: PolicySpec,
        step: impl Fn(&Target, Option<&BindingRecord>, PolicySpec) -> Result<BindingRecord, Fault> + Send + Sync + 'static,
    ) -> Answer<Response> {
        if binding_of(&self.service.state(), &self.target).is_none() {
            must_exist(&self.service.view(), &self.caller, &self.target)?;
        }
        self.service.validate(&self.target, &spec).await?;
        let next = spec.clone();
        self.commit(Some(spec), move |target, before| step(target, before, next.clone())).await
    }

    /// Stores what `step` makes of the binding. The module of `spec`, the policy that is bound, must still exist.
    async fn commit(
        self,
        spec: Option<PolicySpec>,
        step: impl Fn(&Target, Option<&BindingRecord>) -> Result<BindingRecord, Fault> + Send + Sync + 'static,
    ) -> Answer<Response> {
        let Self { service, caller, target, headers } = self;
        let author = caller.author();
        let rule = service.config.modules.signatures;
        let plan = move |view: &View| {
            let before = binding_of(&view.state, &target);
            // What is bound may be changed, also where its entity is gone.
            if before.is_none() {
                must_exist(view, &caller, &target)?;
            }
            must_match(&headers, before.as_deref())?;
            if let Some(spec) = &spec {
                must_have(&view.state, spec)?;
            }
            let next = Arc::new(step(&target, before.as_deref())?);
            // A key may have been revoked since, and what served before may have lost its signatures.
            let is_kept = before.as_ref().is_some_and(|before| before.active.is(&next.active));
            let active = Some(&next.active).filter(|_| !is_kept);
            for spec in spec.iter().chain(active) {
                let may_run = view.state.may_run_spec(rule, spec, now());
                may_run.map_err(|error| Fault::conflict(format!("it may not run: {error}")))?;
            }
            Ok(Plan::new(vec![Change::put(Kind::Binding, target.key(), &*next)], next))
        };
        let record = service.change(author, plan).await?;
        Ok(with_tag(&record))
    }
}
