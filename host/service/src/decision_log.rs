//! The decision log of this node.

mod place;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use callsign_log::{LogCounters, LogError, LogEvent, LogKey, Promise, Recorder};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

pub(crate) use self::place::PlaceSeal;
use crate::config::Config;

/// The log of a node that records its decisions.
pub(crate) struct DecisionLog {
    recorder: Arc<Recorder>,
    folder: PathBuf,
    places: PlaceSeal,
}

/// What happened to a log and was not told yet. There is little of it: the beginnings and ends of what goes wrong.
pub(crate) type LogEvents = UnboundedReceiver<LogEvent>;

impl DecisionLog {
    /// Opens the log of a configuration; `None` if decisions are not recorded.
    ///
    /// # Errors
    /// The folder or the key cannot be used, or another process writes to the log.
    pub(crate) fn open(config: &Config) -> Result<Option<(Self, LogEvents)>, LogError> {
        let Some(folder) = &config.log.directory else { return Ok(None) };
        let mut options = config.log.options();
        options.key = config.log.key_file.as_deref().map(LogKey::read).transpose()?;
        // The writer calls this and must not wait.
        let (told, events) = unbounded_channel();
        options.on_event = Some(Arc::new(move |event| drop(told.send(event))));
        let recorder = Recorder::open(folder, options)?;
        let no_numbers = |error| LogError::Io { path: folder.clone(), cause: std::io::Error::other(error) };
        let places = PlaceSeal::new().map_err(no_numbers)?;
        Ok(Some((Self { recorder, folder: folder.clone(), places }, events)))
    }

    pub(crate) fn recorder(&self) -> &Arc<Recorder> {
        &self.recorder
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What hides where lists of its decisions go on.
    pub(crate) fn places(&self) -> &PlaceSeal {
        &self.places
    }

    pub(crate) fn promise(&self) -> Promise {
        self.recorder.promise()
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
        self.promise() == Promise::Keep && self.counters().failing_since.is_some()
    }
}
