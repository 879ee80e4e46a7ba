//! From a policy as it is stored to a binding that the gateway takes.

use std::sync::Arc;
use std::time::Duration;

use callsign::{Binding, Breaker, HeldBinding, OnFailure, OnUnavailable, Policy};

use super::Service;
use crate::binding::{FailureRule, PolicySpec, Target, UnavailableRule};

/// Why no binding can be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SpecError {
    /// The property of the request's body that is wrong.
    pub(super) property: &'static str,
    pub(super) reason: String,
}

/// The binding of a policy, with its probes: to find out whether the gateway accepts it. Blocks while the policy loads.
///
/// # Errors
/// The module is not on this node, does not load, or rejects its settings; or a probe is invalid.
pub(super) fn with_probes(spec: &PolicySpec, service: &Service, target: &Target) -> Result<Binding, SpecError> {
    let mut binding = without_probes(spec, service, target)?;
    for probe in &spec.probes {
        binding = binding.probe(probe.probe().map_err(|reason| SpecError { property: "probes", reason })?);
    }
    Ok(binding)
}

/// The binding of a policy, without its probes. The policy passed them before the binding was stored. Running them
/// again on a later catalog could keep a node that starts from serving what all others serve.
///
/// # Errors
/// As [`with_probes`], except for probes.
pub(super) fn without_probes(spec: &PolicySpec, service: &Service, target: &Target) -> Result<Binding, SpecError> {
    let policy = service.policy(spec.owner.as_deref(), &spec.module);
    let policy = policy.map_err(|error| SpecError { property: "module", reason: error.to_string() })?;
    // What it logs, and the memory that it takes, are of the application that it decides for.
    let policy = policy.with_limits(service.config.policy.limits());
    let policy = policy.with_memory_budget(service.tenants.memory(target.application_id.as_deref()));
    let policy = match &target.application_id {
        Some(application) => policy.with_log_budget(Arc::clone(&service.tenants.of(application).log)),
        None => policy,
    };
    let policy: Policy = match &spec.settings {
        Some(settings) => policy
            .with_settings(settings.get())
            .map_err(|error| SpecError { property: "settings", reason: error.to_string() })?,
        None => policy,
    };
    let binding = Binding::new(policy)
        .on_failure(failure_rule(spec))
        .on_unavailable(unavailable_rule(spec))
        .breaker(Breaker::new(spec.breaker.failures, Duration::from_secs(spec.breaker.rest_seconds.into())));
    Ok(binding)
}

/// What stands for the binding of a policy that is not ready yet.
pub(super) fn held(target: &Target, spec: &PolicySpec) -> HeldBinding {
    HeldBinding::new(target.to_gateway(), failure_rule(spec)).on_unavailable(unavailable_rule(spec))
}

fn failure_rule(spec: &PolicySpec) -> OnFailure {
    match spec.on_failure {
        FailureRule::Refuse => OnFailure::Refuse,
        FailureRule::Standard => OnFailure::Standard,
    }
}

fn unavailable_rule(spec: &PolicySpec) -> OnUnavailable {
    match spec.on_unavailable {
        UnavailableRule::Refuse => OnUnavailable::Refuse,
        UnavailableRule::DecideUnpinned => OnUnavailable::DecideUnpinned,
    }
}
