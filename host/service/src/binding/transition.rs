//! How a binding changes: from what is kept to what is kept next. Nothing here knows a gateway or a store.

use semver::Version;

use super::{BindingRecord, By, CanarySpec, For, HISTORY, Past, Spec};
use crate::module::ModuleRecord;

/// Why a binding does not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("there is no candidate: begin with a shadow or a canary")]
    NoCandidate,
    #[error("there was no policy before this one")]
    NoHistory,
}

impl BindingRecord {
    /// A binding that nothing was before.
    pub(crate) fn new(whom: For, active: Spec) -> Self {
        Self { whom, active, shadow: None, canary: None, history: Vec::new(), passed_over: None, by: By::Swap }
    }

    /// Another policy serves, by hand: whatever was passed over counts no more.
    pub(crate) fn swap(&self, spec: Spec, now: u64) -> Self {
        Self { passed_over: None, ..self.put(spec, By::Swap, now) }
    }

    /// A newer version serves.
    pub(crate) fn follow(&self, spec: Spec, now: u64) -> Self {
        self.put(spec, By::Swap, now)
    }

    /// A candidate decides beside what serves.
    pub(crate) fn with_shadow(&self, spec: Spec) -> Self {
        Self { shadow: Some(spec), by: By::Shadow, ..self.clone() }
    }

    /// A candidate serves a share.
    pub(crate) fn with_canary(&self, canary: CanarySpec) -> Self {
        Self { canary: Some(canary), by: By::Canary, ..self.clone() }
    }

    /// The candidate, the canary or else the shadow, serves all.
    pub(crate) fn promote(&self, now: u64) -> Result<Self, Refused> {
        let candidate = self.canary.as_ref().map(|canary| &canary.spec).or(self.shadow.as_ref());
        let candidate = candidate.cloned().ok_or(Refused::NoCandidate)?;
        Ok(Self { passed_over: None, ..self.put(candidate, By::Promotion, now) })
    }

    /// The policy before serves again; what is taken off is not followed to again.
    pub(crate) fn roll_back(&self) -> Result<Self, Refused> {
        let mut history = self.history.clone();
        let Past { spec, passed_over, .. } = history.pop().ok_or(Refused::NoHistory)?;
        let mut next = Self {
            whom: self.whom.clone(),
            active: spec,
            shadow: None,
            canary: None,
            history,
            passed_over,
            by: By::Rollback,
        };
        if next.active.name() == self.active.name() {
            next.pass_over(self.passed_over.clone());
        }
        next.pass_over_policy(&self.active);
        Ok(next)
    }

    /// The candidates are taken off, and are not followed to.
    pub(crate) fn withdraw(&self) -> Result<Self, Refused> {
        if self.canary.is_none() && self.shadow.is_none() {
            return Err(Refused::NoCandidate);
        }
        let mut next = Self { shadow: None, canary: None, by: By::Withdrawal, ..self.clone() };
        let candidates = self.canary.iter().map(|canary| &canary.spec).chain(&self.shadow);
        candidates.for_each(|spec| next.pass_over_policy(spec));
        Ok(next)
    }

    /// The canary of this name and version is taken off because it went wrong. None where it is not there any more.
    pub(crate) fn recall(&self, policy: &str) -> Option<Self> {
        let canary = self.canary.as_ref().filter(|canary| canary.spec.policy == policy)?;
        let mut next = Self { canary: None, by: By::Withdrawal, ..self.clone() };
        next.pass_over_policy(&canary.spec);
        Some(next)
    }

    /// Whether it moves to a module that was added.
    pub(crate) fn follows(&self, module: &ModuleRecord) -> bool {
        let Some(versions) = &self.active.versions else { return false };
        let Some(serves) = self.active.version() else { return false };
        let is_newer = |than: &Version| module.version.cmp_precedence(than).is_gt();
        self.shadow.is_none()
            && self.canary.is_none()
            && self.active.owner == module.application_id
            && self.active.name() == module.name
            && versions.matches(&module.version)
            && is_newer(&serves)
            && self.passed_over.as_ref().is_none_or(is_newer)
    }

    /// What it serves with the code of another module.
    pub(crate) fn with_module(&self, module: &ModuleRecord) -> Spec {
        Spec { module: module.digest.clone(), policy: module.label(), ..self.active.clone() }
    }

    /// Every policy that it may put to use, the earlier ones too.
    pub(crate) fn specs(&self) -> impl Iterator<Item = &Spec> {
        let candidates = self.shadow.iter().chain(self.canary.iter().map(|canary| &canary.spec));
        std::iter::once(&self.active).chain(candidates).chain(self.history.iter().map(|past| &past.spec))
    }

    fn put(&self, active: Spec, by: By, now: u64) -> Self {
        let mut history = self.history.clone();
        history.push(Past { spec: self.active.clone(), until: now, passed_over: self.passed_over.clone() });
        if history.len() > HISTORY {
            history.drain(..history.len() - HISTORY);
        }
        Self {
            whom: self.whom.clone(),
            active,
            shadow: None,
            canary: None,
            history,
            passed_over: self.passed_over.clone(),
            by,
        }
    }

    fn pass_over_policy(&mut self, taken_off: &Spec) {
        // Of another policy a version says nothing.
        if taken_off.name() == self.active.name() {
            self.pass_over(taken_off.version());
        }
    }

