//! Awaiting a decision on an asyncio loop.
//!
//! The gateway's own asynchronous way decides on the thread of the loop, detached from the interpreter, if the policy answers
//! within a millisecond and no store is far away: then nothing is scheduled and no thread is changed. If not, the loop is told
//! by `call_soon_threadsafe` when there is more to do. No thread is started for a call.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyCFunction;

use crate::binding::not_pickled;
use crate::decision::Decision;
use crate::process::{self, Own};

/// What is awaited: one decision, or those of a batch.
pub(crate) enum Awaited {
    One(Decision),
    Many(Vec<Decision>),
}

type Deciding = Pin<Box<dyn Future<Output = Awaited> + Send>>;

/// A decision that can be awaited, once, in a coroutine that runs on an asyncio loop. Awaiting it begins it.
#[pyclass(frozen, generic, module = "callsign_gateway")]
pub(crate) struct Pending {
    /// None once it is decided or given up.
    deciding: Mutex<Option<Own<Deciding>>>,
}

impl Pending {
    pub(crate) fn new(deciding: impl Future<Output = Awaited> + Send + 'static) -> Self {
        Self { deciding: Mutex::new(Some(Own::new(Box::pin(deciding)))) }
    }

    fn take(&self) -> Option<Own<Deciding>> {
        self.deciding.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Goes on with deciding. Returns the future of asyncio to wait for, or raises StopIteration with what was decided.
    fn step<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        process::check()?;
        // It is nobody else's meanwhile, and no lock is held while it is worked on.
        let Some(mut deciding) = self.take() else {
            return Err(PyRuntimeError::new_err("the decision was awaited before; ask for it again"));
        };
        let wakeup = Arc::new(Wakeup::default());
        let waker = Waker::from(Arc::clone(&wakeup));
        let polled = py.detach(|| match deciding.get_mut() {
            Some(future) => future.as_mut().poll(&mut Context::from_waker(&waker)),
            None => Poll::Pending,
        });
        match polled {
            Poll::Ready(Awaited::One(decision)) => Err(PyStopIteration::new_err((Py::new(py, decision)?,))),
            Poll::Ready(Awaited::Many(decisions)) => Err(PyStopIteration::new_err((decisions,))),
            Poll::Pending => {
                let wait = wakeup.wait_on_loop(py)?;
                *self.deciding.lock().unwrap_or_else(PoisonError::into_inner) = Some(deciding);
                Ok(wait)
            }
        }
    }
}

#[pymethods]
impl Pending {
    fn __await__(this: Bound<'_, Self>) -> Bound<'_, Self> {
        this
    }

    fn __iter__(this: Bound<'_, Self>) -> Bound<'_, Self> {
        this
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.step(py)
    }

    /// Goes on, as an asyncio task does it.
    fn send<'py>(&self, py: Python<'py>, _value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.step(py)
    }

    /// Gives the decision up and raises the exception. A pin that was on its way may be written.
    #[pyo3(signature = (exception, value = None, _traceback = None))]
    fn throw(
        &self,
        exception: Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        _traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        drop(self.take());
        Err(PyErr::from_value(value.unwrap_or(exception)))
    }

    /// Gives the decision up.
    fn close(&self) {
        drop(self.take());
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_pickled("Pending"))
    }
}

/// Tells a loop that there is more to do.
#[derive(Default)]
struct Wakeup(Mutex<Waiting>);

#[derive(Default)]
enum Waiting {
    /// The loop does not wait yet.
    #[default]
    NotYet,
    /// It was woken before it waited.
    Woken,
    /// The loop, and its future that it waits for.
    Loop(Py<PyAny>, Py<PyAny>),
}

impl Wakeup {
    /// Makes a future of the running loop that is done when this is woken, and gives what a task waits for.
    fn wait_on_loop<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        static RUNNING_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let running_loop = RUNNING_LOOP.import(py, "asyncio", "get_running_loop")?.call0()?;
        let future = running_loop.call_method0("create_future")?;
        // The future gives itself to the task, marked as waited for.
        let yielded = future.call_method0("__await__")?.call_method0("__next__")?;
        let before = {
            let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *waiting, Waiting::Loop(running_loop.clone().unbind(), future.clone().unbind()))
        };
        if matches!(before, Waiting::Woken) {
            set_done(&future)?;
        }
        Ok(yielded)
    }
}

impl Wake for Wakeup {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let before = std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), Waiting::Woken);
        let Waiting::Loop(running_loop, future) = before else { return };
        // While the interpreter ends nobody waits any more.
        let _ = Python::try_attach(|py| {
            static SET_DONE: PyOnceLock<Py<PyCFunction>> = PyOnceLock::new();
            let told = SET_DONE.get_or_try_init(py, || wrap_pyfunction!(set_done, py).map(Bound::unbind)).and_then(
                |set_done| running_loop.call_method1(py, "call_soon_threadsafe", (set_done, future.bind(py))),
            );
            // A loop that was closed waits for nothing.
            drop(told);
        });
    }
}

/// Ends the wait for a future, if its task still waits for it.
#[pyfunction]
fn set_done(future: &Bound<'_, PyAny>) -> PyResult<()> {
    if !future.call_method0("done")?.extract::<bool>()? {
        future.call_method1("set_result", (future.py().None(),))?;
    }
    Ok(())
}
