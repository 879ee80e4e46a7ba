//! Policies: the components that decide.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use callsign::{CompiledCache, Isolation};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::binding::not_pickled;
use crate::error;
use crate::json;
use crate::process::{self, Own};

/// The limits of a policy. A call that passes one fails.
///
/// deadline_ms: how long a call may run, 1 to 600,000 ms. memory, idle_memory: bytes of one instance, and of all that wait.
/// table_elements: of each table. fuel: instructions for each message; None for no limit. imports: calls of the host for each
/// message. returned: bytes that a call may pass to the host. component: bytes of the component. compile_ms: how long it may take to
/// compile, 1 to 600,000 ms.
#[pyclass(frozen, eq, module = "callsign_gateway")]
#[derive(PartialEq)]
pub(crate) struct Limits(callsign::Limits);

/// A component that decides, compiled and ready: made by `Policy.standard`, `Policy.load` or `Policy.from_bytes`.
#[pyclass(frozen, module = "callsign_gateway")]
pub(crate) struct Policy(Own<Arc<callsign::Policy>>);

impl Policy {
    pub(crate) fn get(&self) -> PyResult<Arc<callsign::Policy>> {
        process::check()?;
        // It is taken only when this is dropped.
        self.0.get().cloned().ok_or_else(|| error::PolicyError::new_err("the policy is gone"))
    }

    fn make(
        py: Python<'_>,
        bytes: &[u8],
        settings: Option<&Bound<'_, PyAny>>,
        limits: Option<&Limits>,
        fresh: bool,
        cache: Option<PathBuf>,
    ) -> PyResult<Self> {
        process::start()?;
        let settings = settings.map(json::text_of).transpose()?;
        let limits = limits.map(|limits| limits.0.clone()).unwrap_or_default();
        let cache = cache.map_or_else(CompiledCache::off, CompiledCache::at);
        let made = py.detach(|| {
            let mut policy = cache.policy(bytes, limits)?;
            if fresh {
                policy = policy.with_isolation(Isolation::Fresh);
            }
            match settings {
                Some(settings) => policy.with_settings(&settings),
                None => Ok(policy),
            }
        });
        Ok(Self(Own::new(Arc::new(made.map_err(|error| error::of_policy(&error))?))))
    }
}

#[pymethods]
impl Policy {
    /// The standard policy, which follows the specification and comes with the package.
    ///
    /// cache: a folder for compiled code that nobody else can write: the next process need not compile.
    #[staticmethod]
    #[pyo3(signature = (*, cache = None))]
    fn standard(py: Python<'_>, cache: Option<PathBuf>) -> PyResult<Self> {
        Self::make(py, callsign::standard_component(), None, None, false, cache)
    }

    /// Reads a component from a file and compiles it.
    ///
    /// settings: its settings, a dict or a JSON text. limits: default Limits(). fresh: a new instance for each call, so that
    /// nothing is carried over. cache: a folder for compiled code that nobody else can write.
    ///
    /// Raises PolicyError: the file cannot be read, is no policy, or does not accept its settings.
    #[staticmethod]
    #[pyo3(signature = (path, *, settings = None, limits = None, fresh = false, cache = None))]
    fn load(
        py: Python<'_>,
        path: PathBuf,
        settings: Option<&Bound<'_, PyAny>>,
        limits: Option<Py<Limits>>,
        fresh: bool,
        cache: Option<PathBuf>,
    ) -> PyResult<Self> {
        let bytes = py.detach(|| std::fs::read(&path)).map_err(|source| {
            let error = callsign::PolicyError::Read { path, source };
            error::of_policy(&error)
        })?;
        Self::make(py, &bytes, settings, limits.as_ref().map(Py::get), fresh, cache)
    }

    /// Compiles a component. The arguments and errors are those of `Policy.load`.
    #[staticmethod]
    #[pyo3(signature = (component, *, settings = None, limits = None, fresh = false, cache = None))]
    fn from_bytes(
        py: Python<'_>,
        component: &[u8],
        settings: Option<&Bound<'_, PyAny>>,
        limits: Option<Py<Limits>>,
        fresh: bool,
        cache: Option<PathBuf>,
    ) -> PyResult<Self> {
        Self::make(py, component, settings, limits.as_ref().map(Py::get), fresh, cache)
    }

    /// The policy as "name@version".
    #[getter]
    fn label(&self) -> PyResult<String> {
        Ok(self.get()?.label().to_owned())
    }

    /// The SHA-256 of the component, as 64 hexadecimal digits.
    #[getter]
    fn digest(&self) -> PyResult<String> {
        Ok(self.get()?.digest().to_string())
    }

    /// The settings, as the JSON text that was given.
    #[getter]
    fn settings(&self) -> PyResult<String> {
        Ok(self.get()?.settings().to_owned())
    }

    fn __repr__(&self) -> PyResult<String> {
        Ok(format!("Policy({:?})", self.get()?.label()))
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_pickled("Policy"))
    }
}

#[pymethods]
impl Limits {
    #[new]
    #[pyo3(signature = (
        *, deadline_ms = None, memory = None, idle_memory = None, table_elements = None, fuel = None, imports = None,
        returned = None, component = None, compile_ms = None
    ))]
    #[allow(clippy::too_many_arguments, reason = "they have names in Python")]
    fn new(
        deadline_ms: Option<u64>,
        memory: Option<usize>,
        idle_memory: Option<usize>,
        table_elements: Option<usize>,
        fuel: Option<u64>,
        imports: Option<u32>,
        returned: Option<usize>,
        component: Option<usize>,
        compile_ms: Option<u64>,
    ) -> PyResult<Self> {
        let mut limits = callsign::Limits::default();
        let time = |name: &str, given: Option<u64>, default: Duration| match given {
            None => Ok(default),
            Some(milliseconds @ 1..=600_000) => Ok(Duration::from_millis(milliseconds)),
            Some(other) => Err(PyValueError::new_err(format!("`{name}` is {other}; it must be 1 to 600,000 ms"))),
        };
        limits.deadline = time("deadline_ms", deadline_ms, limits.deadline)?;
        limits.compile = time("compile_ms", compile_ms, limits.compile)?;
        limits.memory = memory.unwrap_or(limits.memory);
        limits.idle_memory = idle_memory.unwrap_or(limits.idle_memory);
        limits.table_elements = table_elements.unwrap_or(limits.table_elements);
        limits.fuel = fuel.or(limits.fuel);
        limits.imports = imports.unwrap_or(limits.imports);
        limits.returned = returned.unwrap_or(limits.returned);
        limits.component = component.unwrap_or(limits.component);
        Ok(Self(limits))
    }

    fn __repr__(&self) -> String {
        format!("Limits(deadline_ms={}, memory={})", self.0.deadline.as_millis(), self.0.memory)
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_pickled("Limits"))
    }
}
