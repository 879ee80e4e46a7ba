//! How a log is written.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::LogError;
use crate::event::LogEvent;
use crate::key::LogKey;

/// What is done with a decision that cannot be recorded at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Promise {
    /// It is answered and its record dropped, counted, and a hole marked in the log. After a SIGKILL at most the last 100 ms are
    /// missing.
    #[default]
    Drop,
    /// It is answered once its record is on the disk, and refused with `LOG_UNAVAILABLE` if that cannot be.
    Keep,
}

/// How recipients are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Recipients {
    /// Under the key of the log: whoever has it can look a number up and open it; nobody else learns who it is.
    #[default]
    Sealed,
    /// As the number that they are.
    Plain,
}

/// Which attributes of messages are written down.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Attributes {
    /// All.
    #[default]
    All,
    /// None.
    None,
    /// Those with these names.
    Only(Vec<Box<str>>),
}

/// Who is told what happens to a log. Called by the thread that writes, so it must not wait for anything.
pub type OnEvent = Arc<dyn Fn(LogEvent) + Send + Sync>;

/// How a log is written. The defaults are those of the fields' texts.
#[derive(Clone)]
#[non_exhaustive]
pub struct LogOptions {
    /// What is done with a decision that cannot be recorded at once; [`Promise::Drop`] by default.
    pub promise: Promise,
    /// How recipients are written down; sealed by default.
    pub recipients: Recipients,
    /// The key that recipients are sealed with. By default the one in the file `key` of the log's folder, which is made at first.
    pub key: Option<LogKey>,
    /// Which attributes of messages are written down; all by default.
    pub attributes: Attributes,
    /// A segment that has this many bytes is finished; 128 MiB by default, at least 64 KiB.
    pub segment_bytes: u64,
    /// A segment of this age is finished; an hour by default, at least a second.
    pub segment_age: Duration,
    /// A finished segment is removed once its newest record has this age; never by default.
    pub keep_age: Option<Duration>,
    /// The oldest finished segments are removed once the log has more bytes than this; 20 GiB by default.
    pub keep_bytes: Option<u64>,
    /// Whether finished segments become Parquet files, which DuckDB, pandas and Spark read; by default they do.
    pub parquet: bool,
    /// The bytes of the ring that each deciding thread has; 512 KiB by default, 128 KiB to 1 GiB. A record takes about 180: what
    /// a killed process loses under [`Promise::Drop`] is at most what is in the rings and one round of the writer.
    pub ring_bytes: usize,
    /// Under [`Promise::Drop`], how long a record waits in memory before it is written; 20 ms by default, 1 ms to 1 minute. A longer
    /// time makes larger frames, which compress better.
    pub write_every: Duration,
    /// Who is told what happens to the log; nobody by default.
    pub on_event: Option<OnEvent>,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            promise: Promise::default(),
            recipients: Recipients::default(),
            key: None,
            attributes: Attributes::default(),
            segment_bytes: 128 << 20,
            segment_age: Duration::from_secs(3600),
            keep_age: None,
            keep_bytes: Some(20 << 30),
            parquet: true,
            ring_bytes: 512 << 10,
            write_every: Duration::from_millis(20),
            on_event: None,
        }
    }
}

impl LogOptions {
    /// Whether every option is in its range.
    pub(crate) fn check(&self) -> Result<(), LogError> {
        let within = |option, value: u64, min: u64, max: u64, wanted| {
            if (min..=max).contains(&value) { Ok(()) } else { Err(LogError::Option { option, value, wanted }) }
        };
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        within(
            "segment_bytes",
            self.segment_bytes,
            64 << 10,
            1 << 40,
            "65536 (64 KiB) to 1099511627776 (1 TiB) bytes",
        )?;
        let age = milliseconds(self.segment_age);
        within("segment_age", age, 1000, 366 * 86_400_000, "1000 to 31622400000 ms (1 second to 366 days)")?;
        within(
            "ring_bytes",
            self.ring_bytes as u64,
            128 << 10,
            1 << 30,
            "131072 (128 KiB) to 1073741824 (1 GiB) bytes",
        )?;
        within("write_every", milliseconds(self.write_every), 1, 60_000, "1 to 60000 ms")
    }
}

impl fmt::Debug for LogOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogOptions")
            .field("promise", &self.promise)
            .field("recipients", &self.recipients)
            .field("attributes", &self.attributes)
            .field("segment_bytes", &self.segment_bytes)
            .field("segment_age", &self.segment_age)
            .field("keep_age", &self.keep_age)
            .field("keep_bytes", &self.keep_bytes)
            .field("parquet", &self.parquet)
            .field("ring_bytes", &self.ring_bytes)
            .field("write_every", &self.write_every)
            .finish_non_exhaustive()
    }
}