    fn pass_over(&mut self, version: Option<Version>) {
        let Some(version) = version else { return };
        if self.passed_over.as_ref().is_none_or(|passed| version.cmp_precedence(passed).is_gt()) {
            self.passed_over = Some(version);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    fn spec(policy: &str) -> Spec {
        Spec {
            module: format!("digest of {policy}"),
            policy: policy.into(),
            versions: Some("^1".parse().unwrap()),
            ..Spec::standard()
        }
    }

    fn record(policy: &str) -> BindingRecord {
        BindingRecord::new(For::default(), spec(policy))
    }

    fn canary(policy: &str) -> CanarySpec {
        CanarySpec { spec: spec(policy), per_mille: 10, recall: super::super::RecallSpec::default() }
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
        }
    }

    fn history(record: &BindingRecord) -> Vec<&str> {
        record.history.iter().map(|past| &*past.spec.policy).collect()
    }

    #[test]
    fn a_swap_keeps_what_was_before_and_drops_candidates() {
        let before = record("a@1.0.0").with_shadow(spec("b@1.0.0")).with_canary(canary("c@1.0.0"));
        let before = BindingRecord { passed_over: Some(Version::new(1, 5, 0)), ..before };
        let next = before.swap(spec("d@1.0.0"), 7);
        assert_eq!((&*next.active.policy, history(&next), next.by), ("d@1.0.0", vec!["a@1.0.0"], By::Swap));
        assert_eq!((next.history[0].until, next.passed_over.clone()), (7, None));
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
    fn candidates_stand_beside_what_serves() {
        let next = record("a@1.0.0").with_shadow(spec("a@1.1.0"));
        assert_eq!((next.by, &*next.active.policy), (By::Shadow, "a@1.0.0"));
        let next = next.with_canary(canary("a@1.2.0"));
        assert_eq!((next.by, next.shadow.is_some(), next.canary.is_some()), (By::Canary, true, true));
        assert!(next.history.is_empty());
    }

    #[test]
    fn the_canary_is_promoted_before_the_shadow() {
        let shadowed = record("a@1.0.0").with_shadow(spec("a@1.1.0"));
        assert_eq!(shadowed.promote(0).unwrap().active.policy, "a@1.1.0");
        let next = shadowed.with_canary(canary("a@1.2.0")).promote(0).unwrap();
        assert_eq!((&*next.active.policy, history(&next), next.by), ("a@1.2.0", vec!["a@1.0.0"], By::Promotion));
        assert!(next.shadow.is_none() && next.canary.is_none());
        assert_eq!(record("a@1.0.0").promote(0).unwrap_err(), Refused::NoCandidate);
    }

    #[test]
    fn a_rollback_passes_over_what_it_takes_off() {
        let next = record("a@1.0.0").follow(spec("a@1.1.0"), 0).follow(spec("a@1.2.0"), 0);
        let next = next.roll_back().unwrap();
        assert_eq!((&*next.active.policy, history(&next), next.by), ("a@1.1.0", vec!["a@1.0.0"], By::Rollback));
        assert_eq!(next.passed_over, Some(Version::new(1, 2, 0)));
        let next = next.roll_back().unwrap();
        assert_eq!((&*next.active.policy, next.passed_over.clone()), ("a@1.0.0", Some(Version::new(1, 2, 0))));
        assert!(!next.follows(&module("a@1.1.0")) && !next.follows(&module("a@1.2.0")));
        assert!(next.follows(&module("a@1.3.0")));
        assert_eq!(next.roll_back().unwrap_err(), Refused::NoHistory);
    }

    #[test]
    fn what_was_passed_over_outlives_a_swap_that_is_rolled_back() {
        let rolled_back = record("a@1.0.0").follow(spec("a@1.1.0"), 0).roll_back().unwrap();
        let next = rolled_back.swap(spec("b@9.0.0"), 0);
        assert_eq!(next.passed_over, None);
        assert_eq!(next.roll_back().unwrap().passed_over, Some(Version::new(1, 1, 0)));
    }

    #[test]
    fn a_withdrawal_and_a_recall_pass_the_candidate_over() {
        let both = record("a@1.0.0").with_shadow(spec("a@1.3.0")).with_canary(canary("a@1.2.0"));
        let next = both.withdraw().unwrap();
        assert_eq!((next.by, next.passed_over.clone()), (By::Withdrawal, Some(Version::new(1, 3, 0))));
        assert!(next.shadow.is_none() && next.canary.is_none());
        assert_eq!(next.withdraw().unwrap_err(), Refused::NoCandidate);
        let next = both.recall("a@1.2.0").unwrap();
        assert_eq!((next.by, next.passed_over.clone()), (By::Withdrawal, Some(Version::new(1, 2, 0))));
        assert!(next.shadow.is_some() && next.canary.is_none());
        // Another one has been put there meanwhile.
        assert!(both.recall("a@1.1.0").is_none());
    }

    #[test]
    fn a_binding_follows_its_own_module_in_its_range() {
        let record = record("a@1.1.0");
        assert!(record.follows(&module("a@1.2.0")));
        for other in ["a@1.1.0", "a@1.0.0", "a@2.0.0", "b@1.2.0", "a@1.2.0-rc.1"] {
            assert!(!record.follows(&module(other)), "{other}");
        }
        let of_a_tenant = ModuleRecord { application_id: Some("shop".into()), ..module("a@1.2.0") };
        assert!(!record.follows(&of_a_tenant));
        assert!(
            !record.with_shadow(spec("a@1.1.5")).follows(&module("a@1.2.0")),
            "whoever watches a candidate decides"
        );
        assert_eq!(record.with_module(&module("a@1.2.0")).policy, "a@1.2.0");
    }
}
