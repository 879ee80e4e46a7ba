//! The decision log of this node: opened at the start, and what happens to it told.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use callsign_log::{LogCounters, LogEvent, LogKey, Promise, Recorder};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::config::Config;
use crate::events::Event;
use crate::service::{Service, StartError};

/// The log of a node that records its decisions.
pub(crate) struct DecisionLog {
    recorder: Arc<Recorder>,
    folder: PathBuf,
}

/// What happened to a log and was not told yet. There is little of it: the beginnings and ends of what goes wrong.
pub(crate) type LogEvents = UnboundedReceiver<LogEvent>;

impl DecisionLog {
    /// Opens the log of a configuration; `None` if decisions are not recorded.
    ///
    /// # Errors
    /// The folder or the key cannot be used, or another process writes to the log.
    pub(crate) fn open(config: &Config) -> Result<Option<(Self, LogEvents)>, StartError> {
        let Some(folder) = &config.log.directory else { return Ok(None) };
        let mut options = config.log.options();
        options.key = config.log.key_file.as_deref().map(LogKey::read).transpose()?;
        // The writer calls this and must not wait.
        let (told, events) = unbounded_channel();
        options.on_event = Some(Arc::new(move |event| drop(told.send(event))));
        let recorder = Recorder::open(folder, options)?;
        Ok(Some((Self { recorder, folder: folder.clone() }, events)))
    }

    pub(crate) fn recorder(&self) -> &Arc<Recorder> {
        &self.recorder
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn counters(&self) -> LogCounters {
        self.recorder.counters()
    }

    /// Since when the disk takes no records, in milliseconds since 1970.
    pub(crate) fn failing_since(&self) -> Option<u64> {
        self.counters().failing_since.map(|seconds| seconds.saturating_mul(1_000))
    }

    /// Whether decisions are refused, because they cannot be recorded and none may be missing.
    pub(crate) fn refuses(&self) -> bool {
        self.recorder.promise() == Promise::Keep && self.counters().failing_since.is_some()
    }
}

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
                    tracing::warn!("decisions are made faster than they are recorded: some are missing in the decision log");
                }
                LogEvent::DropsEnded { dropped } => {
                    tracing::warn!("all decisions are recorded again; {dropped} are missing in the decision log");
                }
                LogEvent::DiskFailed { path, reason } => {
                    let meaning = match self.decision_log.as_ref().map(|log| log.recorder.promise()) {
                        Some(Promise::Keep) => "messages are refused with LOG_UNAVAILABLE",
                        _ => "decisions go on and are not recorded",
                    };
                    tracing::error!("the decision log {} cannot be written: {reason}; {meaning}", path.display());
                }
                LogEvent::DiskRecovered { lost } => {
                    tracing::info!("the decision log is written again; {lost} records were lost");
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
