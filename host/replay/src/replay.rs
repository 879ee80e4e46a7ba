//! The exact replay: every record decided again with what it names.

use std::sync::Arc;
use std::time::Instant;

use callsign::Policy;
use callsign_log::{DecisionLog, LogKey};

use crate::finder::Finder;
use crate::instead::Instead;
use crate::pass::{PassOptions, PassProgress, pass};
use crate::replay_report::{Differences, ReplayReport};
use crate::sources::Sources;

/// Decides every record of a log again, with the catalog, module, settings, pin and signals that it names, and says which
/// answers differ. `standard` is the standard policy: of a message that no policy is asked about it decides nothing.
pub fn replay(
    log: &DecisionLog,
    sources: &dyn Sources,
    key: Option<&LogKey>,
    standard: &Arc<Policy>,
    options: &PassOptions,
    progress: &PassProgress,
) -> ReplayReport {
    let began = Instant::now();
    let nothing = Instead::nothing();
    let finder = Finder::new(sources, &nothing, Arc::clone(standard));
    let (sinks, state) = pass::<Differences>(log, &finder, key, options, progress);
    let mut all = Differences::default();
    sinks.into_iter().for_each(|sink| all.merge(sink));
    ReplayReport {
        records: all.records,
        replayed: all.replayed,
        different: all.different,
        not_replayed: all.not_replayed,
        dropped: state.dropped,
        missing: finder.missing(),
        faults: state.faults,
        is_damaged: state.is_damaged,
        is_complete: state.is_complete,
        seconds: began.elapsed().as_secs_f64(),
        differences: all.shown.into_vec(),
    }
}
