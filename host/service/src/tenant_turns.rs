//! Turns for work that takes long, such as compiling a module or starting a policy: one at a time for each tenant, a few
//! over all tenants, and one that is kept for the platform.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::named_places::NamedPlaces;

/// How long a tenant waits at most for its next turn where nobody else has one.
const LONGEST_REST: Duration = Duration::from_secs(10);

/// Turns, which are given in the order in which they are asked for.
///
/// A tenant that asks for many waits for itself: the place of its next one is behind those of others who ask for one.
pub(crate) struct TenantTurns {
    tenants: NamedPlaces,
    /// How many tenants have a turn at a time.
    together: Arc<Semaphore>,
    platform: Arc<Semaphore>,
}

/// A turn, until it is dropped.
pub(crate) struct Turn {
    own: OwnedSemaphorePermit,
    /// `None` for the platform.
    together: Option<OwnedSemaphorePermit>,
}

impl Turn {
    /// Ends the turn after so much work. The tenant that had it waits for its next one twice as long, and 10 s at most, so it takes a
    /// third of a processor however much it asks for. The platform does not wait.
    pub(crate) fn rest_after(self, work: Duration) {
        if self.together.is_some() {
            let own = self.own;
            tokio::spawn(async move {
                tokio::time::sleep((2 * work).min(LONGEST_REST)).await;
                drop(own);
            });
        }
    }
}

impl TenantTurns {
    /// So many for all tenants, and one more for the platform.
    pub(crate) fn new(together: usize) -> Self {
        Self {
            tenants: NamedPlaces::new(1),
            together: Arc::new(Semaphore::new(together)),
            platform: Arc::new(Semaphore::new(1)),
        }
    }

    /// Waits for a turn of an application, or of the platform (`None`). `None` if the process has no more turns to give, which
    /// does not happen.
    pub(crate) async fn turn(&self, tenant: Option<&str>) -> Option<Turn> {
        let Some(tenant) = tenant else {
            let own = Arc::clone(&self.platform).acquire_owned().await.ok()?;
            return Some(Turn { own, together: None });
        };
        let own = self.tenants.place(tenant).await?;
        let together = Arc::clone(&self.together).acquire_owned().await.ok()?;
        Some(Turn { own, together: Some(together) })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn polled<T>(future: impl Future<Output = T>) -> Option<T> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    #[test]
    fn a_tenant_has_one_turn_and_all_tenants_together_a_few() {
        let turns = TenantTurns::new(2);
        let first = polled(turns.turn(Some("a"))).unwrap();
        assert!(polled(turns.turn(Some("a"))).is_none(), "one at a time");
        let _second = polled(turns.turn(Some("b"))).unwrap();
        assert!(polled(turns.turn(Some("c"))).is_none(), "no more than two together");
        let _platform = polled(turns.turn(None)).unwrap();
        assert!(polled(turns.turn(None)).is_none(), "the platform has one");
        drop(first);
        let _third = polled(turns.turn(Some("c"))).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_tenant_that_rests_waits_and_no_other_one_does() {
        let turns = TenantTurns::new(1);
        turns.turn(Some("a")).await.unwrap().rest_after(Duration::from_secs(1));
        turns.turn(None).await.unwrap().rest_after(Duration::from_secs(1));
        assert!(polled(turns.turn(None)).is_some(), "the platform does not rest");
        assert!(polled(turns.turn(Some("a"))).is_none());
        assert!(polled(turns.turn(Some("b"))).is_some());
        tokio::time::sleep(Duration::from_millis(2_001)).await;
        assert!(polled(turns.turn(Some("a"))).is_some());
    }
}
