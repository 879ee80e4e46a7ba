//! Policies whose modules lost their signatures, because a key was revoked or has expired, stop running: the last one from before
//! that may run takes over, for the whole fleet, and where there is none the binding's failure rule answers.
//!
//! Every node that requires signatures looks for itself whenever keys change or one of them comes to an end. The first one stores
//! the change of the bindings; if the catalog store is away, each node stops the policies alone.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use callsign::Policy;
use callsign_signature::Keyring;

use super::Service;
use super::plan::{Author, Plan, View};
use crate::binding::{BindingRecord, PolicySpec, Target};
use crate::change::{Change, Kind, now};
use crate::config::SignatureRule;
use crate::fault::Fault;
use crate::module_cache::FetchError;
use crate::state::State;

/// What the bindings were last looked at with.
#[derive(Default)]
pub(super) struct Distrust {
    /// The keys, and the next moment at which one of them begins or ceases to count.
    seen: Mutex<Option<(Arc<Keyring>, Option<u64>)>>,
    /// Whether a stored policy was met that may not run.
    is_met: AtomicBool,
    /// Held while policies are taken off, so that whoever comes second finds it done.
    turn: tokio::sync::Mutex<()>,
}

impl Distrust {
    /// Notes that a stored policy may not run.
    pub(super) fn meet(&self) {
        self.is_met.store(true, Ordering::Relaxed);
    }

    /// Whether the bindings must be looked at.
    fn is_due(&self, state: &State, now: u64) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = seen
            .as_ref()
            .is_some_and(|(keys, turn)| Arc::ptr_eq(keys, &state.module_keys) && turn.is_none_or(|turn| now < turn));
        *seen = Some((Arc::clone(&state.module_keys), state.module_keys.next_turn(now)));
        self.is_met.swap(false, Ordering::Relaxed) || !is_same
    }
}

impl Service {
    /// Loads the policy of a module that is on this node, if it may run. Blocks. Whatever runs here comes from here.
    ///
    /// # Errors
    /// It may not run, or it cannot be loaded.
    pub(crate) fn policy(&self, owner: Option<&str>, digest: &str) -> Result<Policy, FetchError> {
        self.state().may_run(self.config.modules.signatures, owner, digest, now())?;
        Ok(self.modules.policy(owner, digest)?)
    }

    /// Why a policy may not run on this node at this moment; `None` if it may.
    pub(super) fn distrusts(&self, spec: &PolicySpec) -> Option<String> {
        let rule = self.config.modules.signatures;
        self.state().may_run_spec(rule, spec, now()).err().map(|error| error.to_string())
    }

    /// Takes policies out of use whose modules have no valid signature any more, if something has changed. Returns when what
    /// comes in their place is in use.
    pub(crate) async fn take_off_untrusted(self: &Arc<Self>) {
        let rule = self.config.modules.signatures;
        if rule == SignatureRule::Off {
            return;
        }
        let _turn = self.distrust.turn.lock().await;
        let state = self.state();
        if !self.distrust.is_due(&state, now()) {
            return;
        }
        let service = Arc::clone(self);
        let targets = tokio::task::spawn_blocking(move || service.untrusted_targets(&state)).await.unwrap_or_default();
        if targets.is_empty() {
            return;
        }
        let wanted = targets.clone();
        let plan = move |view: &View| {
            let next = wanted.iter().filter_map(|target| {
                let record = view.state.bindings.get(target)?;
                let now = now();
                let next = record.fall_back(|spec| view.state.may_run_spec(rule, spec, now).is_ok())?;
                Some(Change::put(Kind::Binding, target.key(), &next))
            });
            Ok::<_, Fault>(Plan::new(next.collect(), ()))
        };
        if let Err(fault) = self.change(Author::itself("modules without a valid signature are taken off"), plan).await {
            tracing::warn!("bindings of modules without a valid signature are not changed yet: {}", fault.text);
            self.distrust.meet();
        }
        // Those with nothing to fall back to, and all of them where nothing could be stored. Where another node was first, its change
        // may be known here and not served yet. What is served already changes nothing.
        self.serve(targets).await;
    }

    /// The targets that have a policy in use that may not run.
    fn untrusted_targets(&self, state: &State) -> Vec<Target> {
        let untrusted =
            state.bindings.iter().filter(|(_, record)| live(record).any(|spec| self.distrusts(spec).is_some()));
        untrusted.map(|(target, _)| target.clone()).collect()
    }
}

/// The policies of a binding that decide: the active one and its candidates.
pub(super) fn live(record: &BindingRecord) -> impl Iterator<Item = &PolicySpec> {
    let candidates = record.shadow.iter().chain(record.canary.iter().map(|canary| &canary.spec));
    std::iter::once(&record.active).chain(candidates)
}
