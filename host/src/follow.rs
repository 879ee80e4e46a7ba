//! Bindings that follow new versions: what of a store is newer, what is passed over, and the step to it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use semver::Version;

use crate::binding::{Binding, Bound};
use crate::control::{Control, SwapError};
use crate::policy::{Policy, PolicyError};
use crate::route::Member;
use crate::store::{Module, ModuleDigest, ModuleStore, StoreError};

/// What a binding does not follow to. Shared by the bindings that came from one swap, so that what happened to one of
/// them holds for those before it too.
#[derive(Debug, Default)]
pub(crate) struct PassedOver(Mutex<Passed>);

#[derive(Debug, Default)]
struct Passed {
    /// The newest version that was taken off again: it and all that is not newer.
    up_to: Option<Version>,
    /// Modules that were not put to use, as long as the store has them.
    rejected: HashSet<ModuleDigest>,
}

impl PassedOver {
    fn lock(&self) -> MutexGuard<'_, Passed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Binding {
    /// The modules that it would follow to, the newest first.
    fn newer<'a>(&self, modules: &'a [Module]) -> Vec<&'a Module> {
        let (Some(requirement), (name, Some(mut version))) = (&self.requirement, self.policy.identity()) else {
            return Vec::new();
        };
        let mut passed = self.passed_over.lock();
        if !passed.rejected.is_empty() {
            let present: HashSet<&ModuleDigest> = modules.iter().map(Module::digest).collect();
            passed.rejected.retain(|digest| present.contains(digest));
        }
        if let Some(up_to) = &passed.up_to
            && up_to.cmp_precedence(&version).is_gt()
        {
            version = up_to.clone();
        }
        let is_newer = |module: &&Module| {
            module.name() == name
                && requirement.matches(module.version())
                && module.version().cmp_precedence(&version).is_gt()
                && !passed.rejected.contains(module.digest())
        };
        // A store lists the oldest first.
        modules.iter().rev().filter(is_newer).collect()
    }

    /// Does not follow to a policy that was taken off, nor to what is not newer than it.
    pub(crate) fn pass_over(&self, taken_off: &Policy) {
        let Some(requirement) = &self.requirement else { return };
        let (name, Some(version)) = taken_off.identity() else { return };
        // One that it would not follow to says nothing of those that it would.
        if name != self.policy.identity().0 || !requirement.matches(&version) {
            return;
        }
        let mut passed = self.passed_over.lock();
        if passed.up_to.as_ref().is_none_or(|up_to| version.cmp_precedence(up_to).is_gt()) {
            passed.up_to = Some(version);
        }
    }
}

/// What [`Gateway::refresh`](crate::Gateway::refresh) did with a module for a binding.
#[derive(Debug)]
#[non_exhaustive]
pub struct Refreshed {
    /// Whose binding.
    pub bound: Bound,
    /// The module, as `name@version`.
    pub module: Arc<str>,
    /// Whether it serves now, or why not. Then the next older one was tried, if that is newer than what serves.
    pub outcome: Result<(), SwapError>,
}

/// Policies that were loaded for one refresh, by the policy before and the module: bindings that shared one share the
/// next.
type Loaded = HashMap<(*const Policy, ModuleDigest), Arc<Policy>>;

impl Control {
    /// Moves the bindings that follow new versions to the newest of a store that they accept.
    pub(crate) fn refresh(self: &Arc<Self>, store: &ModuleStore) -> Result<Vec<Refreshed>, StoreError> {
        let modules = store.list()?;
        let serving = self.serving.load_full();
        let (mut loaded, mut done) = (Loaded::new(), Vec::new());
        for route in serving.routes.iter() {
            // What comes after a candidate is for those to say who watch it.
            if route.canary.is_some() || route.shadow.is_some() {
                continue;
            }
            let active = &route.active;
            for module in active.binding.newer(&modules) {
                let outcome = match self.follow(active, store, module, &mut loaded) {
                    Ok(true) => Ok(()),
                    // Somebody else changed the binding meanwhile: that counts.
                    Ok(false) => break,
                    Err(error) => {
                        if !is_of_the_moment(&error) {
                            active.binding.passed_over.lock().rejected.insert(*module.digest());
                        }
                        Err(error)
                    }
                };
                let serves = outcome.is_ok();
                done.push(Refreshed { bound: active.bound.clone(), module: module.label(), outcome });
                if serves {
                    break;
                }
            }
        }
        Ok(done)
    }

    /// Puts a module in the place of what serves; false where that is not what serves any more.
    fn follow(
        self: &Arc<Self>,
        active: &Arc<Member>,
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
                    self.report_rejected(&active.bound, module.label(), &error);
                    return Err(error);
                }
            },
        };
        let member = self.make_ready(&active.bound, Binding { policy, ..active.binding.clone() })?;
        Ok(self.activate_after(active, member))
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
