//! Turns for work that takes long, such as compiling a module or starting a policy: one at a time for each tenant, a few
//! over all tenants, and one that is kept for the platform.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::named_places::NamedPlaces;

/// How much longer than a turn the rest after it is, see [`TenantTurns::with_rests`].
const REST: u32 = 2;

/// The longest rest.
const LONGEST_REST: Duration = Duration::from_secs(10);

/// Turns, which are given in the order in which they are asked for.
///
/// A tenant that asks for many waits for itself: the place of its next one is behind those of others who ask for one.
pub(crate) struct TenantTurns {
    tenants: NamedPlaces,
    /// How many tenants have a turn at a time.
    together: Arc<Semaphore>,
    platform: Arc<Semaphore>,
    rests: bool,
}

/// A turn, until it is dropped.
pub(crate) struct Turn {
    /// `None` once it is given back.
    own: Option<OwnedSemaphorePermit>,
    /// `None` for the platform.
    _together: Option<OwnedSemaphorePermit>,
    /// When it began, and what the tenant's rest is waited for on; `None` where there are no rests.
    rests: Option<(Instant, Handle)>,
}

impl TenantTurns {
    /// So many for all tenants, and one more for the platform.
    pub(crate) fn new(together: usize) -> Self {
        Self {
            tenants: NamedPlaces::new(1),
            together: Arc::new(Semaphore::new(together)),
            platform: Arc::new(Semaphore::new(1)),
            rests: false,
        }
    }

    /// With rests: a tenant that had a turn waits twice as long for its next one, 10 s at most. However much it asks for, it has a
    /// third of the time while its turns are short. To be used within a runtime.
    pub(crate) fn with_rests(self) -> Self {
        Self { rests: true, ..self }
    }

    /// Waits for a turn of an application, or of the platform (`None`). `None` if the process has no more turns to give, which
    /// does not happen.
    pub(crate) async fn turn(&self, tenant: Option<&str>) -> Option<Turn> {
        let Some(tenant) = tenant else {
            let own = Arc::clone(&self.platform).acquire_owned().await.ok()?;
            return Some(Turn { own: Some(own), _together: None, rests: None });
        };
        let own = self.tenants.place(tenant).await?;
        let together = Arc::clone(&self.together).acquire_owned().await.ok()?;
        let rests = self.rests.then(|| (Instant::now(), Handle::current()));
        Some(Turn { own: Some(own), _together: Some(together), rests })
    }
}

impl Drop for Turn {
    /// Wherever it ends, also where nobody waits any more for what is done in it.
    fn drop(&mut self) {
        if let (Some(own), Some((began, runtime))) = (self.own.take(), self.rests.take()) {
            let rest = (REST * began.elapsed()).min(LONGEST_REST);
            runtime.spawn(async move {
                tokio::time::sleep(rest).await;
                drop(own);
            });
        }
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
    async fn a_tenant_that_had_a_turn_rests_twice_as_long_and_no_other_one_does() {
        let turns = TenantTurns::new(2).with_rests();
        let work = async |tenant| {
            let turn = turns.turn(tenant).await.unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(turn);
        };
        work(Some("a")).await;
        work(None).await;
        assert!(polled(turns.turn(None)).is_some(), "the platform does not rest");
        assert!(polled(turns.turn(Some("b"))).is_some());
        tokio::time::sleep(Duration::from_millis(900)).await;
        assert!(polled(turns.turn(Some("a"))).is_none());
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(polled(turns.turn(Some("a"))).is_some());
    }
}
