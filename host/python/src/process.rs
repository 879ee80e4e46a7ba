//! Which process an object may be used in.
//!
//! The engine and the stores have threads, and a fork copies none of them: in the child a policy that never ends would never be
//! stopped, and a pin would never be written. So once a process has made a policy or a gateway, its forked children can use
//! none. A child of a process that has only imported the module, or read a catalog, makes its own.

use std::sync::atomic::{AtomicU32, Ordering};

use pyo3::prelude::*;

use crate::error::{ForkError, system};

/// The process that made the first policy or gateway; 0 before that.
static STARTED_IN: AtomicU32 = AtomicU32::new(0);

/// In a child that was forked after that, the process that made it; 0 in any other.
static FORKED_FROM: AtomicU32 = AtomicU32::new(0);

/// Runs in the child of each fork.
#[cfg(unix)]
extern "C" fn in_child() {
    FORKED_FROM.store(STARTED_IN.load(Ordering::Relaxed), Ordering::Relaxed);
}

/// Notices forks from now on, whoever makes them.
pub(crate) fn watch_forks() -> PyResult<()> {
    #[cfg(unix)]
    {
        // SAFETY: the handler does what a handler after a fork may do: it stores to an atomic. This library stays loaded, as
        // Python unloads no extension module.
        let failed = unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        if failed != 0 {
            return Err(system(&std::io::Error::from_raw_os_error(failed)));
        }
    }
    Ok(())
}

/// Notes that this process has threads of the engine from now on.
pub(crate) fn start() -> PyResult<()> {
    check()?;
    // Only the first object of the process counts.
    let _ = STARTED_IN.compare_exchange(0, std::process::id(), Ordering::Relaxed, Ordering::Relaxed);
    Ok(())
}

/// Whether this process may use objects that have threads.
#[inline]
pub(crate) fn check() -> PyResult<()> {
    match FORKED_FROM.load(Ordering::Relaxed) {
        0 => Ok(()),
        parent => Err(forked(parent)),
    }
}

#[cold]
fn forked(parent: u32) -> PyErr {
    ForkError::new_err(format!(
        "process {} was forked from process {parent}, which had made a Policy or a Gateway before: their threads are not in \
         this process. Make them after the fork, or start processes with multiprocessing's \"spawn\" or \"forkserver\"",
        std::process::id()
    ))
}

/// Something with threads, or with what a thread may wait for. It is dropped while other threads can run Python, and it is not dropped
/// at all in a forked child, where its threads are missing.
pub(crate) struct Own<T: Send>(Option<T>);

impl<T: Send> Own<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }

    pub(crate) fn get_mut(&mut self) -> Option<&mut T> {
        self.0.as_mut()
    }
}

impl<T: Send> Drop for Own<T> {
    fn drop(&mut self) {
        let Some(value) = self.0.take() else { return };
        if FORKED_FROM.load(Ordering::Relaxed) != 0 {
            std::mem::forget(value);
            return;
        }
        let mut value = Some(value);
        // While the interpreter ends, nothing can be attached and nothing needs to be detached: the value is dropped below.
        let _ = Python::try_attach(|py| {
            let value = value.take();
            py.detach(|| drop(value));
        });
    }
}
