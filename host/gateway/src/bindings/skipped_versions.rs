//! The versions that a binding does not move to by itself: those that were taken off, and modules that were rejected.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use callsign_engine::{Module, ModuleDigest, Policy};
use semver::Version;

use super::binding::Binding;

/// What a binding does not follow to. Shared by the bindings that came from one swap, so that what happened to one of
/// them holds for those before it too.
#[derive(Debug, Default)]
pub(crate) struct SkippedVersions(Mutex<Skipped>);

#[derive(Debug, Default)]
pub(super) struct Skipped {
    /// The newest version that was taken off again: it and all that is not newer.
    up_to: Option<Version>,
    /// Modules that were not put to use, as long as the store has them.
    pub(super) rejected: HashSet<ModuleDigest>,
}

impl SkippedVersions {
    pub(super) fn lock(&self) -> MutexGuard<'_, Skipped> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Binding {
    /// The modules that it would follow to, the newest first.
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

    /// Does not follow to a policy that was taken off, nor to what is not newer than it.
    pub(crate) fn skip(&self, taken_off: &Policy) {
        let Some(requirement) = &self.requirement else { return };
        let (name, Some(version)) = taken_off.identity() else { return };
        // One that it would not follow to says nothing of those that it would.
        if name != self.policy.identity().0 || !requirement.matches(&version) {
            return;
        }
        let mut skipped = self.skipped_versions.lock();
        if skipped.up_to.as_ref().is_none_or(|up_to| version.cmp_precedence(up_to).is_gt()) {
            skipped.up_to = Some(version);
        }
    }
}
