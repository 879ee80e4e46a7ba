//! Whether a policy would be put to use, found out before it is written down that it serves.

use std::sync::Arc;
use std::time::Duration;

use callsign::{EventKind, SwapError};

use super::{Service, build_binding};
use crate::binding::{PolicySpec, Target};
use crate::events::Event;
use crate::fault::Fault;
use crate::module_cache::FetchError;

impl Service {
    /// Tries a policy on this node: its module is loaded, its settings are checked, instances are started, probes are
    /// answered. Nothing changes. Takes as long as the policy likes, so the writer is not held.
    ///
    /// # Errors
    /// 400 with the property that it does not accept, which is told as an event too; 503 where it cannot be tried now.
    pub(crate) async fn validate(self: &Arc<Self>, target: &Target, spec: &PolicySpec) -> Result<(), Fault> {
        match self.fetch(&self.state(), spec).await {
            Ok(()) => {}
            Err(FetchError::Store(error)) => {
                tracing::warn!("a module cannot be brought: {error}");
                return Err(Fault::unavailable("the catalog store does not answer", Duration::from_secs(1)));
            }
            Err(error) => return Err(Fault::property("module", error.to_string())),
        }
        let (service, tried, gateway_target) = (Arc::clone(self), spec.clone(), target.to_gateway());
        let work = tokio::task::spawn_blocking(move || {
            let binding =
                build_binding::with_probes(&tried, &service.modules).map_err(|error| (error.property, error.reason))?;
            match service.gateway.check(&gateway_target, binding) {
                Ok(()) => Ok(Ok(())),
                Err(error @ SwapError::Busy { .. }) => {
                    Ok(Err(Fault::unavailable(error.to_string(), Duration::from_secs(1))))
                }
                Err(error @ SwapError::TooMany { .. }) => Ok(Err(Fault::conflict(error.to_string()))),
                Err(error @ SwapError::Settings { .. }) => Err(("settings", error.to_string())),
                Err(error @ SwapError::Probe { .. }) => Err(("probes", error.to_string())),
                Err(error) => Err(("module", error.to_string())),
            }
        });
        let (property, reason) = match work.await.map_err(Fault::internal)? {
            Ok(tried) => return tried,
            Err(refused) => refused,
        };
        tracing::info!("{target}: {} is not accepted: {reason}", spec.policy);
        self.metrics.happened(&EventKind::Rejected { policy: (&*spec.policy).into(), reason: reason.clone() });
        self.events.tell(Event::rejected(target, Some(&spec.policy), &reason));
        Err(Fault::property(property, reason))
    }
}
