//! Applies revisions to this node: the catalog in one step, then the bindings that they changed.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Service;
use super::plan::{Step, View, edited};
use crate::binding::{BindingRecord, PolicySpec, Target};
use crate::change::{Change, Draft, Kind, now};
use crate::events::Event;
use crate::fault::Fault;
use crate::module::{ModuleRecord, STANDARD};
use crate::module_cache::FetchError;
use crate::past_catalogs::revision_name;
use crate::state::State;
use crate::store::StoreError;
use crate::tenant;

impl Service {
    /// Applies the steps that this node has just committed, and tells the listeners who made them. Returns the targets of each whose
    /// bindings it changed, which are not served yet: [`Service::serve`] does that, without the writer. Blocks meanwhile.
    pub(super) fn apply(self: &Arc<Self>, drafts: &[Draft], steps: Vec<Step>) -> Vec<Result<Vec<Target>, Fault>> {
        let apply = |(draft, step): (&Draft, Step)| {
            let revision = step.after.state.revision;
            let applied = self.apply_changes(revision, &step.changes, Some(step.after));
            self.events.send(Event::revision(revision, &draft.who, &draft.action));
            applied.map_err(Fault::internal)
        };
        let applied = drafts.iter().zip(steps).map(apply).collect();
        self.renumber_if_sparse();
        applied
    }

    /// Fetches the modules of a binding. One that cannot be fetched is reported when the binding is served.
    pub(super) async fn fetch_specs(&self, state: &Arc<State>, binding: &BindingRecord) {
        let candidates = binding.shadow.iter().chain(binding.canary.iter().map(|canary| &canary.spec));
        for spec in std::iter::once(&binding.active).chain(candidates) {
            if let Err(error) = self.fetch(state, spec).await {
                tracing::warn!("the module {} is not at hand: {error}", spec.policy);
            }
        }
    }

    /// Fetches the module of a policy.
    pub(super) async fn fetch(&self, state: &Arc<State>, spec: &PolicySpec) -> Result<(), FetchError> {
        if spec.module == STANDARD {
            return Ok(());
        }
        state.may_run_spec(self.config.modules.signatures, spec, now())?;
        self.modules.fetch(&self.store, Arc::clone(state), spec.owner.as_deref(), &spec.module).await
    }

    /// Applies changes, except for those of bindings: returns their targets. `planned` is what they make, where that is known.
    /// Blocks while indexes are built.
    pub(super) fn apply_changes(
        &self,
        revision: u64,
        changes: &[Change],
        planned: Option<View>,
    ) -> Result<Vec<Target>, StoreError> {
        let (before, catalog_before) = (self.state(), self.revision());
        let damaged = |error: &dyn std::fmt::Display| StoreError::Damaged(format!("revision {revision}: {error}"));
        let after = match planned {
            Some(View { revision: next, state }) => {
                if next.number() != catalog_before.number() {
                    self.gateway.replace_revision(next).map_err(|error| damaged(&error))?;
                }
                state
            }
            None => {
                let after = before.after(revision, changes)?;
                let catalog = edited(catalog_before.catalog(), changes).map_err(|error| damaged(&error))?;
                let named = catalog.map(|catalog| catalog.named(revision_name(revision)));
                let replaced = named.map(|catalog| self.gateway.replace_catalog(catalog));
                replaced.transpose().map_err(|error| damaged(&error))?;
                Arc::new(after)
            }
        };
        // Before its keys are valid: what was recorded for an application of the same id before is not for them.
        self.reused_ids.note(catalog_before.catalog(), self.revision().catalog(), changes);
        self.state.store(Arc::clone(&after));
        let more = tenant::changed(catalog_before.catalog(), &before, self.revision().catalog(), changes.iter());
        self.tenants.count(&more, changes);
        for change in changes.iter().filter(|change| change.kind == Kind::Application && change.body.is_none()) {
            self.refused_traffic.forget_application(&change.key);
        }
        let senders = changes.iter().filter(|change| change.kind == Kind::Sender && change.body.is_none());
        let revision = self.revision();
        let removed = senders.filter(|change| revision.catalog().sender(&change.key).is_none());
        self.sender_health.forget(removed.map(|change| &*change.key));
        let removed = changes.iter().filter(|change| change.kind == Kind::Module && change.body.is_none());
        for (owner, digest) in removed.filter_map(|change| ModuleRecord::parts(&change.key)) {
            self.modules.forget(owner.as_deref(), &digest);
        }
        let keys = changes.iter().filter(|change| change.kind == Kind::Binding).map(|change| &*change.key);
        let keys: BTreeSet<&str> = keys.collect();
        // Removed and changed bindings. If one changed several times, only its last state counts.
        let gone = before.bindings.keys().filter(|target| !after.bindings.contains_key(*target));
        let changed =
            gone.chain(after.bindings.keys()).filter(|target| !keys.is_empty() && keys.contains(&*target.key()));
        Ok(changed.cloned().collect())
    }
}
