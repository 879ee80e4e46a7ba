//! Takes over revisions that others wrote: other nodes of the fleet, or `callsign key` on this machine.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::Service;
use crate::change::{Change, Entry};
use crate::events::Event;
use crate::fault::Fault;
use crate::store::StoreError;

/// The most revisions that are taken over at once.
const AT_ONCE: u32 = 500;

/// How often to poll, in case a notification was missed.
const LOOK: Duration = Duration::from_millis(500);

impl Service {
    /// Follows the store until the service ends.
    pub(crate) async fn follow(self: Arc<Self>) {
        let mut taking_off: Option<JoinHandle<()>> = None;
        loop {
            tokio::select! {
                // The notice may be of health, which waits for no writer.
                () = self.store.changed().notified() => self.sender_health.look(),
                () = tokio::time::sleep(LOOK) => {}
                () = self.ended() => return,
            }
            self.tenants.tell_dropped_lines();
            self.catalog_outage.tell();
            self.pin_outage.tell();
            self.retry_due();
            {
                let _one_at_a_time = self.writer.lock().await;
                if let Err(error) = self.catch_up().await {
                    tracing::debug!("cannot follow the catalog store: {}", error.text);
                }
            }
            // Beside this: what comes in place of a tenant's policies may start slowly, and the changes of others do not wait for it.
            if taking_off.as_ref().is_none_or(JoinHandle::is_finished) {
                let service = Arc::clone(&self);
                taking_off = Some(tokio::spawn(async move { service.take_off_untrusted().await }));
            }
        }
    }

    /// Takes over all revisions that this node does not have yet. The caller holds the writer.
    pub(super) async fn catch_up(self: &Arc<Self>) -> Result<(), Fault> {
        loop {
            let seen = self.state.load().revision;
            let newer = self.newer(seen).await;
            self.note(&newer);
            let entries = match newer {
                Ok(entries) => entries,
                Err(StoreError::Damaged(reason)) => {
                    tracing::warn!("the platform is loaded anew: {reason}");
                    self.reload().await?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let Some(last) = entries.last() else { return Ok(()) };
            let (first, last) = (entries[0].revision, last.revision);
            let contiguous = first == seen + 1 && last - first + 1 == entries.len() as u64;
            let taken = if contiguous {
                self.apply_entries(entries).await
            } else {
                Err(StoreError::Damaged(format!("revisions {} to {first} are missing", seen + 1)))
            };
            if let Err(error) = taken {
                tracing::warn!("the platform is loaded anew: {error}");
                self.reload().await?;
            }
        }
    }

    async fn newer(&self, seen: u64) -> Result<Vec<Entry>, StoreError> {
        if self.stored("head", self.store.head()).await? == seen {
            return Ok(Vec::new());
        }
        let entries = self.stored("since", self.store.since(seen, AT_ONCE)).await?;
        if entries.is_empty() {
            return Err(StoreError::Damaged(format!("revisions after {seen} are not in the log any more")));
        }
        Ok(entries)
    }

    async fn apply_entries(self: &Arc<Self>, entries: Vec<Entry>) -> Result<(), StoreError> {
        let events: Vec<Event> =
            entries.iter().map(|entry| Event::revision(entry.revision, &entry.who, &entry.action)).collect();
        let Some(revision) = entries.last().map(|entry| entry.revision) else { return Ok(()) };
        let changes: Vec<Change> = entries.into_iter().flat_map(|entry| entry.changes).collect();
        let service = Arc::clone(self);
        let work = tokio::task::spawn_blocking(move || service.apply_changes(revision, &changes, None));
        let targets = work.await.map_err(|error| StoreError::Damaged(error.to_string()))??;
        self.serve_later(targets);
        events.into_iter().for_each(|event| self.events.send(event));
        self.renumber_if_sparse();
        Ok(())
    }
}
