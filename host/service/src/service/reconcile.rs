//! What the gateway of this node serves, and the way from there to what a record says.
//!
//! The node that makes a change, one that follows it, one that starts and one that was away all come this way: what is
//! to be done is found by comparing the record with what was brought here before, not with the record before it. So what
//! did not work once (a module that could not be fetched, no place for an instance) is made up for later.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use callsign::SwapError;

use super::Service;
use super::build_binding::{Unfit, without_probes};
use crate::binding::{BindingRecord, By, CanarySpec, For, HISTORY, Spec};
use crate::events::Event;

/// How long is waited before a binding that could not be put to use is tried again; twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What was brought to the gateway, for each that something is bound to.
#[derive(Default)]
pub(super) struct Served(Mutex<BTreeMap<For, Place>>);

/// What the gateway has for somebody.
#[derive(Default)]
struct Place {
    /// None: the more general binding serves.
    here: Option<Here>,
    again: Option<Again>,
}

struct Here {
    active: Spec,
    /// What the gateway could roll back to. Shorter than the record's after a start.
    history: Vec<Spec>,
    shadow: Option<Spec>,
    /// The gateway may have recalled it.
    canary: Option<CanarySpec>,
    /// The record that all of this is of, as text.
    of: String,
}

/// A record that is not wholly served yet.
struct Again {
    at: Instant,
    pause: Duration,
}

/// Why a record is not served.
struct Unserved {
    policy: String,
    reason: String,
    /// The gateway has said so already.
    is_told: bool,
}

impl Here {
    fn new(active: Spec) -> Self {
        Self { active, history: Vec::new(), shadow: None, canary: None, of: String::new() }
    }

    fn activate(&mut self, spec: Spec) {
        let before = std::mem::replace(&mut self.active, spec);
        self.history.push(before);
        if self.history.len() > HISTORY {
            self.history.remove(0);
        }
        (self.shadow, self.canary) = (None, None);
    }
}

