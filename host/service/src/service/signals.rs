//! The signals of this node's gateway: follows the reports of health in the catalog store. No revision is made, and nobody
//! waits for the writer of revisions.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use callsign::{SignalBoard, SignalSource};
use tokio::sync::{Mutex, Notify, watch};
use tokio::time::timeout;

use super::Service;
use crate::change::now;
use crate::fault::Fault;
use crate::sender_health::{Pending, Report, ReportKey, Reports};
use crate::store::StoreError;
use crate::store::sender_health::{Changed, Stored, TOLD};
use crate::tenant::Tenant;

/// How often to look, in case a notification was missed.
const LOOK: Duration = Duration::from_millis(500);

/// How long a request waits until its own report is in use on this node. It is stored all the same.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many times as long as making the signals took to wait before they are made again: a fifth of a core at most.
const REST: u32 = 4;

/// The longest such time.
const LONGEST_REST: Duration = Duration::from_millis(250);

/// The health of senders, as far as this node knows it.
#[derive(Default)]
pub(crate) struct SenderHealth {
    /// What decisions read.
    board: Arc<SignalBoard>,
    reports: RwLock<Reports>,
    /// The version of the reports.
    version: watch::Sender<u64>,
    /// When the store was read last.
    read_at: Mutex<Option<Instant>>,
    look: Notify,
    /// Receipts that are not stored yet.
    pub(super) pending: std::sync::Mutex<Pending>,
    /// There are some.
    pub(super) received: Notify,
}

impl SenderHealth {
    /// What the gateway reads.
    pub(crate) fn board(&self) -> Arc<SignalBoard> {
        Arc::clone(&self.board)
    }

    /// The reports of this moment.
    pub(crate) fn reports(&self) -> RwLockReadGuard<'_, Reports> {
        self.reports.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn reports_to_change(&self) -> RwLockWriteGuard<'_, Reports> {
        self.reports.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// There may be something new in the store.
    pub(super) fn look(&self) {
        self.look.notify_one();
    }

    /// Takes over what changed, and makes the signals anew if anything did. Returns whether they were made.
    fn take(&self, changed: Changed, is_everything: bool) -> bool {
        let now = now();
        let mut reports = self.reports_to_change();
        if is_everything {
            *reports = Reports::default();
        }
        let any = is_everything || !changed.reports.is_empty();
        for (key, report) in changed.reports {
            reports.put(key, report);
        }
        let made = reports.drop_ended(now) || any;
        if made {
            self.board.set(reports.signals(now));
        }
        drop(reports);
        self.version.send_if_modified(|version| std::mem::replace(version, changed.version) != changed.version);
        made
    }

    /// Forgets senders that are removed, so that one that is made again before the next look has no past.
    pub(super) fn forget<'a>(&self, senders: impl Iterator<Item = &'a str>) {
        let mut senders = senders.peekable();
        if senders.peek().is_none() {
            return;
        }
        let mut reports = self.reports_to_change();
        let forgotten = senders.filter(|sender| reports.forget(sender)).count();
        if forgotten > 0 {
            self.board.set(reports.signals(now()));
        }
    }

    /// When to look again at the latest.
    fn next_look(&self) -> Duration {
        let left = self.reports().next_end().map(|end| Duration::from_millis(end.saturating_sub(now())));
        left.map_or(LOOK, |left| left.min(LOOK))
    }
}

impl Service {
    /// Stores reports, or that they are withdrawn, and waits until they are in use on this node.
    ///
    /// # Errors
    /// The store does not answer. A sender that was removed meanwhile is told by its id.
    pub(crate) async fn report_health(
        self: &Arc<Self>,
        tenant: Option<Arc<Tenant>>,
        reports: Vec<(ReportKey, Option<Report>)>,
    ) -> Result<Result<(), String>, Fault> {
        if reports.is_empty() {
            return Ok(Ok(()));
        }
        let service = Arc::clone(self);
        // Completed even if the caller goes away.
        let stored = tokio::spawn(async move {
            // One of each tenant waits for the store, as with other changes.
            let _turn = match &tenant {
                Some(tenant) => Some(tenant.changing.lock().await),
                None => None,
            };
            service.stored("report_health", service.store.report_health(now(), &reports)).await
        });
        let stored = stored.await.map_err(Fault::internal)?;
        self.note(&stored);
        let version = match stored? {
            Stored::Done(version) => version,
            Stored::NoSender(id) => return Ok(Err(id)),
        };
        self.sender_health.look();
        let mut known = self.sender_health.version.subscribe();
        let _ = timeout(PATIENCE, known.wait_for(|known| *known >= version)).await;
        Ok(Ok(()))
    }

