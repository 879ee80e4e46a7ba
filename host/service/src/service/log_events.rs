//! Tells what happens to the decision log.

use std::sync::Arc;

use callsign_log::{LogEvent, Promise};

use super::Service;
use crate::decision_log::{DecisionLog, LogEvents};
use crate::events::Event;

impl Service {
    /// Tells the log of the process and listeners what happens to the decision log, until the service ends.
    pub(crate) async fn tell_of_decision_log(self: Arc<Self>, mut happened: LogEvents) {
        loop {
            let event = tokio::select! {
                event = happened.recv() => event,
                () = self.ended() => None,
            };
            let Some(event) = event else { return };
            match &event {
                LogEvent::DropsBegan => {
                    tracing::warn!(
                        "decisions are made faster than they are recorded: some are missing in the decision log"
                    );
                }
                LogEvent::DropsEnded { dropped } => {
                    tracing::warn!("all decisions are recorded again; {dropped} are missing in the decision log");
                }
                LogEvent::DiskFailed { path, reason } => {
                    let meaning = match self.decision_log.as_ref().map(DecisionLog::promise) {
                        Some(Promise::Keep) => "messages are refused with LOG_UNAVAILABLE",
                        _ => "decisions go on and are not recorded",
                    };
                    tracing::error!("the decision log {} cannot be written: {reason}; {meaning}", path.display());
                }
                LogEvent::DiskRecovered { lost } => {
                    tracing::info!("the decision log is written again; {lost} records were lost");
                }
                LogEvent::ConversionFailed { path, reason } => {
                    tracing::warn!("{} stays as it is, and does not become a Parquet file: {reason}", path.display());
                }
                LogEvent::SegmentRemoved { path } => {
                    tracing::info!("{} is removed: the decision log is as long as it may be", path.display());
                }
                other => tracing::debug!("the decision log: {other:?}"),
            }
            if let Some(event) = Event::of_decision_log(&event) {
                self.events.send(event);
            }
        }
    }
}
