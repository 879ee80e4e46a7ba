//! The component: the standard policy behind the contract.

use callsign_policy::exports::explain::Trace;
use callsign_policy::reads::Reads;
use callsign_policy::types::Answer;
use callsign_policy::{Call, NoSettings, Policy};

use crate::view::View;

/// The standard policy. It keeps its view.
#[derive(Debug, Default)]
pub struct Standard {
    view: View,
}

impl Policy for Standard {
    type Settings = NoSettings;

    fn new(_: NoSettings) -> Result<Self, String> {
        Ok(Self::default())
    }

    #[inline]
    fn resolve<R: Reads>(&mut self, call: &Call<'_, R>) -> Answer {
        self.view.resolve(call.request, call.reads)
    }

    fn explain<R: Reads>(&mut self, call: &Call<'_, R>) -> Trace {
        crate::explain::explain(call.request, call.reads)
    }
}

#[cfg(feature = "component")]
callsign_policy::policy!(Standard);
