//! Which policy decides for whom.

use std::time::Duration;

use callsign::{AutoRollback, BindingTarget, Breaker, OnFailure, OnUnavailable, Step};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::message::Message;
use crate::policy::Policy;

/// A policy, and the rules under which it decides for its target.
///
/// on_failure: what happens to a message that it fails on: "refuse", or "standard" for the standard policy.
/// on_unavailable: what happens when a pin cannot be read or written: "refuse", or "decide-unpinned".
/// breaker_failures, breaker_rest_ms: after how many failures in a row it is not called, and for how long.
/// probes: messages that it must answer before it is put to use.
#[pyclass(frozen, module = "callsign_gateway")]
pub(crate) struct Binding {
    policy: Py<Policy>,
    on_failure: OnFailure,
    on_unavailable: OnUnavailable,
    breaker: Breaker,
    probes: Vec<callsign::Probe>,
}

/// A message that a policy must answer before it is put to use. Any decision or refusal passes unless the probe says what it
/// expects: the id of a sender, a step, or the code of a refusal.
#[pyclass(frozen, module = "callsign_gateway")]
pub(crate) struct Probe(callsign::Probe);

const STEPS: [Step; 7] =
    [Step::Explicit, Step::DefaultSender, Step::Sticky, Step::AreaCode, Step::Overlay, Step::Region, Step::Pool];

/// A binding, or a policy under the usual rules.
#[derive(FromPyObject)]
pub(crate) enum BindingOrPolicy {
    #[pyo3(transparent)]
    Binding(Py<Binding>),
    #[pyo3(transparent)]
    Policy(Py<Policy>),
}

impl BindingOrPolicy {
    pub(crate) fn get(&self) -> PyResult<callsign::Binding> {
        match self {
            Self::Policy(policy) => Ok(callsign::Binding::new(policy.get().get()?)),
            Self::Binding(binding) => binding.get().get(),
        }
    }
}

impl Binding {
    fn get(&self) -> PyResult<callsign::Binding> {
        let binding = callsign::Binding::new(self.policy.get().get()?)
            .on_failure(self.on_failure)
            .on_unavailable(self.on_unavailable)
            .breaker(self.breaker);
        Ok(self.probes.iter().cloned().fold(binding, callsign::Binding::probe))
    }
}

#[pymethods]
impl Binding {
    #[new]
    #[pyo3(signature = (
        policy, *, on_failure = "refuse", on_unavailable = "refuse", breaker_failures = 20, breaker_rest_ms = 5000,
        probes = Vec::new()
    ))]
    fn new(
        policy: Py<Policy>,
        on_failure: &str,
        on_unavailable: &str,
        breaker_failures: u32,
        breaker_rest_ms: u64,
        probes: Vec<Py<Probe>>,
    ) -> PyResult<Self> {
        let on_failure = match on_failure {
            "refuse" => OnFailure::Refuse,
            "standard" => OnFailure::Standard,
            other => return Err(not_among("on_failure", other, &["refuse", "standard"])),
        };
        let on_unavailable = match on_unavailable {
            "refuse" => OnUnavailable::Refuse,
            "decide-unpinned" => OnUnavailable::DecideUnpinned,
            other => return Err(not_among("on_unavailable", other, &["refuse", "decide-unpinned"])),
        };
        if breaker_failures == 0 || breaker_rest_ms > 86_400_000 {
            return Err(PyValueError::new_err(
                "`breaker_failures` is at least 1, and `breaker_rest_ms` at most 86,400,000 (a day)",
            ));
        }
        let breaker = Breaker::new(breaker_failures, Duration::from_millis(breaker_rest_ms));
        let probes = probes.iter().map(|probe| probe.get().0.clone()).collect();
        Ok(Self { policy, on_failure, on_unavailable, breaker, probes })
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_pickled("Binding"))
    }
}

#[pymethods]
impl Probe {
    #[new]
    #[pyo3(signature = (message, *, sender_id = None, step = None, refusal = None))]
    fn new(
        message: &Bound<'_, Message>,
        sender_id: Option<&str>,
        step: Option<&str>,
        refusal: Option<&str>,
    ) -> PyResult<Self> {
        let message = message.get();
        let mut probe = callsign::Probe::new(&message.get(&message.attributes()));
        if let Some(id) = sender_id {
            probe = probe.expect_sender(id);
        }
        if let Some(word) = step {
            let found = STEPS.into_iter().find(|step| step.as_str() == word);
            probe = probe.expect_step(found.ok_or_else(|| not_among("step", word, &STEPS.map(Step::as_str)))?);
        }
        if let Some(code) = refusal {
            probe = probe.expect_refusal(code);
        }
        Ok(Self(probe))
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_pickled("Probe"))
    }
}

/// Whom a binding is for.
pub(crate) fn target(application: Option<&str>, entity: Option<&str>) -> PyResult<BindingTarget> {
    match (application, entity) {
        (None, None) => Ok(BindingTarget::Platform),
        (Some(application), None) => Ok(BindingTarget::application(application)),
        (Some(application), Some(entity)) => Ok(BindingTarget::entity(application, entity)),
        (None, Some(_)) => Err(PyValueError::new_err("an entity is one of an application: give `application` too")),
    }
}

/// When a canary goes by itself.
pub(crate) fn auto_rollback(per_mille: u16, answers: u64, window_ms: u64) -> AutoRollback {
    AutoRollback::new(per_mille, answers, Duration::from_millis(window_ms))
}

/// A word that is not one of those that there are.
pub(crate) fn not_among(name: &str, given: &str, words: &[&str]) -> PyErr {
    PyValueError::new_err(format!("`{name}` is {given:?}; it must be one of: {}", words.join(", ")))
}

/// Why nothing here can be pickled or copied.
#[cold]
pub(crate) fn not_pickled(class: &str) -> PyErr {
    PyTypeError::new_err(format!(
        "a {class} cannot be pickled or copied; each process makes its own, and a decision has to_dict() and to_json()"
    ))
}
