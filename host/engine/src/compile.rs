//! The first steps from bytes to a policy: check the component, then compile it. `Policy::link` does the last one.

use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use wasmtime::component::Component;

use crate::budget;
use crate::engine::Engine;
use crate::limits::Limits;
use crate::metadata::Metadata;
use crate::policy::PolicyError;

/// How many compiles run at once in the process, including those whose time is over. Further ones wait, so components
/// that compile slowly cannot take the whole machine.
const MAX_COMPILES: usize = 4;

/// The bytes of a component whose size and metadata were checked.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    bytes: &'a [u8],
    metadata: Metadata,
}

impl<'a> Source<'a> {
    /// Checks the size and the metadata.
    pub(crate) fn check(bytes: &'a [u8], limits: &Limits) -> Result<Self, PolicyError> {
        if bytes.len() > limits.component {
            return Err(PolicyError::TooLarge { bytes: bytes.len(), limit: limits.component });
        }
        Ok(Self { bytes, metadata: Metadata::read(bytes)? })
    }

    pub(crate) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Compiles the component, within the limits of [`budget`] and [`Limits::compile`].
    pub(crate) fn compile(&self, limits: &Limits) -> Result<Component, PolicyError> {
        budget::check(self.bytes)?;
        let engine = Engine::for_limits(limits)?;
        let bytes = self.bytes.to_owned();
        let compiled = run_within(limits.compile, move || Component::from_binary(&engine.engine, &bytes))?;
        compiled.map_err(|error| PolicyError::of_compiler(&error))
    }
}

/// Runs `work` on threads of its own, and waits for it for at most `limit`.
///
/// A compiler cannot be stopped. If the time is over, the work goes on in the background, keeps its slot of
/// [`MAX_COMPILES`], and its result is dropped when it ends; [`budget`] makes sure that it ends. It has its own
/// threads, so it does not delay other work.
fn run_within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PolicyError> {
    let end = Instant::now() + limit;
    let slot = CompileSlot::take(limit).ok_or(PolicyError::CompileTime { limit })?;
    // One processor is left for decisions.
    let threads = thread::available_parallelism().map_or(1, |all| all.get().saturating_sub(1).max(1));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|_| "callsign-compile".into()).build();
    let pool = pool
        .map_err(|error| PolicyError::Compile { reason: format!("the compiler's threads did not start: {error}") })?;
    let (send, receive) = mpsc::sync_channel(1);
    pool.spawn(move || {
        let done = panic::catch_unwind(AssertUnwindSafe(work));
        drop(slot);
        // This fails if the caller has stopped waiting.
        let _ = send.send(done);
    });
    match receive.recv_timeout(end.saturating_duration_since(Instant::now())) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(_)) => Err(PolicyError::Compile { reason: "the compiler panicked".into() }),
        Err(RecvTimeoutError::Timeout) => Err(PolicyError::CompileTime { limit }),
        Err(RecvTimeoutError::Disconnected) => {
            Err(PolicyError::Compile { reason: "the compiler gave no result".into() })
        }
    }
}

static RUNNING: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

/// The right to compile, held while a compile runs. There are [`MAX_COMPILES`].
struct CompileSlot;

impl CompileSlot {
    fn running() -> MutexGuard<'static, usize> {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a slot; `None` if none is free within `limit`.
    fn take(limit: Duration) -> Option<Self> {
        let waited = ENDED.wait_timeout_while(Self::running(), limit, |running| *running >= MAX_COMPILES);
        let (mut running, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            return None;
        }
        *running += 1;
        Some(Self)
    }
}

impl Drop for CompileSlot {
    fn drop(&mut self) {
        *Self::running() -= 1;
        ENDED.notify_one();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn no_more_compile_at_once_than_the_limit_even_if_nobody_waits_for_them() {
        let (started, starts) = mpsc::channel();
        let ends: Vec<_> = (0..MAX_COMPILES)
            .map(|_| {
                let (end, ended) = mpsc::channel::<()>();
                let started = started.clone();
                thread::spawn(move || {
                    run_within(LONG, move || {
                        started.send(()).unwrap();
                        // Until the other end is dropped.
                        let _ = ended.recv();
                    })
                });
                end
            })
            .collect();
        for _ in 0..MAX_COMPILES {
            starts.recv().unwrap();
        }
        let none = run_within(Duration::ZERO, || ());
        assert!(matches!(none, Err(PolicyError::CompileTime { .. })), "{none:?}");
        drop(ends);
        run_within(LONG, || ()).unwrap();
    }

    #[test]
    fn work_whose_time_is_over_gives_its_place_back_when_it_ends() {
        for _ in 0..2 * MAX_COMPILES {
            let (end, ended) = mpsc::channel::<()>();
            let late = run_within(Duration::ZERO, move || ended.recv());
            assert!(matches!(late, Err(PolicyError::CompileTime { .. })), "{late:?}");
            drop(end);
        }
        run_within(LONG, || ()).unwrap();
    }

    #[test]
    fn a_compiler_that_panics_is_an_error() {
        let failed = run_within(LONG, || panic!("a test"));
        let failed: Result<(), PolicyError> = failed;
        assert!(matches!(failed, Err(PolicyError::Compile { .. })), "{failed:?}");
    }
}
