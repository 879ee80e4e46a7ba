//! Gives up the empty slots that removed elements leave in a catalog, beside the changes: nobody waits for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use callsign::{GatewayError, Revision};

use super::Service;
use crate::fault::Fault;

/// How many times it is done without the writer. If a change came between each time, the next waits for it.
const TRIES: usize = 3;

impl Service {
    /// Starts it if a list of the catalog has more empty slots than elements, and it is not being done. What is served decides as
    /// before, so this is no revision of the platform.
    pub(super) fn renumber_if_sparse(self: &Arc<Self>) {
        if !self.revision().catalog().has_many_empty_slots() || self.renumbering.swap(true, Ordering::AcqRel) {
            return;
        }
        let service = Arc::clone(self);
        // It goes on until it is done, whoever started it.
        drop(self.bulk.spawn(async move {
            match service.renumber().await {
                Ok(()) => tracing::info!("the catalog has given up the slots of what was removed"),
                Err(error) => tracing::warn!("the catalog keeps the slots of what was removed: {}", error.text),
            }
            service.renumbering.store(false, Ordering::Release);
        }));
    }

    async fn renumber(self: &Arc<Self>) -> Result<(), Fault> {
        for _ in 0..TRIES {
            let before = self.revision();
            let next = self.renumbered(&before).await?;
            let _one_at_a_time = self.writer.lock().await;
            if self.revision().number() == before.number() {
                return self.gateway.replace_revision(next).map_err(Fault::internal);
            }
        }
        let _one_at_a_time = self.writer.lock().await;
        let next = self.renumbered(&self.revision()).await?;
        self.gateway.replace_revision(next).map_err(Fault::internal)
    }

    /// A revision that comes after this one and has no empty slots.
    async fn renumbered(self: &Arc<Self>, before: &Arc<Revision>) -> Result<Revision, Fault> {
        let (service, before) = (Arc::clone(self), Arc::clone(before));
        let work =
            move || -> Result<Revision, GatewayError> { service.gateway.next_revision(before.catalog().renumbered()) };
        tokio::task::spawn_blocking(work).await.map_err(Fault::internal)?.map_err(Fault::internal)
    }
}
