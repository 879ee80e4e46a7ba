//! Turns to ask registries. Asking one takes a thread and a connection for as long as the registry likes, within its bounds of
//! time, so a registry that is slow has only turns of its own: those of the others stay free.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::named_places::NamedPlaces;

/// How many tenants ask one registry at a time.
const OF_A_REGISTRY: usize = 32;

/// How many tenants ask all registries together at a time, in threads: three registries can be slow before a fourth one feels it.
/// It is half of the places that tenants have for requests by default.
const TOGETHER: usize = 96;

/// The turns, which are given in the order in which they are asked for. A tenant has one at a time of each registry, and so has the
/// platform, whose turns are none of the tenants'.
pub(crate) struct RegistryTurns {
    own: NamedPlaces,
    of_registries: NamedPlaces,
    together: Arc<Semaphore>,
}

/// A turn, until it is dropped.
pub(crate) struct RegistryTurn {
    _own: OwnedSemaphorePermit,
    /// Of the registry, and of all of them; `None` for the platform.
    _shared: Option<(OwnedSemaphorePermit, OwnedSemaphorePermit)>,
}

impl Default for RegistryTurns {
    fn default() -> Self {
        Self {
            own: NamedPlaces::new(1),
            of_registries: NamedPlaces::new(OF_A_REGISTRY),
            together: Arc::new(Semaphore::new(TOGETHER)),
        }
    }
}

impl RegistryTurns {
    /// Waits for a turn of an application, or of the platform (`None`), to ask a registry: for its own one as long as it takes, and
    /// then for one of those of all tenants. `None` if that takes longer than `patience`.
    pub(crate) async fn turn(
        &self,
        tenant: Option<&str>,
        registry: &str,
        patience: Option<Duration>,
    ) -> Option<RegistryTurn> {
        // A registry has no space in its name.
        let own = tenant.map_or_else(|| registry.to_owned(), |tenant| format!("{registry} {tenant}"));
        let own = self.own.place(&own).await?;
        if tenant.is_none() {
            return Some(RegistryTurn { _own: own, _shared: None });
        }
        let shared = async {
            let of_registry = self.of_registries.place(registry).await?;
            Some((of_registry, Arc::clone(&self.together).acquire_owned().await.ok()?))
        };
        let shared = match patience {
            Some(patience) => timeout(patience, shared).await.ok()??,
            None => shared.await?,
        };
        Some(RegistryTurn { _own: own, _shared: Some(shared) })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    /// A turn that is there at once.
    fn now(turns: &RegistryTurns, tenant: Option<&str>, registry: &str) -> Option<RegistryTurn> {
        turns.turn(tenant, registry, None).now_or_never().flatten()
    }

    #[test]
    fn a_tenant_asks_a_registry_once_at_a_time_and_another_one_beside_it() {
        let turns = RegistryTurns::default();
        let first = now(&turns, Some("a"), "slow").unwrap();
        assert!(now(&turns, Some("a"), "slow").is_none());
        assert!(now(&turns, Some("a"), "quick").is_some() && now(&turns, Some("b"), "slow").is_some());
        let _platform = now(&turns, None, "slow").unwrap();
        assert!(now(&turns, None, "slow").is_none() && now(&turns, None, "quick").is_some());
        drop(first);
        assert!(now(&turns, Some("a"), "slow").is_some());
    }

    #[test]
    fn a_slow_registry_has_turns_of_its_own_and_all_of_them_together_an_end() {
        let turns = RegistryTurns::default();
        let slow = |registry: &'static str| {
            let turns = &turns;
            (0..OF_A_REGISTRY).map(move |n| now(turns, Some(&n.to_string()), registry).unwrap())
        };
        let mut held: Vec<RegistryTurn> = slow("first").collect();
        assert!(now(&turns, Some("other"), "first").is_none());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let late = runtime.block_on(turns.turn(Some("other"), "first", Some(Duration::ZERO)));
        assert!(late.is_none(), "who waits has an end");
        assert!(now(&turns, Some("other"), "second").is_some() && now(&turns, None, "first").is_some());
        held.extend(slow("second").chain(slow("third")));
        assert_eq!(held.len(), TOGETHER);
        assert!(now(&turns, Some("other"), "fourth").is_none() && now(&turns, None, "fourth").is_some());
        held.pop();
        assert!(now(&turns, Some("other"), "fourth").is_some());
    }
}
