//! The versions that a binding does not move to by itself: those that were taken off, and modules that were rejected.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use callsign_engine::{Module, ModuleDigest, Policy};
use semver::Version;

use super::binding::Binding;

/// The versions that a binding skips. All bindings that came from one swap share it, so a later rollback keeps it.
#[derive(Debug, Default)]
pub(crate) struct SkippedVersions(Mutex<Skipped>);

#[derive(Debug, Default)]
pub(super) struct Skipped {
    /// The newest version that was taken off: it and all older ones are skipped.
    up_to: Option<Version>,
    /// Modules that were rejected, as long as the store has them.
    pub(super) rejected: HashSet<ModuleDigest>,
}

impl SkippedVersions {
    pub(super) fn lock(&self) -> MutexGuard<'_, Skipped> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Binding {
    /// The modules that the binding may move to, the newest first.
    pub(super) fn newer<'a>(&self, modules: &'a [Module]) -> Vec<&'a Module> {
        let (Some(requirement), (name, Some(mut version))) = (&self.requirement, self.policy.identity()) else {
            return Vec::new();
        };
        let mut skipped = self.skipped_versions.lock();
        if !skipped.rejected.is_empty() {
            let present: HashSet<&ModuleDigest> = modules.iter().map(Module::digest).collect();
            skipped.rejected.retain(|digest| present.contains(digest));
        }
        if let Some(up_to) = &skipped.up_to
            && up_to.cmp_precedence(&version).is_gt()
        {
            version = up_to.clone();
        }
        let is_newer = |module: &&Module| {
            module.name() == name
                && requirement.matches(module.version())
                && module.version().cmp_precedence(&version).is_gt()
                && !skipped.rejected.contains(module.digest())
        };
        // A store lists the oldest first.
        modules.iter().rev().filter(is_newer).collect()
    }

    /// Skips a policy that was taken off, and every version that is not newer.
    pub(crate) fn skip(&self, taken_off: &Policy) {
        let Some(requirement) = &self.requirement else { return };
        let (name, Some(version)) = taken_off.identity() else { return };
        // A policy outside of the binding's range says nothing about those inside.
        if name != self.policy.identity().0 || !requirement.matches(&version) {
            return;
        }
        let mut skipped = self.skipped_versions.lock();
        if skipped.up_to.as_ref().is_none_or(|up_to| version.cmp_precedence(up_to).is_gt()) {
            skipped.up_to = Some(version);
        }
    }
}
