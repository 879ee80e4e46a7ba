//! The decisions of a run in a decision log.

use std::path::PathBuf;
use std::sync::Arc;

use callsign::log::{LogError, LogOptions, Promise, Recipients, Recorder};
use clap::{Args, ValueEnum};

use crate::exit::{Stop, say};

/// The room for records of each thread, in bytes: a run decides as fast as it can, so the writer is behind it at times.
const RING_BYTES: usize = 16 << 20;

/// The arguments that say what is recorded, and where.
#[derive(Args)]
pub(super) struct LogArguments {
    /// Record every decision, with all that it read, in the decision log in this folder. It is made if there is none
    #[arg(long, value_name = "DIR")]
    log: Option<PathBuf>,

    /// Whether a decision waits until its record is on the disk
    #[arg(long, value_name = "PROMISE", default_value = "drop", requires = "log")]
    log_promise: PromiseName,

    /// How recipients are written down
    #[arg(long, value_name = "HOW", default_value = "sealed", requires = "log")]
    log_recipients: RecipientsName,
}

/// [`Promise`], as the command line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PromiseName {
    /// No decision waits. A record that there is no room for is dropped and counted, and the log says so.
    Drop,
    /// A decision waits until its record is on the disk, and is refused with LOG_UNAVAILABLE if that cannot be.
    Keep,
}

/// [`Recipients`], as the command line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RecipientsName {
    /// Under the key of the log, which is in the file `key` of its folder.
    Sealed,
    /// As they are.
    Plain,
}

impl LogArguments {
    /// Opens the log; none if decisions are not recorded.
    pub(super) fn open(&self) -> Result<Option<Arc<Recorder>>, Stop> {
        let Some(folder) = &self.log else { return Ok(None) };
        let mut options = LogOptions::default();
        options.ring_bytes = RING_BYTES;
        options.promise = match self.log_promise {
            PromiseName::Drop => Promise::Drop,
            PromiseName::Keep => Promise::Keep,
        };
        options.recipients = match self.log_recipients {
            RecipientsName::Sealed => Recipients::Sealed,
            RecipientsName::Plain => Recipients::Plain,
        };
        let refused = |error: LogError| Stop::refused(anyhow::Error::new(error).context("the decision log"));
        Recorder::open(folder, options).map(Some).map_err(refused)
    }
}

/// Writes what was recorded to the disk, and says what is missing.
///
/// # Errors
/// The disk is full or fails.
pub(super) fn finish(recorder: &Recorder) -> Result<(), Stop> {
    let flushed = recorder.flush();
    recorder.close();
    let dropped = recorder.counters().dropped;
    if dropped > 0 {
        say(&format!(
            "callsign: {dropped} decisions are missing in the decision log; --log-promise keep waits for the disk and loses none\n"
        ));
    }
    flushed.map_err(Stop::failed)
}
