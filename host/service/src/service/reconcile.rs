//! Reconciling: the gateway of this node is brought to serve what the stored bindings say.
//!
//! A node that makes a change, one that takes over a change of another node, one that starts and one that was cut off
//! all do the same: they compare the stored binding with what was applied here last, not with the stored binding before
//! it. So whatever failed once (a module that could not be fetched, no room for an instance) is made up for by a later
//! try.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use callsign::SwapError;

use super::Service;
use super::build_binding::{SpecError, without_probes};
use crate::binding::{BindingRecord, CanarySpec, HISTORY, PolicySpec, Target, Transition};
use crate::events::Event;

/// How long to wait before a binding that failed is tried again. Doubled after each failure, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);

const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What was applied to the gateway, by target.
#[derive(Default)]
pub(super) struct AppliedBindings(Mutex<BTreeMap<Target, TargetState>>);

/// One target.
#[derive(Default)]
struct TargetState {
    /// `None`: nothing is bound, so the more general binding serves.
    applied: Option<Applied>,
    retry: Option<Retry>,
}

/// What the gateway has for a target.
struct Applied {
    active: PolicySpec,
    /// What the gateway could roll back to. Shorter than the stored history after a start.
    history: Vec<PolicySpec>,
    shadow: Option<PolicySpec>,
    /// The gateway may have rolled it back automatically since.
    canary: Option<CanarySpec>,
    /// The stored binding that was applied as a whole, as JSON. Empty while a part of it is missing.
    record: String,
}

/// When a binding that failed is tried again.
struct Retry {
    at: Instant,
    pause: Duration,
}

/// Why a stored binding is not served.
struct ReconcileError {
    policy: String,
    reason: String,
    /// The gateway has sent an event about it.
    is_reported: bool,
}

impl Applied {
    fn new(active: PolicySpec) -> Self {
        Self { active, history: Vec::new(), shadow: None, canary: None, record: String::new() }
    }

    fn activate(&mut self, spec: PolicySpec) {
        let before = std::mem::replace(&mut self.active, spec);
        self.history.push(before);
        if self.history.len() > HISTORY {
            self.history.remove(0);
        }
        (self.shadow, self.canary) = (None, None);
    }
}

impl ReconcileError {
    fn of_spec(spec: &PolicySpec) -> impl FnOnce(SpecError) -> Self + '_ {
        |error| Self { policy: spec.policy.clone(), reason: error.reason, is_reported: false }
    }

    fn of_swap(policy: &str) -> impl FnOnce(SwapError) -> Self + '_ {
        move |error| Self {
            policy: policy.to_owned(),
            reason: error.to_string(),
            is_reported: !matches!(
                error,
                SwapError::NotBound { .. }
                    | SwapError::NoHistory { .. }
                    | SwapError::NoCandidate { .. }
                    | SwapError::Platform
            ),
        }
    }
}

impl Service {
    /// Makes the gateway serve what a stored binding says. What the gateway rejects is reported and tried again later;
    /// until then the policy from before serves. Blocks while policies load. The caller holds the writer, or the
    /// service has not started yet.
    pub(super) fn reconcile(&self, target: &Target, record: Option<&BindingRecord>) {
        let mut targets = self.applied.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = targets.entry(target.clone()).or_insert_with(|| {
            // A gateway starts with the standard policy for the platform and nothing for other targets.
            let applied = target.application_id.is_none().then(|| Applied::new(PolicySpec::standard()));
            TargetState { applied, retry: None }
        });
        match self.try_reconcile(target, &mut state.applied, record) {
            Ok(()) => state.retry = None,
            Err(ReconcileError { policy, reason, is_reported }) => {
                tracing::warn!("{target}: the stored binding is not served yet: {policy}: {reason}");
                if !is_reported && state.retry.is_none() {
                    self.events.send(Event::rejected(target, Some(&policy), &reason));
                }
                let pause = state.retry.as_ref().map_or(FIRST_PAUSE, |retry| (retry.pause * 2).min(LONGEST_PAUSE));
                state.retry = Some(Retry { at: Instant::now() + pause, pause });
            }
        }
        if state.applied.is_none() && state.retry.is_none() {
            targets.remove(target);
        }
    }

    fn try_reconcile(
        &self,
        target: &Target,
        applied: &mut Option<Applied>,
        record: Option<&BindingRecord>,
    ) -> Result<(), ReconcileError> {
        let gateway_target = target.to_gateway();
        let Some(record) = record else {
            if target.application_id.is_none() {
                // The platform always has a policy.
                let standard = BindingRecord::new(target.clone(), PolicySpec::standard());
                return self.try_reconcile(target, applied, Some(&standard));
            }
            return match self.gateway.unbind(&gateway_target) {
                Ok(()) | Err(SwapError::NotBound { .. }) => {
                    *applied = None;
                    Ok(())
                }
                Err(error) => Err(ReconcileError::of_swap("")(error)),
            };
        };
        let text = serde_json::to_string(record).unwrap_or_default();
        if applied.as_ref().is_some_and(|applied| applied.record == text) {
            return Ok(());
        }
        self.reconcile_active(target, applied, record)?;
        let Some(applied) = applied else { return Ok(()) };
        self.reconcile_candidates(target, applied, record)?;
        applied.record = text;
        Ok(())
    }

