//! Exceptions: what was wrong, where, and what would be right.

use std::error::Error;
use std::fmt::Display;

use callsign::ChangeError;
use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyOSError};
use pyo3::prelude::*;

use crate::catalog::Fault;

create_exception!(callsign_gateway, CallsignError, PyException, "Whatever Callsign refuses.");
create_exception!(
    callsign_gateway,
    CatalogError,
    CallsignError,
    "A catalog cannot be read or has faults. `faults` lists them, at most 1,000; `omitted` counts the others."
);
create_exception!(
    callsign_gateway,
    EditError,
    CallsignError,
    "An edit cannot be made, so none was. `edit` is its place among the edits, `list` the list that it changes, `faults` says what \
     is wrong in its element: their paths begin there, and they have no line."
);
create_exception!(
    callsign_gateway,
    OvertakenError,
    CallsignError,
    "Another catalog was served since the caller read it: `of` is the revision that was read, `served` the one that serves. Read \
     that one and make the change again."
);
create_exception!(callsign_gateway, PolicyError, CallsignError, "A component cannot be used as a policy.");
create_exception!(
    callsign_gateway,
    BindingError,
    CallsignError,
    "A policy was not put to use, or there is no such binding. What served before serves on."
);
create_exception!(callsign_gateway, StoreError, CallsignError, "The store of pins cannot be opened.");
create_exception!(callsign_gateway, LogError, CallsignError, "The decision log cannot be opened or written.");
create_exception!(callsign_gateway, ClosedError, CallsignError, "The gateway was closed.");
create_exception!(
    callsign_gateway,
    ForkError,
    CallsignError,
    "The process was forked from one that had made a policy or a gateway: their threads are not in this process."
);

/// An error and what caused it, in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(one) = cause {
        let words = one.to_string();
        // Some errors repeat their cause.
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = one.source();
    }
    text
}

/// An error of the system.
pub(crate) fn system(error: &std::io::Error) -> PyErr {
    PyOSError::new_err(error.to_string())
}

/// Why a catalog was refused.
pub(crate) fn of_catalog(py: Python<'_>, error: &callsign::CatalogError) -> PyErr {
    let made = CatalogError::new_err(chain(error));
    let (faults, omitted) = match error {
        callsign::CatalogError::Faults(faults) => {
            (faults.iter().cloned().map(Fault::of_catalog).collect(), faults.omitted())
        }
        callsign::CatalogError::Syntax { line, column, message, .. } => {
            (vec![Fault::of_syntax(*line, *column, message)], 0)
        }
        _ => (Vec::new(), 0),
    };
    with(py, made, |value| {
        value.setattr("faults", faults)?;
        value.setattr("omitted", omitted)
    })
}

/// Why edits were refused.
pub(crate) fn of_edit(py: Python<'_>, error: &callsign::EditError) -> PyErr {
    let faults: Vec<Fault> = error.faults.iter().cloned().map(Fault::of_edit).collect();
    with(py, EditError::new_err(error.to_string()), |value| {
        value.setattr("edit", error.edit)?;
        value.setattr("list", error.list.as_str())?;
        value.setattr("faults", faults)
    })
}

/// Why a catalog was not changed.
pub(crate) fn of_change(py: Python<'_>, error: &ChangeError) -> PyErr {
    match error {
        ChangeError::Edit(error) => of_edit(py, error),
        ChangeError::Overtaken { of, served } => with(py, OvertakenError::new_err(error.to_string()), |value| {
            value.setattr("of", of)?;
            value.setattr("served", served)
        }),
        other => CallsignError::new_err(other.to_string()),
    }
}

/// Why a component cannot be used.
pub(crate) fn of_policy(error: &callsign::PolicyError) -> PyErr {
    PolicyError::new_err(chain(error))
}

/// Why a gateway cannot serve.
pub(crate) fn of_gateway(error: &callsign::GatewayError) -> PyErr {
    match error {
        callsign::GatewayError::Policy(error) => of_policy(error),
        other => CallsignError::new_err(chain(other)),
    }
}

/// Why a policy was not put to use.
pub(crate) fn of_swap(error: &callsign::SwapError) -> PyErr {
    BindingError::new_err(chain(error))
}

/// Something that the decision log refuses.
pub(crate) fn of_log(error: &impl Display) -> PyErr {
    LogError::new_err(error.to_string())
}

/// An exception with attributes. If they cannot be set, that is the exception.
fn with(py: Python<'_>, error: PyErr, set: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<()>) -> PyErr {
    match set(error.value(py).as_any()) {
        Ok(()) => error,
        Err(other) => other,
    }
}
