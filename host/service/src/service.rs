//! The service: a gateway, the store that its platform is kept in, and the way from one to the other.

mod apply;
mod auto_update;
mod build_binding;
mod catch_up;
mod commit;
mod entity_autocreate;
mod gateway_events;
mod load;
mod reconcile;
mod validate;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use arc_swap::ArcSwap;
use callsign::{Gateway, Revision, StickyStore};
use tokio::sync::{Mutex, watch};

pub(crate) use self::commit::{Author, Plan, View, edited, fault_of};
use self::entity_autocreate::EntityAutocreate;
pub use self::load::StartError;
use self::reconcile::AppliedBindings;
use crate::config::Config;
use crate::events::Events;
use crate::metrics::Metrics;
use crate::module_cache::ModuleCache;
use crate::refused_traffic::RefusedTraffic;
use crate::state::State;
use crate::store::Store;

/// Everything that requests are answered from.
pub(crate) struct Service {
    pub(crate) config: Config,
    pub(crate) gateway: Gateway,
    pub(crate) sticky: Arc<dyn StickyStore>,
    pub(crate) store: Store,
    pub(crate) modules: Arc<ModuleCache>,
    pub(crate) events: Events,
    pub(crate) metrics: Arc<Metrics>,
    /// Entities that messages named first.
    pub(crate) entity_autocreate: EntityAutocreate,
    /// What was applied to the gateway.
    applied: AppliedBindings,
    /// What messages were refused for.
    pub(crate) refused_traffic: RefusedTraffic,
    state: ArcSwap<State>,
    /// Held by whoever makes the next revision, or takes one over from another node.
    writer: Mutex<()>,
    /// Whether the store answered last time.
    reachable: AtomicBool,
    /// Ends what goes on in the background.
    pub(crate) ending: watch::Sender<bool>,
}

impl Service {
    /// What is known now besides the catalog.
    pub(crate) fn state(&self) -> Arc<State> {
        self.state.load_full()
    }

    /// The catalog that is decided on now.
    pub(crate) fn revision(&self) -> Arc<Revision> {
        self.gateway.revision()
    }

    /// Whether changes can be made, as far as is known.
    pub(crate) fn is_changeable(&self) -> bool {
        self.reachable.load(Ordering::Relaxed)
    }

    /// Waits until the service is told to end.
    pub(crate) async fn ended(&self) {
        // The sender is in here, so it cannot be gone.
        let _ = self.ending.subscribe().wait_for(|ending| *ending).await;
    }

    /// What the catalog store answers, measured.
    pub(crate) async fn stored<T>(&self, operation: &'static str, work: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let answer = work.await;
        self.metrics.stored("catalog", operation, began.elapsed());
        answer
    }

    fn note_reachable(&self, reachable: bool) {
        if self.reachable.swap(reachable, Ordering::Relaxed) != reachable {
            if reachable {
                tracing::info!("the catalog store {} answers again", self.store.place());
            } else {
                tracing::warn!(
                    "the catalog store {} does not answer: decisions go on with revision {}, nothing can be changed",
                    self.store.place(),
                    self.state.load().revision
                );
            }
        }
    }
}
