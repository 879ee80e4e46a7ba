//! JSON between Rust and Python.

use pyo3::prelude::*;
use pyo3::types::PyString;
use serde::Serialize;

use crate::error::CallsignError;

/// The JSON text of an object: a `str` is one already, anything else is written by Python's `json`.
pub(crate) fn text_of(value: &Bound<'_, PyAny>) -> PyResult<String> {
    if value.is_instance_of::<PyString>() {
        return value.extract();
    }
    value.py().import("json")?.call_method1("dumps", (value,))?.extract()
}

/// The text of a value.
pub(crate) fn write(value: &impl Serialize) -> PyResult<String> {
    // What is written here has texts as keys and numbers that are finite.
    serde_json::to_string(value).map_err(|error| CallsignError::new_err(error.to_string()))
}

/// The object of a JSON text.
pub(crate) fn object_of<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("json")?.call_method1("loads", (text,))
}
