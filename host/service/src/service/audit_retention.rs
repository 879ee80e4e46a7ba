//! Shortens the audit log: what is older than it may be, and what is more than it may have, is removed.

use std::sync::Arc;
use std::time::Duration;

use super::Service;
use crate::change::now;
use crate::store::{FORGOTTEN, StoreError};

/// How often.
const PAUSE: Duration = Duration::from_secs(600);

/// How long to wait after a failure of the store.
const AGAIN: Duration = Duration::from_secs(10);

/// A day in milliseconds.
const DAY: u64 = 24 * 60 * 60 * 1_000;

impl Service {
    /// Shortens the log after the start and every ten minutes, until the service ends, and soon again where the store failed.
    pub(crate) async fn run_audit_retention(self: Arc<Self>) {
        loop {
            let pause = match self.shorten_audit_log().await {
                Ok(0) => PAUSE,
                Ok(gone) => {
                    tracing::info!("{gone} revisions are removed from the audit log, which is as long as it may be");
                    PAUSE
                }
                Err(error) => {
                    tracing::debug!("the audit log is not shortened: {error}");
                    AGAIN
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.ended() => return,
            }
        }
    }

    async fn shorten_audit_log(&self) -> Result<usize, StoreError> {
        let (days, revisions) = (self.config.catalog.audit_days, self.config.catalog.audit_revisions);
        let before = if days == 0 { 0 } else { now().saturating_sub(days.saturating_mul(DAY)) };
        let up_to = if revisions == 0 { 0 } else { self.state().revision.saturating_sub(revisions) };
        let mut all = 0;
        loop {
            let gone = self.stored("forget", self.store.forget(before, up_to)).await?;
            all += gone;
            if gone < FORGOTTEN || *self.ending.borrow() {
                return Ok(all);
            }
        }
    }
}
