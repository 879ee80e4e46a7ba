//! A look at the log, in turns: one of each tenant at a time. A look of the platform has several, if it is long, and whoever else
//! waits comes in between; one of a tenant has one, and then the tenant rests.

use std::time::{Duration, Instant};

use crate::tenant_turns::{TenantTurns, Turn};

/// How long a look may take from its first turn on. It then answers what it found, and where to go on.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a turn lasts.
const TURN: Duration = Duration::from_secs(1);

/// A look of a tenant, or of the platform (`None`).
pub(super) struct Look<'t> {
    turns: &'t TenantTurns,
    tenant: Option<&'t str>,
    /// When its time is over; `None` before its first turn.
    end: Option<Instant>,
}

impl<'t> Look<'t> {
    pub(super) fn new(turns: &'t TenantTurns, tenant: Option<&'t str>) -> Self {
        Self { turns, tenant, end: None }
    }

    /// Its next turn, until that is dropped, and when it should be. The turn before must be dropped: others who wait come first
    /// then. `None` once its time is over, though never in place of the first.
    pub(super) async fn turn(&mut self) -> Option<(Option<Turn>, Instant)> {
        if self.tenant.is_some() && self.end.is_some() {
            return None;
        }
        let turn = self.turns.turn(self.tenant).await;
        let now = Instant::now();
        let end = *self.end.get_or_insert(now + PATIENCE);
        // Those who waited may have had the rest of the time.
        (now < end).then_some((turn, end.min(now + TURN)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn lookups_of_tenants_take_turns_and_the_platform_waits_for_none_of_them() {
        let turns = TenantTurns::new(1);
        let order = RefCell::new(Vec::new());
        let look = async |tenant: Option<&'static str>, parts: usize| {
            let mut look = Look::new(&turns, tenant);
            // Without an end: a slow machine does not change the order.
            for _ in 0..parts {
                look.end = None;
                let (_turn, end) = look.turn().await.unwrap();
                assert!(end <= Instant::now() + TURN);
                order.borrow_mut().push(tenant.unwrap_or("platform"));
                tokio::task::yield_now().await;
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            // The second one of `a` waits for the first.
            tokio::join!(look(Some("a"), 3), look(Some("a"), 1), look(Some("b"), 2), look(None, 2));
        });
        let of_tenants: Vec<&str> = order.borrow().iter().copied().filter(|who| *who != "platform").collect();
        assert_eq!(of_tenants, ["a", "b", "a", "b", "a", "a"]);
        let last_of_platform = order.borrow().iter().rposition(|who| *who == "platform").unwrap();
        assert!(last_of_platform < 5, "{:?}", order.borrow());
    }

    #[test]
    fn a_look_of_a_tenant_has_one_turn() {
        let turns = TenantTurns::new(1);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (mut of_tenant, mut of_platform) = (Look::new(&turns, Some("a")), Look::new(&turns, None));
        runtime.block_on(async {
            assert!(of_tenant.turn().await.is_some() && of_platform.turn().await.is_some());
            assert!(of_tenant.turn().await.is_none() && of_platform.turn().await.is_some());
        });
    }

    #[test]
    fn a_look_whose_time_is_over_has_no_turn_any_more() {
        let turns = TenantTurns::new(1);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut look = Look { end: Some(Instant::now()), ..Look::new(&turns, None) };
        assert!(runtime.block_on(look.turn()).is_none());
    }
}
