//! Changes of a binding: from one record to the next. Nothing here knows a gateway or a store.

use std::collections::HashSet;

use callsign_signature::KeyId;
use semver::Version;
use serde_json::value::RawValue;

use super::{BindingRecord, CanarySpec, HISTORY, HISTORY_SETTINGS, PastPolicy, PolicySpec, Target, Transition};
use crate::module::ModuleRecord;

/// Why a binding cannot be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TransitionError {
    #[error("there is no candidate: begin with a shadow or a canary")]
    NoCandidate,
    #[error("there was no policy before this one")]
    NoHistory,
}

impl BindingRecord {
    /// The first binding of a target.
    pub(crate) fn new(target: Target, active: PolicySpec) -> Self {
        Self {
            target,
            active,
            shadow: None,
            canary: None,
            history: Vec::new(),
            skipped_version: None,
            transition: Transition::Swap,
        }
    }

    /// Binds another policy, by hand: the skipped version is forgotten.
    pub(crate) fn swap(&self, spec: PolicySpec, now: u64) -> Self {
        Self { skipped_version: None, ..self.put(spec, Transition::Swap, now) }
    }

    /// Binds a newer version.
    pub(crate) fn auto_update(&self, spec: PolicySpec, now: u64) -> Self {
        self.put(spec, Transition::Swap, now)
    }

    /// Adds a shadow.
    pub(crate) fn with_shadow(&self, spec: PolicySpec) -> Self {
        Self { shadow: Some(spec), transition: Transition::Shadow, ..self.clone() }
    }

    /// Adds a canary.
    pub(crate) fn with_canary(&self, canary: CanarySpec) -> Self {
        Self { canary: Some(canary), transition: Transition::Canary, ..self.clone() }
    }

    /// Binds the candidate: the canary, or else the shadow.
    pub(crate) fn promote(&self, now: u64) -> Result<Self, TransitionError> {
        let candidate = self.canary.as_ref().map(|canary| &canary.spec).or(self.shadow.as_ref());
        let candidate = candidate.cloned().ok_or(TransitionError::NoCandidate)?;
        Ok(Self { skipped_version: None, ..self.put(candidate, Transition::Promotion, now) })
    }

    /// Binds the policy from before again. The version that is taken off is not updated to again.
    pub(crate) fn roll_back(&self) -> Result<Self, TransitionError> {
        let mut history = self.history.clone();
        let PastPolicy { spec, skipped_version, .. } = history.pop().ok_or(TransitionError::NoHistory)?;
        let mut next = Self {
            target: self.target.clone(),
            active: spec,
            shadow: None,
            canary: None,
            history,
            skipped_version,
            transition: Transition::Rollback,
        };
        if next.active.name() == self.active.name() {
            next.skip_version(self.skipped_version.clone());
        }
        next.skip_version_of(&self.active);
        Ok(next)
    }

    /// Removes the candidates. Their versions are not updated to.
    pub(crate) fn withdraw(&self) -> Result<Self, TransitionError> {
        if self.canary.is_none() && self.shadow.is_none() {
            return Err(TransitionError::NoCandidate);
        }
        let mut next = Self { shadow: None, canary: None, transition: Transition::Withdrawal, ..self.clone() };
        let candidates = self.canary.iter().map(|canary| &canary.spec).chain(&self.shadow);
        candidates.for_each(|spec| next.skip_version_of(spec));
        Ok(next)
    }

    /// Without the policies that may not run any more: candidates are removed, and in the place of the active policy serves the
    /// last one from before that may run. `None` if nothing changes: all may run, or none from before.
    pub(crate) fn fall_back(&self, may_run: impl Fn(&PolicySpec) -> bool) -> Option<Self> {
        let mut next = self.clone();
        next.canary = next.canary.filter(|canary| may_run(&canary.spec));
        next.shadow = next.shadow.filter(&may_run);
        if next.canary.is_some() != self.canary.is_some() || next.shadow.is_some() != self.shadow.is_some() {
            next.transition = Transition::Withdrawal;
        }
        if !may_run(&self.active)
            && let Some(at) = self.history.iter().rposition(|past| may_run(&past.spec))
        {
            next.history.truncate(at + 1);
            // The last one of a history that is not empty.
            next = next.roll_back().ok()?;
        }
        (next.transition != self.transition || !next.active.is(&self.active)).then_some(next)
    }

