//! The standard policy behind the contract, alone or with rules of a policy's own.

use callsign_policy::exports::explain::Trace;
use callsign_policy::exports::policy::Wording;
use callsign_policy::reads::Reads;
use callsign_policy::types::Answer;
use callsign_policy::{Call, Policy};

use crate::plan_cache::PlanCache;
use crate::rules::{MessageView, NoRules, Rules};

/// The standard policy.
pub type Standard = StandardWith<NoRules>;

/// The standard policy with rules: `callsign_policy::policy!(StandardWith<MyRules>)` makes a component of them.
#[derive(Debug)]
pub struct StandardWith<L: Rules> {
    rules: L,
    plans: PlanCache<L::Key>,
}

impl<L: Rules> StandardWith<L> {
    /// The policy with these rules.
    pub fn with_rules(rules: L) -> Self {
        Self { rules, plans: PlanCache::default() }
    }
}

impl Default for Standard {
    fn default() -> Self {
        Self::with_rules(NoRules)
    }
}

impl<L: Rules> Policy for StandardWith<L> {
    type Settings = L::Settings;

    fn new(settings: L::Settings) -> Result<Self, String> {
        L::new(settings).map(Self::with_rules)
    }

    #[inline]
    fn resolve<R: Reads>(&mut self, call: &Call<'_, R>) -> Answer {
        let message = MessageView::new(call.request, call.reads);
        if let Some(refused) = self.rules.refuse_before(&message) {
            return refused.into();
        }
        let key = self.rules.key(&message);
        let answer = self.plans.resolve_by(call.request, call.reads, &self.rules, key);
        match &answer {
            Answer::Decided(decision) => self.rules.refuse_after(&message, decision).map_or(answer, Into::into),
            Answer::Refused(_) => answer,
        }
    }

    fn explain<R: Reads>(&mut self, call: &Call<'_, R>) -> Trace {
        crate::explain::explain(call.request, call.reads, &self.rules)
    }

    fn refusal_text(code: u32, detail: u64) -> Wording {
        L::refusal_text(code, detail)
    }
}

#[cfg(feature = "component")]
callsign_policy::policy!(Standard);