    /// Follows the reports in the store until the service ends.
    pub(crate) async fn follow_health(self: Arc<Self>) {
        loop {
            tokio::select! {
                () = self.sender_health.look.notified() => {}
                () = tokio::time::sleep(self.sender_health.next_look()) => {}
                () = self.ended() => return,
            }
            match self.look_at_health().await {
                Ok(took) => tokio::time::sleep((took * REST).min(LONGEST_REST)).await,
                Err(error) => tracing::debug!("cannot follow the health of senders: {error}"),
            }
        }
    }

    /// Takes over what changed in the store. Reports that end are dropped even if the store is away. Returns how long it took
    /// to make the signals anew; nothing if they are what they were.
    pub(super) async fn look_at_health(self: &Arc<Self>) -> Result<Duration, StoreError> {
        let health = &self.sender_health;
        let mut read_at = health.read_at.lock().await;
        let is_long_ago = read_at.is_none_or(|at| at.elapsed() > TOLD / 2);
        let known = *health.version.borrow();
        let after = if is_long_ago { 0 } else { known };
        let asked = Instant::now();
        let changed = self.stored("health", self.store.health_since(after)).await;
        let (changed, failed) = match changed {
            Ok(changed) => (changed, None),
            Err(error) => (Changed { version: known, reports: Vec::new() }, Some(error)),
        };
        let is_everything = failed.is_none() && (is_long_ago || changed.version < known);
        if failed.is_none() {
            *read_at = Some(asked);
        }
        let service = Arc::clone(self);
        let work = move || {
            let began = Instant::now();
            let made = service.sender_health.take(changed, is_everything);
            if made { began.elapsed() } else { Duration::ZERO }
        };
        let made = tokio::task::spawn_blocking(work).await;
        let unhealthy = health.board.current().unhealthy_senders();
        self.metrics.unhealthy_senders.set(i64::try_from(unhealthy).unwrap_or(i64::MAX));
        match (failed, made) {
            (Some(error), _) => Err(error),
            (None, made) => made.map_err(|error| StoreError::Unavailable(error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sender_health::{Origin, Status};

    fn unhealthy(until: Option<u64>) -> (ReportKey, Option<Report>) {
        let key = ReportKey { sender: "S1".into(), channel: None, country: None, origin: Origin::Hand };
        let report = Report { status: Status::Unhealthy, since: 1, at: 1, until, reason: None, by: None };
        (key, Some(report))
    }

    #[test]
    fn nothing_is_made_anew_while_nothing_changes() {
        let health = SenderHealth::default();
        assert!(health.take(Changed { version: 1, reports: vec![unhealthy(None)] }, false));
        let epoch = health.board.health_epoch();
        assert_ne!(epoch, 0);
        for _ in 0..1_000 {
            assert!(!health.take(Changed { version: 1, reports: Vec::new() }, false));
        }
        assert_eq!(health.board.health_epoch(), epoch);
        // What is read anew says the same, so whatever was made of it is kept.
        assert!(health.take(Changed { version: 1, reports: vec![unhealthy(None)] }, true));
        assert_eq!(health.board.health_epoch(), epoch);
    }

    #[test]
    fn a_report_that_ends_is_looked_at_when_it_ends() {
        let health = SenderHealth::default();
        assert_eq!(health.next_look(), LOOK);
        health.take(Changed { version: 1, reports: vec![unhealthy(Some(now() + 60_000))] }, false);
        assert_eq!(health.next_look(), LOOK);
        health.take(Changed { version: 2, reports: vec![unhealthy(Some(now() + 100))] }, false);
        assert!(health.next_look() <= Duration::from_millis(100));
        health.take(Changed { version: 3, reports: vec![unhealthy(Some(now()))] }, false);
        assert_eq!(health.board.health_epoch(), 0);
    }
}
