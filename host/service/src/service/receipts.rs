//! Delivery receipts on their way to the catalog store: what this node was told is added up, and about once a second stored
//! over what the other nodes were told.

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use super::Service;
use super::signals::SenderHealth;
use crate::change::now;
use crate::fault::Fault;
use crate::sender_health::{Counts, Pending, ReceiptKey};
use crate::store::StoreError;
use crate::store::sender_health::Counting;

/// How long receipts wait for others.
const TOGETHER: Duration = Duration::from_millis(500);

/// How long to wait after the store did not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// The most senders, channels and countries of one transaction: others wait for it.
const AT_ONCE: usize = 2_000;

impl SenderHealth {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service {
    /// Adds receipts that a tenant told, or the platform: all or none.
    ///
    /// # Errors
    /// 503: too many wait.
    pub(crate) fn receive(&self, tenant: Option<&str>, receipts: Vec<(ReceiptKey, Counts)>) -> Result<(), Fault> {
        let added = self.sender_health.pending().add(tenant, receipts);
        added.map_err(|_| Fault::unavailable("too many receipts wait to be counted; none of these was", PAUSE))?;
        self.sender_health.received.notify_one();
        Ok(())
    }

    /// Stores receipts until the service ends, and then what is left.
    pub(crate) async fn run_receipts(self: Arc<Self>) {
        loop {
            tokio::select! {
                () = self.sender_health.received.notified() => {}
                () = self.ended() => break,
            }
            tokio::select! {
                () = tokio::time::sleep(TOGETHER) => {}
                () = self.ended() => break,
            }
            if let Err(error) = self.store_receipts().await {
                tracing::debug!("receipts wait for the catalog store: {error}");
                self.sender_health.received.notify_one();
                tokio::time::sleep(PAUSE).await;
            }
        }
        if let Err(error) = self.store_receipts().await {
            tracing::warn!("the receipts of the last second are not counted: {error}");
        }
    }

    async fn store_receipts(self: &Arc<Self>) -> Result<(), StoreError> {
        let mut left = self.sender_health.pending().take();
        while !left.is_empty() {
            let rest = left.split_off(left.len().min(AT_ONCE));
            let counting = Counting { now: now(), rules: self.config.health.clone(), receipts: left };
            match self.stored("receipts", self.store.count_receipts(counting.clone())).await {
                Ok(0) => {}
                Ok(_) => self.sender_health.look(),
                Err(error) => {
                    let mut waiting = counting.receipts;
                    waiting.extend(rest);
                    let lost = self.sender_health.pending().take_back(waiting);
                    if lost > 0 {
                        tracing::warn!("receipts of {lost} senders, channels and countries are lost: too many wait");
                    }
                    return Err(error);
                }
            }
            left = rest;
        }
        Ok(())
    }
}
