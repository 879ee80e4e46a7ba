//! Validates a policy on this node before its binding is stored.

use std::sync::Arc;
use std::time::Duration;

use callsign::{EventKind, SwapError};

use super::{Service, build_binding};
use crate::binding::{PolicySpec, Target};
use crate::events::Event;
use crate::fault::Fault;
use crate::module_cache::FetchError;

impl Service {
    /// Loads the module of a policy, checks its settings, starts instances and runs the probes. Nothing changes. This
    /// can take long, so the writer is not held, and each tenant has one turn at a time.
    ///
    /// # Errors
    /// 400 with the property that is rejected, which is also sent as an event; 503 if the policy cannot be tried now.
    pub(crate) async fn validate(self: &Arc<Self>, target: &Target, spec: &PolicySpec) -> Result<(), Fault> {
        match self.fetch(&self.state(), spec).await {
            Ok(()) => {}
            Err(FetchError::Store(error)) => {
                tracing::debug!("a module cannot be brought: {error}");
                return Err(Fault::unavailable("the catalog store does not answer", Duration::from_secs(1)));
            }
            Err(error) => return Err(Fault::property("module", error.to_string())),
        }
        let (service, tried, wanted) = (Arc::clone(self), spec.clone(), target.clone());
        let turn = self.starts.turn(target.application_id.as_deref()).await;
        let work = tokio::task::spawn_blocking(move || {
            // Held here, since the work goes on if the caller goes away.
            let _turn = turn;
            let binding = build_binding::with_probes(&tried, &service, &wanted)
                .map_err(|error| (error.property, error.reason))?;
            match service.gateway.check(&wanted.to_gateway(), binding) {
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
        if self.may_log(target) {
            tracing::info!("{target}: {} is not accepted: {reason}", spec.policy);
        }
        self.metrics.happened(&EventKind::Rejected { policy: (&*spec.policy).into(), reason: reason.clone() });
        self.events.send(Event::rejected(target, Some(&spec.policy), &reason));
        Err(Fault::property(property, reason))
    }
}
