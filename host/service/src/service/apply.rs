//! Applies a revision to this node: the catalog in one step, then the bindings that it changed.

use std::collections::BTreeSet;
use std::sync::Arc;

use callsign::Revision;

use super::Service;
use super::commit::{Author, edited};
use crate::binding::{BindingRecord, PolicySpec};
use crate::change::{Change, Draft, Kind};
use crate::events::Event;
use crate::module::{ModuleRecord, STANDARD};
use crate::module_cache::FetchError;
use crate::state::State;
use crate::store::StoreError;
use crate::tenant;

impl Service {
    /// Applies a revision that this node has just committed.
    pub(super) async fn apply(
        self: Arc<Self>,
        revision: u64,
        author: &Author,
        draft: Arc<Draft>,
        next: Option<Revision>,
    ) -> Result<(), StoreError> {
        self.fetch_modules(&draft.changes).await;
        let service = Arc::clone(&self);
        let work = move || service.apply_changes(revision, &draft.changes, next);
        tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Damaged(error.to_string()))??;
        self.events.send(Event::revision(revision, &author.who, &author.action));
        Ok(())
    }

    /// Fetches the modules that changed bindings need. A module that cannot be fetched is reported when its binding is
    /// applied.
    pub(super) async fn fetch_modules(&self, changes: &[Change]) {
        // Of the next state, in which names of removed modules are free already.
        let Ok(state) = self.state.load().after(0, changes) else { return };
        let state = Arc::new(state);
        for change in changes {
            let Some(body) = change.body.as_deref().filter(|_| change.kind == Kind::Binding) else { continue };
            let Ok(binding) = serde_json::from_str::<BindingRecord>(body.get()) else { continue };
            self.fetch_specs(&state, &binding).await;
        }
    }

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
        self.modules.fetch(&self.store, Arc::clone(state), spec.owner.as_deref(), &spec.module).await
    }

    /// Applies changes. Blocks while indexes are built and policies load.
    pub(super) fn apply_changes(
        &self,
        revision: u64,
        changes: &[Change],
        next: Option<Revision>,
    ) -> Result<(), StoreError> {
        let before = self.state.load_full();
        let after = before.after(revision, changes)?;
        let catalog_before = self.revision();
        let damaged = |error: &dyn std::fmt::Display| StoreError::Damaged(format!("revision {revision}: {error}"));
        match next {
            Some(next) => self.gateway.replace_revision(next).map_err(|error| damaged(&error))?,
            None => {
                let catalog = edited(self.revision().catalog(), changes).map_err(|error| damaged(&error))?;
                let replaced = catalog.map(|catalog| self.gateway.replace_catalog(catalog));
                replaced.transpose().map_err(|error| damaged(&error))?;
            }
        }
        let after = Arc::new(after);
        self.state.store(Arc::clone(&after));
        let more = tenant::changed(catalog_before.catalog(), &before, self.revision().catalog(), changes);
        self.tenants.count(&more, changes);
        let removed = changes.iter().filter(|change| change.kind == Kind::Module && change.body.is_none());
        for (owner, digest) in removed.filter_map(|change| ModuleRecord::parts(&change.key)) {
            self.modules.forget(owner.as_deref(), &digest);
        }
        let keys = changes.iter().filter(|change| change.kind == Kind::Binding).map(|change| &*change.key);
        let keys: BTreeSet<&str> = keys.collect();
        // Removed and changed bindings. If one changed several times, only its last state counts.
        let gone = before.bindings.keys().filter(|target| !after.bindings.contains_key(*target));
        for target in
            gone.chain(after.bindings.keys()).filter(|target| !keys.is_empty() && keys.contains(&*target.key()))
        {
            self.reconcile(target, after.bindings.get(target).map(|record| &**record));
        }
        Ok(())
    }
}