impl Unserved {
    fn unfit(spec: &Spec) -> impl FnOnce(Unfit) -> Self + '_ {
        |unfit| Self { policy: spec.policy.clone(), reason: unfit.reason, is_told: false }
    }

    fn swap(policy: &str) -> impl FnOnce(SwapError) -> Self + '_ {
        move |error| Self {
            policy: policy.to_owned(),
            reason: error.to_string(),
            is_told: !matches!(
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
    /// Makes the gateway serve what a record says. What it does not accept is reported and tried again later, and what
    /// served serves on. Blocks while policies are loaded; the writer is held, or nobody else is there yet.
    pub(super) fn bring(&self, whom: &For, record: Option<&BindingRecord>) {
        let mut served = self.served.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = served.entry(whom.clone()).or_insert_with(|| {
            // The gateway begins with the standard policy for the platform, and with nothing for others.
            let here = whom.application_id.is_none().then(|| Here::new(Spec::standard()));
            Place { here, again: None }
        });
        match self.try_bring(whom, &mut place.here, record) {
            Ok(()) => place.again = None,
            Err(unserved) => {
                let Unserved { policy, reason, is_told } = unserved;
                tracing::warn!("{}: a binding is not as it should be: {policy}: {reason}", whom.bound());
                if !is_told && place.again.is_none() {
                    self.events.tell(Event::rejected(whom, Some(&policy), &reason));
                }
                let pause = place.again.as_ref().map_or(FIRST_PAUSE, |again| (again.pause * 2).min(LONGEST_PAUSE));
                place.again = Some(Again { at: Instant::now() + pause, pause });
            }
        }
        if place.here.is_none() && place.again.is_none() {
            served.remove(whom);
        }
    }

    fn try_bring(&self, whom: &For, place: &mut Option<Here>, record: Option<&BindingRecord>) -> Result<(), Unserved> {
        let bound = whom.bound();
        let Some(record) = record else {
            if whom.application_id.is_none() {
                // The platform is never without a policy.
                let standard = BindingRecord::new(whom.clone(), Spec::standard());
                return self.try_bring(whom, place, Some(&standard));
            }
            return match self.gateway.unbind(&bound) {
                Ok(()) | Err(SwapError::NotBound { .. }) => {
                    *place = None;
                    Ok(())
                }
                Err(error) => Err(Unserved::swap("")(error)),
            };
        };
        let text = serde_json::to_string(record).unwrap_or_default();
        if place.as_ref().is_some_and(|here| here.of == text) {
            return Ok(());
        }
        self.bring_active(whom, place, record)?;
        let Some(here) = place else { return Ok(()) };
        self.bring_candidates(whom, here, record)?;
        here.of = text;
        Ok(())
    }

    fn bring_active(&self, whom: &For, place: &mut Option<Here>, record: &BindingRecord) -> Result<(), Unserved> {
        let bound = whom.bound();
        let wanted = &record.active;
        if let Some(here) = place {
            if record.by == By::Promotion
                && self.would_promote(whom, here, wanted)
                && self.gateway.promote(&bound).is_ok()
            {
                here.activate(wanted.clone());
                return Ok(());
            }
            if record.by == By::Rollback
                && here.history.last().is_some_and(|last| last.is(wanted))
                && self.gateway.rollback(&bound).is_ok()
            {
                here.history.pop();
                *here = Here { history: std::mem::take(&mut here.history), ..Here::new(wanted.clone()) };
                return Ok(());
            }
            // A swap to the same policy is one too: it begins anew.
            if here.active.is(wanted) && record.by != By::Swap {
                return Ok(());
            }
        }
        let binding = without_probes(wanted, &self.modules).map_err(Unserved::unfit(wanted))?;
        self.gateway.swap(&bound, binding).map_err(Unserved::swap(&wanted.policy))?;
        match place {
            Some(here) => here.activate(wanted.clone()),
            None => *place = Some(Here::new(wanted.clone())),
        }
        Ok(())
    }

    /// Whether the candidate that the gateway would promote is the one that is wanted: it may have been recalled here.
    fn would_promote(&self, whom: &For, here: &Here, wanted: &Spec) -> bool {
        let (shadow, canary) = self.gateway.candidates(&whom.bound());
        match (canary, &here.canary, shadow, &here.shadow) {
            (Some(_), Some(canary), ..) => canary.spec.is(wanted),
            (None, _, Some(_), Some(shadow)) => shadow.is(wanted),
            _ => false,
        }
    }

    fn bring_candidates(&self, whom: &For, here: &mut Here, record: &BindingRecord) -> Result<(), Unserved> {
        let bound = whom.bound();
        if here.canary.is_some() && self.gateway.candidates(&bound).1.is_none() && record.canary.is_none() {
            // Recalled here: only the record had it still.
            here.canary = None;
        }
        let goes = here.canary.is_some() && record.canary.is_none() || here.shadow.is_some() && record.shadow.is_none();
        if goes {
            match self.gateway.withdraw(&bound) {
                Ok(()) | Err(SwapError::NoCandidate { .. }) => (here.shadow, here.canary) = (None, None),
                Err(error) => return Err(Unserved::swap("")(error)),
            }
        }
        if let Some(wanted) = &record.shadow
            && !here.shadow.as_ref().is_some_and(|shadow| shadow.is(wanted))
        {
            let shadow = without_probes(wanted, &self.modules).map_err(Unserved::unfit(wanted))?;
            self.gateway.shadow(&bound, shadow).map_err(Unserved::swap(&wanted.policy))?;
            here.shadow = Some(wanted.clone());
        }
        if let Some(wanted) = &record.canary
            && !here.canary.as_ref().is_some_and(|canary| canary.is(wanted))
        {
            let canary = without_probes(&wanted.spec, &self.modules).map_err(Unserved::unfit(&wanted.spec))?;
            let begun = self.gateway.canary(&bound, canary, wanted.per_mille, wanted.recall.recall());
            begun.map_err(Unserved::swap(&wanted.spec.policy))?;
            here.canary = Some(wanted.clone());
        }
        Ok(())
    }

    /// Tries again what could not be put to use, when it is time. The writer is held.
    pub(super) async fn settle(self: &Arc<Self>) {
        let due: Vec<For> = {
            let served = self.served.0.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let due = served.iter().filter(|(_, place)| place.again.as_ref().is_some_and(|again| again.at <= now));
            due.map(|(whom, _)| whom.clone()).collect()
        };
        if due.is_empty() {
            return;
        }
        let state = self.state();
        for record in due.iter().filter_map(|whom| state.bindings.get(whom)) {
            self.fetch_specs(&state, record).await;
        }
        let service = Arc::clone(self);
        let work = move || {
            due.iter().for_each(|whom| service.bring(whom, state.bindings.get(whom).map(|record| &**record)));
        };
        if let Err(error) = tokio::task::spawn_blocking(work).await {
            tracing::error!("bindings were not tried again: {error}");
        }
    }
}