    fn reconcile_active(
        &self,
        target: &Target,
        applied: &mut Option<Applied>,
        record: &BindingRecord,
    ) -> Result<(), ReconcileError> {
        let gateway_target = target.to_gateway();
        let wanted = &record.active;
        if let Some(applied) = applied {
            if record.transition == Transition::Promotion
                && self.would_promote(target, applied, wanted)
                && self.gateway.promote(&gateway_target).is_ok()
            {
                applied.activate(wanted.clone());
                return Ok(());
            }
            if record.transition == Transition::Rollback
                && applied.history.last().is_some_and(|last| last.is(wanted))
                && self.gateway.rollback(&gateway_target).is_ok()
            {
                applied.history.pop();
                let history = std::mem::take(&mut applied.history);
                *applied = Applied { history, ..Applied::new(wanted.clone()) };
                return Ok(());
            }
            // A swap to the same policy is a swap too: the policy starts afresh.
            if applied.active.is(wanted) && record.transition != Transition::Swap {
                return Ok(());
            }
        }
        let binding = without_probes(wanted, self, target).map_err(ReconcileError::of_spec(wanted))?;
        self.gateway.swap(&gateway_target, binding).map_err(ReconcileError::of_swap(&wanted.policy))?;
        match applied {
            Some(applied) => applied.activate(wanted.clone()),
            None => *applied = Some(Applied::new(wanted.clone())),
        }
        Ok(())
    }

    /// Whether the gateway would promote the wanted policy. It would not if it has rolled the canary back
    /// automatically.
    fn would_promote(&self, target: &Target, applied: &Applied, wanted: &PolicySpec) -> bool {
        let (shadow, canary) = self.gateway.candidates(&target.to_gateway());
        match (canary, &applied.canary, shadow, &applied.shadow) {
            (Some(_), Some(canary), ..) => canary.spec.is(wanted),
            (None, _, Some(_), Some(shadow)) => shadow.is(wanted),
            _ => false,
        }
    }

    fn reconcile_candidates(
        &self,
        target: &Target,
        applied: &mut Applied,
        record: &BindingRecord,
    ) -> Result<(), ReconcileError> {
        let gateway_target = target.to_gateway();
        if applied.canary.is_some() && self.gateway.candidates(&gateway_target).1.is_none() && record.canary.is_none() {
            // The gateway rolled it back automatically, and now the stored binding does not have it either.
            applied.canary = None;
        }
        let is_withdrawn =
            applied.canary.is_some() && record.canary.is_none() || applied.shadow.is_some() && record.shadow.is_none();
        if is_withdrawn {
            match self.gateway.withdraw(&gateway_target) {
                Ok(()) | Err(SwapError::NoCandidate { .. }) => (applied.shadow, applied.canary) = (None, None),
                Err(error) => return Err(ReconcileError::of_swap("")(error)),
            }
        }
        if let Some(wanted) = &record.shadow
            && !applied.shadow.as_ref().is_some_and(|shadow| shadow.is(wanted))
        {
            let shadow = without_probes(wanted, self, target).map_err(ReconcileError::of_spec(wanted))?;
            self.gateway.shadow(&gateway_target, shadow).map_err(ReconcileError::of_swap(&wanted.policy))?;
            applied.shadow = Some(wanted.clone());
        }
        if let Some(wanted) = &record.canary
            && !applied.canary.as_ref().is_some_and(|canary| canary.is(wanted))
        {
            let canary = without_probes(&wanted.spec, self, target).map_err(ReconcileError::of_spec(&wanted.spec))?;
            let begun =
                self.gateway.canary(&gateway_target, canary, wanted.per_mille, wanted.auto_rollback.to_gateway());
            begun.map_err(ReconcileError::of_swap(&wanted.spec.policy))?;
            applied.canary = Some(wanted.clone());
        }
        Ok(())
    }

    /// Tries failed bindings again whose pause is over. The caller holds the writer.
    pub(super) async fn retry_due(self: &Arc<Self>) {
        let due: Vec<Target> = {
            let targets = self.applied.0.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let due = targets.iter().filter(|(_, state)| state.retry.as_ref().is_some_and(|retry| retry.at <= now));
            due.map(|(target, _)| target.clone()).collect()
        };
        if due.is_empty() {
            return;
        }
        let state = self.state();
        for record in due.iter().filter_map(|target| state.bindings.get(target)) {
            self.fetch_specs(&state, record).await;
        }
        let service = Arc::clone(self);
        let work = move || {
            due.iter().for_each(|target| service.reconcile(target, state.bindings.get(target).map(|record| &**record)));
        };
        if let Err(error) = tokio::task::spawn_blocking(work).await {
            tracing::error!("failed bindings could not be tried again: {error}");
        }
    }
}
