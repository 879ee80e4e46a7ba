//! What happens to policies while they serve.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use callsign::EventKind;
use pyo3::prelude::*;

use crate::binding::not_pickled;

/// How many events wait to be taken. More push out the oldest ones.
const WAITING: usize = 1_024;

/// Something that happened to a binding.
#[pyclass(frozen, module = "callsign_gateway")]
pub(crate) struct Event {
    /// What happened: "SWAPPED", "ROLLED_BACK", "UNBOUND", "REJECTED", "SHADOWED", "CANARY", "WITHDRAWN", "AUTO_ROLLED_BACK",
    /// "FAILED", "CIRCUIT_OPENED", "CIRCUIT_CLOSED", or "OTHER" for one that this version has no word for.
    #[pyo3(get)]
    kind: &'static str,
    /// Whose binding: "platform", "application" or "application/entity".
    #[pyo3(get)]
    target: String,
    /// The policy that it is about, as "name@version".
    #[pyo3(get)]
    policy: Option<String>,
    /// The event as a sentence.
    #[pyo3(get)]
    text: String,
}

/// The events that wait to be taken. Python code never runs on a thread that decides.
#[derive(Default)]
pub(crate) struct Events(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    events: VecDeque<callsign::Event>,
    lost: u64,
}

impl Events {
    pub(crate) fn add(&self, event: &callsign::Event) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.events.len() == WAITING {
            waiting.events.pop_front();
            waiting.lost += 1;
        }
        waiting.events.push_back(event.clone());
    }

    /// Those that wait.
    pub(crate) fn take(&self) -> Vec<Event> {
        let taken = std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).events);
        taken.iter().map(Event::of).collect()
    }

    /// How many were pushed out.
    pub(crate) fn lost(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).lost
    }
}

impl Event {
    fn of(event: &callsign::Event) -> Self {
        let (kind, policy) = match &event.kind {
            EventKind::Swapped { to, .. } => ("SWAPPED", Some(to)),
            EventKind::RolledBack { to, .. } => ("ROLLED_BACK", Some(to)),
            EventKind::Unbound { from } => ("UNBOUND", Some(from)),
            EventKind::Rejected { policy, .. } => ("REJECTED", Some(policy)),
            EventKind::Shadowed { candidate } => ("SHADOWED", Some(candidate)),
            EventKind::Canary { candidate, .. } => ("CANARY", Some(candidate)),
            EventKind::Withdrawn { candidate } => ("WITHDRAWN", Some(candidate)),
            EventKind::AutoRolledBack { candidate, .. } => ("AUTO_ROLLED_BACK", Some(candidate)),
            EventKind::Failed { policy, .. } => ("FAILED", Some(policy)),
            EventKind::CircuitOpened { policy } => ("CIRCUIT_OPENED", Some(policy)),
            EventKind::CircuitClosed { policy } => ("CIRCUIT_CLOSED", Some(policy)),
            _ => ("OTHER", None),
        };
        Self {
            kind,
            target: event.target.to_string(),
            policy: policy.map(|policy| policy.to_string()),
            text: event.to_string(),
        }
    }
}

#[pymethods]
impl Event {
    fn __str__(&self) -> &str {
        &self.text
    }

    fn __repr__(&self) -> String {
        format!("Event({:?}, {:?})", self.kind, self.text)
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_pickled("Event"))
    }
}