    /// Removes the canary with this name and version because it was rolled back automatically. `None` if it is gone
    /// already.
    pub(crate) fn roll_back_automatically(&self, policy: &str) -> Option<Self> {
        let canary = self.canary.as_ref().filter(|canary| canary.spec.policy == policy)?;
        let mut next = Self { canary: None, transition: Transition::Withdrawal, ..self.clone() };
        next.skip_version_of(&canary.spec);
        Some(next)
    }

    /// Whether the binding updates to a module that was added or shared.
    pub(crate) fn auto_updates_to(&self, module: &ModuleRecord) -> bool {
        self.active.owner == module.application_id
            && self.active.name() == module.name
            && (module.shared || !self.active.shared_only)
            && self.waits_for(&module.version)
    }

    /// Whether the binding would update to its own module in a version.
    pub(crate) fn waits_for(&self, version: &Version) -> bool {
        let Some(versions) = &self.active.versions else { return false };
        let Some(serves) = self.active.version() else { return false };
        let is_newer = |than: &Version| version.cmp_precedence(than).is_gt();
        self.shadow.is_none()
            && self.canary.is_none()
            && versions.matches(version)
            && is_newer(&serves)
            && self.skipped_version.as_ref().is_none_or(is_newer)
    }

    /// The active policy with the code of another module.
    pub(crate) fn with_module(&self, module: &ModuleRecord, signed_by: Vec<KeyId>) -> PolicySpec {
        PolicySpec { module: module.digest.clone(), policy: module.label(), signed_by, ..self.active.clone() }
    }

    /// Every policy of the binding, the earlier ones too.
    pub(crate) fn specs(&self) -> impl Iterator<Item = &PolicySpec> {
        let candidates = self.shadow.iter().chain(self.canary.iter().map(|canary| &canary.spec));
        std::iter::once(&self.active).chain(candidates).chain(self.history.iter().map(|past| &past.spec))
    }

    /// Every policy of the binding, to be changed.
    pub(crate) fn specs_mut(&mut self) -> impl Iterator<Item = &mut PolicySpec> {
        let candidates = self.shadow.iter_mut().chain(self.canary.iter_mut().map(|canary| &mut canary.spec));
        let history = self.history.iter_mut().map(|past| &mut past.spec);
        std::iter::once(&mut self.active).chain(candidates).chain(history)
    }

    fn put(&self, active: PolicySpec, transition: Transition, now: u64) -> Self {
        let mut history = self.history.clone();
        history.push(PastPolicy {
            spec: self.active.clone(),
            until: now,
            skipped_version: self.skipped_version.clone(),
        });
        let first = history.len() - kept(&history);
        history.drain(..first);
        Self {
            target: self.target.clone(),
            active,
            shadow: None,
            canary: None,
            history,
            skipped_version: self.skipped_version.clone(),
            transition,
        }
    }

    fn skip_version_of(&mut self, taken_off: &PolicySpec) {
        // The version of another policy says nothing about this one.
        if taken_off.name() == self.active.name() {
            self.skip_version(taken_off.version());
        }
    }

    fn skip_version(&mut self, version: Option<Version>) {
        let Some(version) = version else { return };
        if self.skipped_version.as_ref().is_none_or(|passed| version.cmp_precedence(passed).is_gt()) {
            self.skipped_version = Some(version);
        }
    }
}

