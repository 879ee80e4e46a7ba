//! Reconciling: the gateway of this node is brought to serve what the stored bindings say.
//!
//! A node that makes a change, one that takes over a change of another node, one that starts and one that was cut off
//! all do the same: they compare the stored binding with what was applied here last, not with the stored binding before
//! it. So whatever failed once (a module that could not be fetched, no room for an instance) is made up for by a later
//! try.
//!
//! A policy may start slowly, so this happens after a revision is served and without the writer: only who bound the policy
//! waits for it. Each target is brought to what is stored at that moment, and those of a tenant one after the other, so it
//! does not matter in which order the changes of a binding come here.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use callsign::SwapError;
use tokio::task::JoinSet;

use super::Service;
use super::build_binding::{SpecError, held, without_probes};
use super::fleet::Serving;
use crate::binding::{BindingRecord, CanarySpec, HISTORY, PolicySpec, Target, Transition};
use crate::events::Event;

/// How long to wait before a binding that failed is tried again. Doubled after each failure, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);

const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What was applied to the gateway, by target.
#[derive(Default)]
pub(super) struct AppliedBindings {
    targets: Mutex<BTreeMap<Target, Arc<RwLock<TargetState>>>>,
    /// How many targets have a stored binding and nothing of it in use.
    starting: AtomicUsize,
}

/// One target.
#[derive(Default)]
struct TargetState {
    /// `None`: nothing is bound, so the more general binding serves.
    applied: Option<Applied>,
    retry: Option<Retry>,
    /// Whether it is not among the targets any more.
    is_removed: bool,
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
    /// Why it failed.
    reason: String,
}

/// Whether a target was brought to what is stored.
enum Reconciled {
    /// It was, or it is tried again later.
    Done,
    /// Something else is stored by now.
    Outdated,
}

/// Why a stored binding is not served.
struct ReconcileError {
    policy: String,
    reason: String,
    /// The gateway has sent an event about it.
    is_reported: bool,
}

/// How long a start waits for the policies of bindings before it listens.
const START_PATIENCE: Duration = Duration::from_secs(1);

impl AppliedBindings {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Target, Arc<RwLock<TargetState>>>> {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, target: &Target) -> Arc<RwLock<TargetState>> {
        Arc::clone(self.lock().entry(target.clone()).or_insert_with(|| {
            // A gateway starts with the standard policy for the platform and nothing for other targets.
            let applied = target.application_id.is_none().then(|| Applied::new(PolicySpec::standard()));
            self.starting.fetch_add(applied.is_none().into(), Ordering::Relaxed);
            Arc::new(RwLock::new(TargetState { applied, ..TargetState::default() }))
        }))
    }
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
    /// Brings targets to what is stored, and waits for that.
    pub(super) async fn serve(self: &Arc<Self>, targets: Vec<Target>) {
        let mut serving = self.serve_each(targets);
        while serving.join_next().await.is_some() {}
    }

    /// The same without waiting for it.
    pub(super) fn serve_later(self: &Arc<Self>, targets: Vec<Target>) {
        self.serve_each(targets).detach_all();
    }

    /// Brings targets to what is stored: those of an owner one after the other, and owners side by side.
    fn serve_each(self: &Arc<Self>, targets: Vec<Target>) -> JoinSet<()> {
        let mut of_owners: BTreeMap<Option<String>, Vec<Target>> = BTreeMap::new();
        for target in targets {
            of_owners.entry(target.application_id.clone()).or_default().push(target);
        }
        let mut serving = JoinSet::new();
        for targets in of_owners.into_values() {
            let service = Arc::clone(self);
            serving.spawn(async move {
                for target in targets {
                    service.serve_target(&target).await;
                }
            });
        }
        serving
    }

    /// Brings one target to what is stored: fetches its modules, and starts its policies when it is its owner's turn.
    async fn serve_target(self: &Arc<Self>, target: &Target) {
        loop {
            let state = self.state();
            let record = state.bindings.get(target).cloned();
            // To unbind is quick, so it needs no turn, and whoever removes an application does not wait for its policies.
            let turn = match &record {
                Some(record) => {
                    self.fetch_specs(&state, record).await;
                    self.starts.turn(target.application_id.as_deref()).await
                }
                None => None,
            };
            let (service, wanted) = (Arc::clone(self), target.clone());
            let work = move || {
                let _turn = turn;
                service.reconcile(&wanted, record.as_ref())
            };
            match tokio::task::spawn_blocking(work).await {
                // It was changed while this waited, so other modules may be needed.
                Ok(Reconciled::Outdated) => {}
                Ok(Reconciled::Done) => return,
                Err(error) => {
                    tracing::error!("a binding could not be served: {error}");
                    return;
                }
            }
        }
    }

