//! Putting a revision to use: the catalog in one step, then the policies that it binds.

use std::collections::BTreeSet;
use std::sync::Arc;

use callsign::{Catalog, SwapError};

use super::Service;
use super::changing::{Author, edited};
use crate::binding::{BindingRecord, By, For, Spec};
use crate::change::{Change, Draft, Kind};
use crate::events::Event;
use crate::module::STANDARD;
use crate::store::StoreError;

impl Service {
    /// Puts a revision to use that was committed just now, here.
    pub(super) async fn enact(
        self: Arc<Self>,
        revision: u64,
        author: &Author,
        draft: Arc<Draft>,
        catalog: Option<Catalog>,
    ) -> Result<(), StoreError> {
        self.fetch_modules(&draft.changes).await;
        let service = Arc::clone(&self);
        let work = move || service.take_over(revision, &draft.changes, catalog);
        tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Damaged(error.to_string()))??;
        self.events.tell(Event::revision(revision, &author.who, &author.action));
        Ok(())
    }

    /// The components that bindings among the changes need, brought to this node. What cannot be brought shows when it is
    /// put to use.
    pub(super) async fn fetch_modules(&self, changes: &[Change]) {
        for change in changes {
            let Some(body) = change.body.as_deref().filter(|_| change.kind == Kind::Binding) else { continue };
            let Ok(binding) = serde_json::from_str::<BindingRecord>(body.get()) else { continue };
            self.fetch_specs(&binding).await;
        }
    }

    pub(super) async fn fetch_specs(&self, binding: &BindingRecord) {
        let candidates = binding.shadow.iter().chain(binding.canary.iter().map(|canary| &canary.spec));
        for spec in std::iter::once(&binding.active).chain(candidates).filter(|spec| spec.module != STANDARD) {
            if let Err(error) = self.modules.fetch(&self.store, spec.owner.as_deref(), &spec.module).await {
                tracing::warn!("the module {} is not at hand: {error}", spec.policy);
            }
        }
    }

    /// Changes become what is served. Blocks: indexes are built, policies loaded.
    pub(super) fn take_over(
        &self,
        revision: u64,
        changes: &[Change],
        catalog: Option<Catalog>,
    ) -> Result<(), StoreError> {
        let before = self.state.load_full();
        let after = before.after(revision, changes)?;
        let catalog = match catalog {
            Some(catalog) => Some(catalog),
            None => edited(self.revision().catalog(), changes)
                .map_err(|error| StoreError::Damaged(format!("revision {revision}: {error}")))?,
        };
        if let Some(catalog) = catalog {
            self.gateway.replace_catalog(catalog).map_err(|error| StoreError::Damaged(error.to_string()))?;
        }
        let after = Arc::new(after);
        self.state.store(Arc::clone(&after));
        let bound: Vec<&str> =
            changes.iter().filter(|change| change.kind == Kind::Binding).map(|change| &*change.key).collect();
        for key in bound.iter().collect::<BTreeSet<_>>() {
            let is_it = |whom: &&For| whom.key() == **key;
            let Some(whom) = after.bindings.keys().find(is_it).or(before.bindings.keys().find(is_it)) else { continue };
            // Of several steps at once only where they led is known: it is swapped in.
            let steps = bound.iter().filter(|step| *step == key).count();
            self.bind(whom, if steps == 1 { before.bindings.get(whom) } else { None }, after.bindings.get(whom));
        }
        Ok(())
    }

    /// Makes the gateway serve what a binding says. What it does not accept is reported, and what served serves on.
    pub(super) fn bind(&self, whom: &For, before: Option<&Arc<BindingRecord>>, after: Option<&Arc<BindingRecord>>) {
        if let Err(error) = self.try_bind(whom, before.map(|record| &**record), after.map(|record| &**record)) {
            tracing::warn!("{}: a binding was not put to use: {error}", whom.bound());
            self.events.tell(Event::rejected(whom, after.map(|record| &*record.active.policy), &error));
        }
    }

    fn try_bind(
        &self,
        whom: &For,
        before: Option<&BindingRecord>,
        after: Option<&BindingRecord>,
    ) -> Result<(), String> {
        let bound = whom.bound();
        let words = |error: SwapError| error.to_string();
        let Some(after) = after else {
            return match whom.application_id {
                // The platform is never without a policy.
                None => self.gateway.swap(&bound, Spec::standard().binding(&self.modules)?).map_err(words),
                Some(_) => self.gateway.unbind(&bound).map_err(words),
            };
        };
        // Where this node does not know what was before, there is nothing to take a step from.
        match before.map_or(By::Swap, |_| after.by) {
            By::Shadow => {
                if let Some(spec) = &after.shadow {
                    return self.gateway.shadow(&bound, spec.binding(&self.modules)?).map_err(words);
                }
            }
            By::Canary => {
                if let Some(canary) = &after.canary {
                    let binding = canary.spec.binding(&self.modules)?;
                    let recall = canary.recall.recall();
                    return self.gateway.canary(&bound, binding, canary.per_mille, recall).map_err(words);
                }
            }
            By::Withdrawal => {
                // A candidate that was recalled here is gone already.
                return match self.gateway.withdraw(&bound) {
                    Ok(()) | Err(SwapError::NoCandidate { .. }) => Ok(()),
                    Err(error) => Err(words(error)),
                };
            }
            By::Promotion => {
                let candidate = before
                    .and_then(|record| record.canary.as_ref().map(|canary| &canary.spec).or(record.shadow.as_ref()));
                if candidate.is_some_and(|spec| spec.module == after.active.module)
                    && self.gateway.promote(&bound).is_ok()
                {
                    return Ok(());
                }
            }
            By::Rollback => {
                let history = self.gateway.history(&bound);
                let last = history.len().checked_sub(2).map(|at| &*history[at].policy);
                if last == Some(&*after.active.policy) && self.gateway.rollback(&bound).is_ok() {
                    return Ok(());
                }
            }
            By::Swap => {}
        }
        self.gateway.swap(&bound, after.active.binding(&self.modules)?).map_err(words)?;
        self.add_candidates(whom, after)
    }

    /// The candidates of a binding that begins to serve, after a start.
    fn add_candidates(&self, whom: &For, record: &BindingRecord) -> Result<(), String> {
        if let Some(spec) = &record.shadow {
            let shadow = self.gateway.shadow(&whom.bound(), spec.binding(&self.modules)?);
            shadow.map_err(|error| error.to_string())?;
        }
        if let Some(canary) = &record.canary {
            let binding = canary.spec.binding(&self.modules)?;
            let begun = self.gateway.canary(&whom.bound(), binding, canary.per_mille, canary.recall.recall());
            begun.map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}
