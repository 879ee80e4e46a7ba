//! The thread that makes Parquet files of finished segments.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use callsign_private::PrivateFolder;

use crate::error::LogError;
use crate::event::LogEvent;
use crate::options::OnEvent;
use crate::parquet_file::convert;
use crate::segment;

/// The thread that makes Parquet files of finished segments, oldest first. It ends when this is dropped; a file that is not whole then
/// is begun again when the log is opened next.
pub(crate) struct Converter {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// All segments with a lower number are finished.
    finished: AtomicU64,
    is_ending: AtomicBool,
}

impl Converter {
    /// # Errors
    /// The system has no thread for it.
    pub(crate) fn start(folder: PathBuf, on_event: Option<OnEvent>) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let of_thread = shared.clone();
        let thread = thread::Builder::new().name("callsign-parquet".into()).spawn(move || {
            // Decisions come first. Without it the thread takes its share as any other.
            let _ = callsign_priority::lower(callsign_priority::LAST);
            let tell = |event| {
                if let Some(tell) = &on_event {
                    tell(event);
                }
            };
            // A segment that cannot be converted is not tried again before the log is opened again.
            let mut failed = HashSet::new();
            let mut done = 0;
            while !of_thread.is_ending.load(Ordering::Acquire) {
                let finished = of_thread.finished.load(Ordering::Acquire);
                if finished == done {
                    thread::park();
                    continue;
                }
                if let Err(error) = of_thread.convert_all(&folder, finished, &mut failed, &tell) {
                    tell(LogEvent::ConversionFailed {
                        path: folder.as_path().into(),
                        reason: error.to_string().into(),
                    });
                }
                done = finished;
            }
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// All segments with a lower number are finished.
    pub(crate) fn finished_below(&self, number: u64) {
        self.shared.finished.store(number, Ordering::Release);
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Shared {
    fn convert_all(
        &self,
        folder: &std::path::Path,
        finished: u64,
        failed: &mut HashSet<u64>,
        tell: &dyn Fn(LogEvent),
    ) -> Result<(), LogError> {
        let private = PrivateFolder::open(folder)?;
        for segment in segment::list(folder)? {
            if segment.number >= finished || failed.contains(&segment.number) {
                continue;
            }
            match convert(&private, &segment, &|| self.is_ending.load(Ordering::Acquire)) {
                Ok(Some(path)) => tell(LogEvent::SegmentConverted { path: path.into() }),
                Ok(None) => break,
                // Removed, as its age or the size of the log asks.
                Err(LogError::Io { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    failed.insert(segment.number);
                    tell(LogEvent::ConversionFailed { path: segment.path.into(), reason: error.to_string().into() });
                }
            }
        }
        Ok(())
    }
}

impl Drop for Converter {
    fn drop(&mut self) {
        self.shared.is_ending.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It only panics where a test of this crate fails.
            let _ = thread.join();
        }
    }
}

/// Makes Parquet files of all segments of a log that no process writes to.
///
/// # Errors
/// Another process writes to it, or the folder cannot be read. What happened to each segment is told by `on_event`.
pub fn convert_log(folder: &std::path::Path, on_event: &dyn Fn(LogEvent)) -> Result<(), LogError> {
    let locked = crate::folder::LogFolder::open_existing(folder)?;
    locked.next_number()?;
    Shared::default().convert_all(locked.path(), u64::MAX, &mut HashSet::new(), on_event)
}