    /// Lets the gateway hold the place of every stored binding, and starts their policies. Waits for them for a moment; the
    /// slow ones come later.
    pub(super) async fn start_bindings(self: &Arc<Self>) {
        let state = self.state();
        if state.bindings.is_empty() {
            return;
        }
        self.gateway
            .hold(state.bindings.iter().map(|(target, record)| held(target, &record.active)).collect(), &self.standard);
        for target in state.bindings.keys() {
            // Nothing is applied: not even for the platform, whose place is held too.
            self.applied.lock().insert(target.clone(), Arc::default());
        }
        self.applied.starting.store(state.bindings.len(), Ordering::Relaxed);
        let mut starts = self.serve_each(state.bindings.keys().cloned().collect());
        let all = async { while starts.join_next().await.is_some() {} };
        if tokio::time::timeout(START_PATIENCE, all).await.is_err() {
            tracing::warn!(
                "{} bindings are not ready yet: their messages are answered by their failure rules",
                self.starting_bindings()
            );
            starts.detach_all();
        }
    }

    /// How many targets have a stored binding and nothing of it in use: after a start their messages are answered by the
    /// failure rule.
    pub(crate) fn starting_bindings(&self) -> usize {
        self.applied.starting.load(Ordering::Relaxed)
    }

    /// Makes the gateway serve what a stored binding says. What the gateway rejects is reported and tried again later;
    /// until then the policy from before serves. Blocks while policies load. The caller has the turn of the target's owner.
    /// Does nothing if `record` is not what is stored any more.
    fn reconcile(&self, target: &Target, record: Option<&Arc<BindingRecord>>) -> Reconciled {
        let state = self.applied.of(target);
        let mut state = state.write().unwrap_or_else(PoisonError::into_inner);
        // With the lock: what comes after a change finds the change here. And another one may have removed this state.
        if state.is_removed || self.state().bindings.get(target).map(Arc::as_ptr) != record.map(Arc::as_ptr) {
            return Reconciled::Outdated;
        }
        let was_in_use = state.applied.is_some();
        match self.try_reconcile(target, &mut state.applied, record.map(|record| &**record)) {
            Ok(()) => state.retry = None,
            Err(ReconcileError { policy, reason, is_reported }) => {
                tracing::warn!("{target}: the stored binding is not served yet: {policy}: {reason}");
                if !is_reported && state.retry.is_none() {
                    self.events.send(Event::rejected(target, Some(&policy), &reason));
                }
                let pause = state.retry.as_ref().map_or(FIRST_PAUSE, |retry| (retry.pause * 2).min(LONGEST_PAUSE));
                state.retry = Some(Retry { at: Instant::now() + pause, pause, reason: format!("{policy}: {reason}") });
            }
        }
        let is_gone = state.applied.is_none() && state.retry.is_none();
        if is_gone {
            state.is_removed = true;
            self.applied.lock().remove(target);
        }
        if !was_in_use && (is_gone || state.applied.is_some()) {
            self.applied.starting.fetch_sub(1, Ordering::Relaxed);
        }
        if was_in_use && !is_gone && state.applied.is_none() {
            self.applied.starting.fetch_add(1, Ordering::Relaxed);
        }
        Reconciled::Done
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
        if let Some(reason) = self.distrusts(&record.active) {
            return Err(self.hold_distrusted(target, applied, record, reason));
        }
        let (served, gone) = self.without_distrusted(target, applied.as_ref(), record);
        let record = served.as_ref().unwrap_or(record);
        let text = serde_json::to_string(record).unwrap_or_default();
        if applied.as_ref().is_some_and(|applied| applied.record == text) {
            return Ok(());
        }
        self.reconcile_active(target, applied, record)?;
        gone.into_iter().for_each(|event| self.events.send(event));
        let Some(applied) = applied else { return Ok(()) };
        self.reconcile_candidates(target, applied, record)?;
        applied.record = text;
        Ok(())
    }

