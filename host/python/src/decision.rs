//! What became of a message.

use callsign::OwnedDecision;
use pyo3::prelude::*;

use crate::binding::not_pickled;
use crate::json;

/// What became of a message: a sender with the step that settled it, or a refusal. It keeps no catalog and no policy alive.
#[pyclass(frozen, eq, hash, module = "callsign_gateway")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Decision(OwnedDecision);

/// Why a message has no sender. It is an answer, not an error.
#[pyclass(frozen, eq, hash, module = "callsign_gateway")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Refusal {
    /// The code for programs, such as "NO_ELIGIBLE_SENDER", or one of the policy's own.
    #[pyo3(get)]
    code: String,
    /// The sentence for people.
    #[pyo3(get)]
    message: String,
}

impl From<OwnedDecision> for Decision {
    fn from(decision: OwnedDecision) -> Self {
        Self(decision)
    }
}

#[pymethods]
impl Decision {
    /// The sender as recipients see it: a number in E.164, any other address as the catalog has it. None where the message
    /// was refused.
    #[getter]
    fn sender(&self) -> Option<&str> {
        self.0.sender().map(|sender| sender.shown())
    }

    /// The id of the sender; None where the message was refused.
    #[getter]
    fn sender_id(&self) -> Option<&str> {
        self.0.sender().map(|sender| sender.id())
    }

    /// The type of the sender, such as "SHORT_CODE"; None where the message was refused.
    #[getter]
    fn sender_type(&self) -> Option<&'static str> {
        self.0.sender().map(|sender| sender.kind().as_str())
    }

    /// The step that settled it, such as "AREA_CODE"; None where the message was refused.
    #[getter]
    fn step(&self) -> Option<&'static str> {
        self.0.sender().map(|sender| sender.step().as_str())
    }

    /// The id of the strategy that was followed; None where the message named its sender or was refused.
    #[getter]
    fn strategy_id(&self) -> Option<&str> {
        self.0.sender().and_then(|sender| sender.strategy())
    }

    /// Why the recipient's pin was not read or not written, under a binding that decides unpinned; else None.
    #[getter]
    fn unpinned(&self) -> Option<&str> {
        self.0.sender().and_then(|sender| sender.unpinned())
    }

    /// Why there is no sender; None where there is one.
    #[getter]
    fn refusal(&self) -> Option<Refusal> {
        self.0.refusal().map(|refusal| Refusal { code: refusal.code().into(), message: refusal.message().into() })
    }

    /// The policy that decided, as "name@version".
    #[getter]
    fn policy(&self) -> &str {
        self.0.policy()
    }

    /// The channel of the decision, for a message with `channels`; else None.
    #[getter]
    fn channel(&self) -> Option<&'static str> {
        self.0.channel().map(|channel| channel.as_str())
    }

    /// What the channels after `channel` would get, in order of preference.
    #[getter]
    fn fallbacks(&self) -> Vec<(&'static str, Decision)> {
        self.0.fallbacks().iter().map(|(channel, decision)| (channel.as_str(), Self(decision.clone()))).collect()
    }

    /// The decision as a dict, with the fields that the command and the service write.
    ///
    /// message_id: is written into it as `messageId`.
    #[pyo3(signature = (message_id = None))]
    fn to_dict<'py>(&self, py: Python<'py>, message_id: Option<&str>) -> PyResult<Bound<'py, PyAny>> {
        json::object_of(py, &self.to_json(message_id)?)
    }

    /// The same as a JSON text.
    #[pyo3(signature = (message_id = None))]
    fn to_json(&self, message_id: Option<&str>) -> PyResult<String> {
        json::write(&self.0.to_json(message_id))
    }

    fn __repr__(&self) -> String {
        match (self.0.sender(), self.0.refusal()) {
            (Some(sender), _) => format!(
                "Decision(sender={:?}, sender_id={:?}, step={:?})",
                sender.shown(),
                sender.id(),
                sender.step().as_str()
            ),
            (None, refusal) => format!("Decision(refusal={:?})", refusal.map(|refusal| refusal.code()).unwrap_or("")),
        }
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_pickled("Decision"))
    }
}

#[pymethods]
impl Refusal {
    fn __repr__(&self) -> String {
        format!("Refusal(code={:?}, message={:?})", self.code, self.message)
    }

    fn __str__(&self) -> String {
        format!("{}: {}", self.code, self.message)
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_pickled("Refusal"))
    }
}
