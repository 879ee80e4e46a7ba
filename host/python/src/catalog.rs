//! Everything that is registered, and changes of it.

use std::path::PathBuf;

use callsign::{EditFault, List};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use serde_json::value::RawValue;

use crate::binding::not_pickled;
use crate::error;
use crate::json;

/// Everything that a platform has registered, checked and complete. It cannot be changed; `edit` makes another one that shares all
/// that is the same.
#[pyclass(frozen, module = "callsign_gateway")]
pub(crate) struct Catalog(pub(crate) callsign::Catalog);

/// One change of one element of a catalog, made by `Edit.put` or `Edit.remove`.
#[pyclass(frozen, module = "callsign_gateway")]
pub(crate) struct Edit {
    list: List,
    removes: bool,
    element: Box<RawValue>,
}

/// One fault of a catalog or of an edit.
#[pyclass(frozen, eq, hash, module = "callsign_gateway")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Fault {
    /// The JSON path of the value that is wrong, such as "$.senders[3].coverage[0]".
    #[pyo3(get)]
    path: String,
    /// The line where the value starts, from 1; None for a fault of an edit.
    #[pyo3(get)]
    line: Option<usize>,
    /// The character in that line, from 1; None for a fault of an edit.
    #[pyo3(get)]
    column: Option<usize>,
    /// What is wrong, and what would be right.
    #[pyo3(get)]
    message: String,
    /// The name of the field, if a field is missing.
    #[pyo3(get)]
    missing: Option<&'static str>,
    /// The JSON path of the earlier element, where two do not go together.
    #[pyo3(get)]
    earlier: Option<String>,
}

impl Fault {
    pub(crate) fn of_catalog(fault: callsign::Fault) -> Self {
        let callsign::Fault { path, line, column, message, missing, earlier } = fault;
        Self { path, line: Some(line), column: Some(column), message, missing, earlier }
    }

    pub(crate) fn of_syntax(line: usize, column: usize, message: &str) -> Self {
        let (path, message) = ("$".to_owned(), message.to_owned());
        Self { path, line: Some(line), column: Some(column), message, missing: None, earlier: None }
    }

    pub(crate) fn of_edit(fault: EditFault) -> Self {
        let EditFault { path, message, missing } = fault;
        Self { path, line: None, column: None, message, missing, earlier: None }
    }
}

impl Edit {
    fn new(list: &str, element: &Bound<'_, PyAny>, removes: bool) -> PyResult<Self> {
        let found = List::ALL.into_iter().find(|one| one.as_str() == list);
        let list = found.ok_or_else(|| {
            let names: Vec<&str> = List::ALL.iter().map(|one| one.as_str()).collect();
            PyValueError::new_err(format!("{list:?} is no list of a catalog; the lists are {}", names.join(", ")))
        })?;
        let element = RawValue::from_string(json::text_of(element)?)
            .map_err(|error| PyValueError::new_err(format!("the element is not JSON: {error}")))?;
        Ok(Self { list, removes, element })
    }

    /// Edits for a catalog or a gateway.
    pub(crate) fn get(&self) -> callsign::Edit<'_> {
        let Self { list, removes, element } = self;
        if *removes { callsign::Edit::remove(*list, element) } else { callsign::Edit::put(*list, element) }
    }
}

#[pymethods]
impl Catalog {
    /// Reads and checks the catalog file at `path`.
    ///
    /// name: what the decision log calls it; default its digest.
    ///
    /// Raises CatalogError with every fault and its place.
    #[staticmethod]
    #[pyo3(signature = (path, *, name = None))]
    fn load(py: Python<'_>, path: PathBuf, name: Option<String>) -> PyResult<Self> {
        let read = py.detach(|| callsign::Catalog::load(path));
        Self::named(py, read, name)
    }

