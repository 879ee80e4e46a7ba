//! The component: the standard policy behind the contract.

use callsign_policy::exports::explain::Trace;
use callsign_policy::reads::Reads;
use callsign_policy::types::Answer;
use callsign_policy::{Call, NoSettings, Policy};

use crate::plan_cache::PlanCache;

/// The standard policy, with its cache of plans.
#[derive(Debug, Default)]
pub struct Standard {
    plans: PlanCache,
}

impl Policy for Standard {
    type Settings = NoSettings;

    fn new(_: NoSettings) -> Result<Self, String> {
        Ok(Self::default())
    }

    #[inline]
    fn resolve<R: Reads>(&mut self, call: &Call<'_, R>) -> Answer {
        self.plans.resolve(call.request, call.reads)
    }

    fn explain<R: Reads>(&mut self, call: &Call<'_, R>) -> Trace {
        crate::explain::explain(call.request, call.reads)
    }
}

#[cfg(feature = "component")]
callsign_policy::policy!(Standard);