/// How many of the last policies are kept.
fn kept(history: &[PastPolicy]) -> usize {
    let (mut kept, mut bytes, mut seen) = (0, 0, HashSet::new());
    for past in history.iter().rev().take(HISTORY) {
        let text = past.spec.settings.as_deref().map_or("", RawValue::get);
        bytes += if seen.insert(text) { text.len() } else { 0 };
        if kept > 0 && bytes > HISTORY_SETTINGS {
            break;
        }
        kept += 1;
    }
    kept
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    fn spec(policy: &str) -> PolicySpec {
        PolicySpec {
            module: format!("digest of {policy}"),
            policy: policy.into(),
            versions: Some("^1".parse().unwrap()),
            ..PolicySpec::standard()
        }
    }

    fn record(policy: &str) -> BindingRecord {
        BindingRecord::new(Target::default(), spec(policy))
    }

    fn canary(policy: &str) -> CanarySpec {
        CanarySpec { spec: spec(policy), per_mille: 10, auto_rollback: super::super::AutoRollbackSpec::default() }
    }

    fn module(label: &str) -> ModuleRecord {
        let (name, version) = label.split_once('@').unwrap();
        ModuleRecord {
            digest: format!("digest of {label}"),
            name: name.into(),
            version: version.parse().unwrap(),
            size: 1,
            interface: Version::new(1, 0, 0),
            added_at: 0,
            application_id: None,
            shared: false,
            signatures: Vec::new(),
            source: None,
        }
    }

    fn history(record: &BindingRecord) -> Vec<&str> {
        record.history.iter().map(|past| &*past.spec.policy).collect()
    }

    #[test]
    fn a_swap_keeps_what_was_before_and_drops_candidates() {
        let before = record("a@1.0.0").with_shadow(spec("b@1.0.0")).with_canary(canary("c@1.0.0"));
        let before = BindingRecord { skipped_version: Some(Version::new(1, 5, 0)), ..before };
        let next = before.swap(spec("d@1.0.0"), 7);
        assert_eq!(
            (&*next.active.policy, history(&next), next.transition),
            ("d@1.0.0", vec!["a@1.0.0"], Transition::Swap)
        );
        assert_eq!((next.history[0].until, next.skipped_version.clone()), (7, None));
        assert!(next.shadow.is_none() && next.canary.is_none());
    }

    #[test]
    fn the_last_sixteen_are_kept() {
        let mut next = record("a@0.0.0");
        for version in 1..=20 {
            next = next.swap(spec(&format!("a@{version}.0.0")), 0);
        }
        assert_eq!((next.history.len(), history(&next)[0], history(&next)[15]), (16, "a@4.0.0", "a@19.0.0"));
    }

    #[test]
    fn the_settings_of_the_history_have_a_limit() {
        let with = |sign: &str| {
            let settings = RawValue::from_string(format!("\"{}\"", sign.repeat(1_000_000))).unwrap();
            PolicySpec { settings: Some(settings), ..spec("a@1.0.0") }
        };
        let mut next = record("a@0.0.0");
        for sign in ["a", "b", "c", "d", "e", "f", "g"] {
            next = next.swap(with(sign), 0);
        }
        let signs = |record: &BindingRecord| -> String {
            record.history.iter().map(|past| &past.spec.settings.as_ref().unwrap().get()[1..2]).collect()
        };
        assert_eq!(signs(&next), "cdef");
        // Equal ones count once, and the last one stays whatever it has.
        for _ in 0..20 {
            next = next.swap(with("g"), 0);
        }
        assert_eq!(signs(&next), "g".repeat(16));
        let next = next.swap(with("xxxxx"), 0).swap(with("y"), 0);
        assert_eq!(signs(&next), "x");
        assert_eq!(next.roll_back().unwrap().active.settings.unwrap().get().len(), 5_000_002);
    }

    #[test]
    fn candidates_stand_beside_what_serves() {
        let next = record("a@1.0.0").with_shadow(spec("a@1.1.0"));
        assert_eq!((next.transition, &*next.active.policy), (Transition::Shadow, "a@1.0.0"));
        let next = next.with_canary(canary("a@1.2.0"));
        assert_eq!((next.transition, next.shadow.is_some(), next.canary.is_some()), (Transition::Canary, true, true));
        assert!(next.history.is_empty());
    }

    #[test]
    fn the_canary_is_promoted_before_the_shadow() {
        let shadowed = record("a@1.0.0").with_shadow(spec("a@1.1.0"));
        assert_eq!(shadowed.promote(0).unwrap().active.policy, "a@1.1.0");
        let next = shadowed.with_canary(canary("a@1.2.0")).promote(0).unwrap();
        assert_eq!(
            (&*next.active.policy, history(&next), next.transition),
            ("a@1.2.0", vec!["a@1.0.0"], Transition::Promotion)
        );
        assert!(next.shadow.is_none() && next.canary.is_none());
        assert_eq!(record("a@1.0.0").promote(0).unwrap_err(), TransitionError::NoCandidate);
    }

    #[test]
    fn a_rollback_skips_the_version_that_it_takes_off() {
        let next = record("a@1.0.0").auto_update(spec("a@1.1.0"), 0).auto_update(spec("a@1.2.0"), 0);
        let next = next.roll_back().unwrap();
        assert_eq!(
            (&*next.active.policy, history(&next), next.transition),
            ("a@1.1.0", vec!["a@1.0.0"], Transition::Rollback)
        );
        assert_eq!(next.skipped_version, Some(Version::new(1, 2, 0)));
        let next = next.roll_back().unwrap();
        assert_eq!((&*next.active.policy, next.skipped_version.clone()), ("a@1.0.0", Some(Version::new(1, 2, 0))));
        assert!(!next.auto_updates_to(&module("a@1.1.0")) && !next.auto_updates_to(&module("a@1.2.0")));
        assert!(next.auto_updates_to(&module("a@1.3.0")));
        assert_eq!(next.roll_back().unwrap_err(), TransitionError::NoHistory);
    }

    #[test]
    fn what_was_skipped_version_outlives_a_swap_that_is_rolled_back() {
        let rolled_back = record("a@1.0.0").auto_update(spec("a@1.1.0"), 0).roll_back().unwrap();
        let next = rolled_back.swap(spec("b@9.0.0"), 0);
        assert_eq!(next.skipped_version, None);
        assert_eq!(next.roll_back().unwrap().skipped_version, Some(Version::new(1, 1, 0)));
    }

    #[test]
    fn a_withdrawal_and_an_automatic_rollback_skip_the_version() {
        let both = record("a@1.0.0").with_shadow(spec("a@1.3.0")).with_canary(canary("a@1.2.0"));
        let next = both.withdraw().unwrap();
        assert_eq!(
            (next.transition, next.skipped_version.clone()),
            (Transition::Withdrawal, Some(Version::new(1, 3, 0)))
        );
        assert!(next.shadow.is_none() && next.canary.is_none());
        assert_eq!(next.withdraw().unwrap_err(), TransitionError::NoCandidate);
        let next = both.roll_back_automatically("a@1.2.0").unwrap();
        assert_eq!(
            (next.transition, next.skipped_version.clone()),
            (Transition::Withdrawal, Some(Version::new(1, 2, 0)))
        );
        assert!(next.shadow.is_some() && next.canary.is_none());
        // There is another canary by now.
        assert!(both.roll_back_automatically("a@1.1.0").is_none());
    }

    #[test]
    fn what_may_not_run_any_more_gives_way_to_the_last_one_that_may() {
        let served = record("a@1.0.0").swap(spec("a@1.1.0"), 1).swap(spec("a@1.2.0"), 2).swap(spec("a@1.3.0"), 3);
        let but = |bad: &'static [&str]| move |spec: &PolicySpec| !bad.contains(&&*spec.policy);
        assert!(served.fall_back(but(&[])).is_none() && served.fall_back(but(&["a@1.1.0"])).is_none());
        let next = served.fall_back(but(&["a@1.3.0", "a@1.2.0"])).unwrap();
        assert_eq!(
            (&*next.active.policy, history(&next), next.transition),
            ("a@1.1.0", vec!["a@1.0.0"], Transition::Rollback)
        );
        assert_eq!(next.skipped_version, Some(Version::new(1, 3, 0)));
        assert!(served.fall_back(|_| false).is_none(), "nothing is left that may run");
        // Candidates go, whatever becomes of the active policy.
        let beside = served.with_shadow(spec("b@1.0.0")).with_canary(canary("c@1.0.0"));
        let next = beside.fall_back(but(&["b@1.0.0"])).unwrap();
        assert_eq!((&*next.active.policy, next.shadow.is_none(), next.canary.is_some()), ("a@1.3.0", true, true));
        let next = beside.fall_back(|_| false).unwrap();
        assert_eq!((&*next.active.policy, next.shadow.is_none(), next.canary.is_none()), ("a@1.3.0", true, true));
        assert_eq!(next.transition, Transition::Withdrawal);
        assert!(next.fall_back(|_| false).is_none(), "once");
    }

    #[test]
    fn a_binding_follows_its_own_module_in_its_range() {
        let record = record("a@1.1.0");
        assert!(record.auto_updates_to(&module("a@1.2.0")));
        for other in ["a@1.1.0", "a@1.0.0", "a@2.0.0", "b@1.2.0", "a@1.2.0-rc.1"] {
            assert!(!record.auto_updates_to(&module(other)), "{other}");
        }
        let of_a_tenant = ModuleRecord { application_id: Some("shop".into()), ..module("a@1.2.0") };
        assert!(!record.auto_updates_to(&of_a_tenant));
        assert!(
            !record.with_shadow(spec("a@1.1.5")).auto_updates_to(&module("a@1.2.0")),
            "whoever watches a candidate decides"
        );
        assert_eq!(record.with_module(&module("a@1.2.0"), Vec::new()).policy, "a@1.2.0");
    }
}