    /// Reads and checks a catalog from its JSON, as `str` or `bytes`.
    ///
    /// name: what the decision log calls it; default its digest.
    ///
    /// Raises CatalogError with every fault and its place.
    #[staticmethod]
    #[pyo3(signature = (text, *, name = None))]
    fn from_json(py: Python<'_>, text: &Bound<'_, PyAny>, name: Option<String>) -> PyResult<Self> {
        let read = if text.is_instance_of::<PyString>() {
            let text: String = text.extract()?;
            py.detach(|| callsign::Catalog::from_json(&text))
        } else if let Ok(bytes) = text.cast::<PyBytes>() {
            let bytes = bytes.as_bytes();
            py.detach(|| callsign::Catalog::from_slice(bytes))
        } else {
            return Err(PyTypeError::new_err(
                "the JSON of a catalog is a str or bytes; json.dumps makes a str of a dict",
            ));
        };
        Self::named(py, read, name)
    }

    /// A catalog with changes: all of them, in order, or none.
    ///
    /// Raises EditError, which says what is wrong with which edit.
    fn edit(&self, py: Python<'_>, edits: Vec<Py<Edit>>) -> PyResult<Self> {
        let edits: Vec<callsign::Edit<'_>> = edits.iter().map(|edit| edit.get().get()).collect();
        py.detach(|| self.0.edit(&edits)).map(Self).map_err(|error| error::of_edit(py, &error))
    }

    /// The name that the decision log calls it by; None if none was given.
    #[getter]
    fn name(&self) -> Option<&str> {
        self.0.name()
    }

    /// How many applications, entities, senders and strategies there are.
    #[getter]
    fn counts(&self) -> std::collections::BTreeMap<&'static str, usize> {
        [
            (List::Applications.as_str(), self.0.applications().len()),
            (List::Entities.as_str(), self.0.entities().len()),
            (List::Senders.as_str(), self.0.senders().len()),
            (List::Strategies.as_str(), self.0.strategies().len()),
        ]
        .into()
    }

    /// The catalog as the JSON of a catalog file.
    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        py.detach(|| json::write(&self.0.to_json()))
    }

    fn __repr__(&self) -> String {
        format!("Catalog({} applications, {} senders)", self.0.applications().len(), self.0.senders().len())
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_pickled("Catalog"))
    }
}

impl Catalog {
    fn named(
        py: Python<'_>,
        read: Result<callsign::Catalog, callsign::CatalogError>,
        name: Option<String>,
    ) -> PyResult<Self> {
        let catalog = read.map_err(|error| error::of_catalog(py, &error))?;
        Ok(Self(match name {
            Some(name) => catalog.named(name),
            None => catalog,
        }))
    }
}

#[pymethods]
impl Edit {
    /// Puts an element into a list: it replaces the one with the same id, or is added.
    ///
    /// list: "applications", "entities", "senders", "associations", "sendingStrategies" or "defaultSenders".
    /// element: a dict or a JSON text, as the catalog file has it.
    #[staticmethod]
    fn put(list: &str, element: &Bound<'_, PyAny>) -> PyResult<Self> {
        Self::new(list, element, false)
    }

    /// Removes an element from a list. Only the fields that tell it apart are needed, such as {"senderId": "S1"}.
    #[staticmethod]
    fn remove(list: &str, element: &Bound<'_, PyAny>) -> PyResult<Self> {
        Self::new(list, element, true)
    }

    fn __repr__(&self) -> String {
        let change = if self.removes { "remove" } else { "put" };
        format!("Edit.{change}({:?}, {:?})", self.list.as_str(), self.element.get())
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_pickled("Edit"))
    }
}

#[pymethods]
impl Fault {
    fn __str__(&self) -> String {
        match (self.line, self.column) {
            (Some(line), Some(column)) => format!("{line}:{column}: {}: {}", self.path, self.message),
            _ => format!("{}: {}", self.path, self.message),
        }
    }

    fn __repr__(&self) -> String {
        format!("Fault({:?})", self.__str__())
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_pickled("Fault"))
    }
}
