//! A comparison that is ready to run.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use callsign::Policy;
use callsign_log::{DecisionLog, LogError, LogKey};
use callsign_replay::{Instead, PassOptions, PassProgress, WhatIf, WhatIfReport};

use super::sources::ServiceSources;

/// How long a comparison may take. Its report then is about what was read until then.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);

/// What is compared with what.
pub(super) struct Comparison {
    pub(super) instead: Instead,
    pub(super) sources: ServiceSources,
    /// The folder of the log.
    pub(super) log: PathBuf,
    pub(super) key: Option<LogKey>,
    pub(super) standard: Arc<Policy>,
    pub(super) options: PassOptions,
}

impl Comparison {
    /// Decides the log. On a thread of its own, since it blocks for as long as it takes.
    pub(super) fn run(&self, progress: &PassProgress) -> Result<WhatIfReport, LogError> {
        let log = DecisionLog::open(&self.log)?;
        let what_if = WhatIf::new(&self.instead, &self.sources, self.key.as_ref(), &self.standard);
        Ok(what_if.run(&log, &self.options, progress))
    }
}
