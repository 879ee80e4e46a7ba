//! A decision log in a folder of its own, which goes with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use callsign::log::{LogOptions, Recorder};

#[derive(Debug)]
pub struct TemporaryLog {
    folder: PathBuf,
    pub recorder: Arc<Recorder>,
}

impl TemporaryLog {
    /// A log with the options that are usual but for a change.
    pub fn with(change: impl FnOnce(&mut LogOptions)) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("callsign-log-{}-{number}", std::process::id()));
        // Of a process with the same number that did not come to its end.
        let _ = fs::remove_dir_all(&folder);
        let mut options = LogOptions::default();
        change(&mut options);
        Self { recorder: Recorder::open(&folder, options).expect("a log"), folder }
    }

    /// A log that has room for all that is recorded before its writer has run once.
    pub fn roomy() -> Self {
        Self::with(|options| options.ring_bytes = 64 << 20)
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for TemporaryLog {
    fn drop(&mut self) {
        self.recorder.close();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