    /// Lets the failure rule of a binding answer, since its policy may not run, until another one is stored or it may run again.
    fn hold_distrusted(
        &self,
        target: &Target,
        applied: &mut Option<Applied>,
        record: &BindingRecord,
        reason: String,
    ) -> ReconcileError {
        self.gateway.hold(vec![held(target, &record.active)], &self.standard);
        // Perhaps an earlier one may run.
        self.distrust.meet();
        let policy = record.active.policy.clone();
        if applied.take().is_some() {
            self.events.send(Event::distrusted(target, &policy, None, &reason));
        }
        ReconcileError { policy, reason, is_reported: false }
    }

    /// What is to be served of a stored binding: without the candidates that may not run, if there are some. And what is to be
    /// told of policies in use that may not run any more.
    fn without_distrusted(
        &self,
        target: &Target,
        applied: Option<&Applied>,
        record: &BindingRecord,
    ) -> (Option<BindingRecord>, Vec<Event>) {
        let (mut served, mut gone) = (record.clone(), Vec::new());
        served.shadow = served.shadow.filter(|shadow| self.distrusts(shadow).is_none());
        served.canary = served.canary.filter(|canary| self.distrusts(&canary.spec).is_none());
        let is_whole =
            served.shadow.is_some() == record.shadow.is_some() && served.canary.is_some() == record.canary.is_some();
        if !is_whole {
            self.distrust.meet();
        }
        if let Some(applied) = applied {
            let candidates = applied.shadow.iter().chain(applied.canary.iter().map(|canary| &canary.spec));
            for spec in std::iter::once(&applied.active).chain(candidates) {
                if let Some(reason) = self.distrusts(spec) {
                    gone.push(Event::distrusted(target, &spec.policy, Some(&record.active.policy), &reason));
                }
            }
        }
        ((!is_whole).then_some(served), gone)
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

    /// What the gateway has in use by target, and for the platform in any case. Of a target that is being brought to what is stored
    /// it is what was `known` of it.
    pub(super) fn serving(&self, known: &BTreeMap<Target, Serving>) -> BTreeMap<Target, Serving> {
        let targets = self.applied.lock().clone();
        let serving = targets.into_iter().filter_map(|(target, state)| {
            let serving = match state.try_read() {
                Ok(state) => self.serving_in(&target, &state)?,
                Err(_) => known.get(&target)?.clone(),
            };
            Some((target, serving))
        });
        let mut serving: BTreeMap<Target, Serving> = serving.collect();
        serving.entry(Target::default()).or_insert_with(unbound);
        serving
    }

    /// What the gateway has in use for one target.
    pub(crate) fn serving_of(&self, target: &Target) -> Option<Serving> {
        let state = self.applied.lock().get(target).cloned();
        let Some(state) = state else { return target.application_id.is_none().then(unbound) };
        // While it is brought to what is stored, there is nothing to say of it.
        let state = state.try_read().ok()?;
        self.serving_in(target, &state)
    }

    fn serving_in(&self, target: &Target, state: &TargetState) -> Option<Serving> {
        let applied = state.applied.as_ref()?;
        let (shadow, canary) = self.gateway.candidates(&target.to_gateway());
        Some(Serving {
            shadow: shadow.map(|label| label.to_string()),
            canary: canary.map(|label| label.to_string()),
            is_as_stored: state.retry.is_none() && !applied.record.is_empty(),
            reason: state.retry.as_ref().map(|retry| retry.reason.clone()),
            ..Serving::of(&applied.active)
        })
    }

    /// Tries failed bindings again whose pause is over, without waiting for it.
    pub(super) fn retry_due(self: &Arc<Self>) {
        let targets = self.applied.lock();
        let now = Instant::now();
        let due = targets.iter().filter(|(_, state)| {
            // One that is being tried now is locked, and not due. The others stay open to who asks what they serve.
            let is_due = |state: &TargetState| state.retry.as_ref().is_some_and(|retry| retry.at <= now);
            if !state.try_read().is_ok_and(|state| is_due(&state)) {
                return false;
            }
            let Ok(mut state) = state.try_write() else { return false };
            // Its pause ends when it was tried, so until then it is not due again.
            let retry = state.retry.as_mut().filter(|retry| retry.at <= now);
            retry.map(|retry| retry.at = now + LONGEST_PAUSE).is_some()
        });
        let due: Vec<Target> = due.map(|(target, _)| target.clone()).collect();
        drop(targets);
        // Each by itself: those of one tenant do not delay those of another.
        due.into_iter().for_each(|target| self.serve_later(vec![target]));
    }
}

/// What serves the platform where nothing was ever bound.
fn unbound() -> Serving {
    Serving::of(&PolicySpec::standard())
}
