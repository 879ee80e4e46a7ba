//! Bindings with a range of versions move to the newest module of a store by themselves.

use std::collections::HashMap;
use std::sync::Arc;

use callsign_engine::{Module, ModuleDigest, ModuleStore, Policy, PolicyError, StoreError};

use super::binding::Binding;
use super::error::SwapError;
use super::health::BoundPolicy;
use super::swap::Control;
use super::target::BindingTarget;

/// What [`Gateway::refresh`](crate::Gateway::refresh) did with a module for a binding.
#[derive(Debug)]
#[non_exhaustive]
pub struct Refreshed {
    /// Whose binding.
    pub target: BindingTarget,
    /// The module, as `name@version`.
    pub module: Arc<str>,
    /// Whether it serves now, or why not. If not, the next older module was tried, as long as it is newer than what serves.
    pub outcome: Result<(), SwapError>,
}

/// Policies that were loaded for one refresh, by the policy before and the module: bindings that shared one share the
/// next.
type Loaded = HashMap<(*const Policy, ModuleDigest), Arc<Policy>>;

impl Control {
    /// Moves the bindings that follow new versions to the newest of a store that they accept.
    pub(crate) fn refresh(self: &Arc<Self>, store: &ModuleStore) -> Result<Vec<Refreshed>, StoreError> {
        let modules = store.list()?;
        let snapshot = self.snapshot.load_full();
        let (mut loaded, mut done) = (Loaded::new(), Vec::new());
        for route in snapshot.routes.iter() {
            // What comes after a candidate is for those to say who watch it.
            if route.canary.is_some() || route.shadow.is_some() {
                continue;
            }
            let active = &route.active;
            for module in active.binding.newer(&modules) {
                let outcome = match self.update(active, store, module, &mut loaded) {
                    Ok(true) => Ok(()),
                    // Somebody else changed the binding meanwhile: that counts.
                    Ok(false) => break,
                    Err(error) => {
                        if !is_of_the_moment(&error) {
                            active.binding.skipped_versions.lock().rejected.insert(*module.digest());
                        }
                        Err(error)
                    }
                };
                let serves = outcome.is_ok();
                done.push(Refreshed { target: active.target.clone(), module: module.label(), outcome });
                if serves {
                    break;
                }
            }
        }
        Ok(done)
    }

    /// Puts a module in the place of what serves; false where that is not what serves any more.
    fn update(
        self: &Arc<Self>,
        active: &Arc<BoundPolicy>,
        store: &ModuleStore,
        module: &Module,
        loaded: &mut Loaded,
    ) -> Result<bool, SwapError> {
        let before = &active.binding.policy;
        let key = (Arc::as_ptr(before), *module.digest());
        let policy = match loaded.get(&key) {
            Some(policy) => Arc::clone(policy),
            None => match load_like(before, store, module) {
                Ok(policy) => Arc::clone(loaded.entry(key).or_insert(Arc::new(policy))),
                Err(error) => {
                    let error = SwapError::Store(error);
                    self.report_rejected(&active.target, module.label(), &error);
                    return Err(error);
                }
            },
        };
        let bound = self.make_ready(&active.target, Binding { policy, ..active.binding.clone() })?;
        Ok(self.activate_after(active, bound))
    }
}

/// A module as a policy with the limits, the isolation and the settings of the one before.
fn load_like(before: &Policy, store: &ModuleStore, module: &Module) -> Result<Policy, StoreError> {
    let policy = store.load_within(module, before.limits().clone())?;
    Ok(policy.with_isolation(before.isolation()).with_settings(before.settings())?)
}

/// Whether a module that was not put to use may be another time, without a change to it.
fn is_of_the_moment(error: &SwapError) -> bool {
    use StoreError::{Damaged, Io, NotFound, Policy};
    matches!(
        error,
        SwapError::Busy { .. }
            | SwapError::Store(
                Io { .. }
                    | NotFound { .. }
                    | Damaged { .. }
                    | Policy(PolicyError::Busy { .. } | PolicyError::Engine { .. })
            )
    )
}
