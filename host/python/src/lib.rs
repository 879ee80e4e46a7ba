//! Callsign for Python: the extension module `callsign_gateway._native`.
//!
//! Each file has the classes of one concept. `process` says which process an object may be used in, `asynchronous` lets an
//! asyncio loop await a decision of the gateway, `error` makes exceptions of errors. Whatever decides, compiles, or waits does so
//! detached from the interpreter, so other Python threads go on meanwhile.

mod asynchronous;
mod binding;
mod catalog;
mod decision;
mod decision_log;
mod error;
mod event;
mod gateway;
mod json;
mod message;
mod policy;
mod process;
mod signals;

/// What `callsign_gateway` is made of. Everything in it may be used by several threads at once, with the GIL or without one.
#[pyo3::pymodule(gil_used = false)]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::asynchronous::Pending;
    #[pymodule_export]
    use crate::binding::{Binding, Probe};
    #[pymodule_export]
    use crate::catalog::{Catalog, Edit, Fault};
    #[pymodule_export]
    use crate::decision::{Decision, Refusal};
    #[pymodule_export]
    use crate::error::{
        BindingError, CallsignError, CatalogError, ClosedError, EditError, ForkError, LogError, OvertakenError,
        PolicyError, StoreError,
    };
    #[pymodule_export]
    use crate::event::Event;
    #[pymodule_export]
    use crate::gateway::Gateway;
    #[pymodule_export]
    use crate::message::Message;
    #[pymodule_export]
    use crate::policy::{Limits, Policy};
    #[pymodule_export]
    use crate::signals::HealthReport;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::process::watch_forks()?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
