//! Turns for work that takes long, such as compiling a module or starting a policy: one at a time for each tenant, a few
//! over all tenants, and one that is kept for the platform.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::named_places::NamedPlaces;

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
    _own: OwnedSemaphorePermit,
    /// `None` for the platform.
    _together: Option<OwnedSemaphorePermit>,
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
            return Some(Turn { _own: own, _together: None });
        };
        let own = self.tenants.place(tenant).await?;
        let together = Arc::clone(&self.together).acquire_owned().await.ok()?;
        Some(Turn { _own: own, _together: Some(together) })
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
}
