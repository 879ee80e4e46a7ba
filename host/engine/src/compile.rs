//! From bytes to a policy, in steps: check, compile (or take what was compiled before), link.

use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use wasmtime::component::Component;

use super::budget;
use super::engine::Engine;
use super::limits::Limits;
use super::metadata::Metadata;
use super::policy::PolicyError;

/// How many compiles run at once in the process, those included whose time is over. Further ones wait, so that modules
/// that compile for long cannot take more of the machine than this.
const COMPILES: usize = 4;

/// Bytes that are a component as far as can be told before it is compiled.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    bytes: &'a [u8],
    metadata: Metadata,
}

impl<'a> Source<'a> {
    /// Checks size, form and metadata.
    pub(crate) fn check(bytes: &'a [u8], limits: &Limits) -> Result<Self, PolicyError> {
        if bytes.len() > limits.component {
            return Err(PolicyError::TooLarge { bytes: bytes.len(), limit: limits.component });
        }
        Ok(Self { bytes, metadata: Metadata::read(bytes)? })
    }

    pub(crate) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Compiles, within the budget and the limit of time.
    pub(crate) fn compile(&self, limits: &Limits) -> Result<Component, PolicyError> {
        budget::check(self.bytes)?;
        let engine = Engine::of(limits)?;
        let bytes = self.bytes.to_owned();
        let compiled = within(limits.compile, move || Component::from_binary(&engine.engine, &bytes))?;
        compiled.map_err(|error| PolicyError::of_compiler(&error))
    }
}

/// Does work on threads of its own, and waits for it no longer than `limit`.
///
/// A compiler cannot be stopped. Work whose time is over goes on alone, holds its place among the [`COMPILES`], and is
/// dropped when it ends, which it does: the budget bounds it. Its threads are not those of other work, which it
/// therefore does not hold up.
fn within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PolicyError> {
    let end = Instant::now() + limit;
    let place = Place::take(limit).ok_or(PolicyError::CompileTime { limit })?;
    // One processor is left to those who decide meanwhile.
    let threads = thread::available_parallelism().map_or(1, |all| all.get().saturating_sub(1).max(1));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|_| "callsign-compile".into()).build();
    let pool = pool.map_err(|error| PolicyError::Compile { reason: format!("no thread for the compiler: {error}") })?;
    let (send, receive) = mpsc::sync_channel(1);
    pool.spawn(move || {
        let done = panic::catch_unwind(AssertUnwindSafe(work));
        drop(place);
        // Nobody may be waiting any more.
        let _ = send.send(done);
    });
    match receive.recv_timeout(end.saturating_duration_since(Instant::now())) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(_)) => Err(PolicyError::Compile { reason: "the compiler failed on it".into() }),
        Err(RecvTimeoutError::Timeout) => Err(PolicyError::CompileTime { limit }),
        Err(RecvTimeoutError::Disconnected) => {
            Err(PolicyError::Compile { reason: "the compiler gave no result".into() })
        }
    }
}

static RUNNING: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

/// A place among those who compile.
struct Place;

impl Place {
    fn running() -> MutexGuard<'static, usize> {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place; none if there is none for so long.
    fn take(limit: Duration) -> Option<Self> {
        let waited = ENDED.wait_timeout_while(Self::running(), limit, |running| *running >= COMPILES);
        let (mut running, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            return None;
        }
        *running += 1;
        Some(Self)
    }
}

impl Drop for Place {
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
    fn so_many_compile_at_once_and_no_more_also_when_nobody_waits_for_them() {
        let (started, starts) = mpsc::channel();
        let ends: Vec<_> = (0..COMPILES)
            .map(|_| {
                let (end, ended) = mpsc::channel::<()>();
                let started = started.clone();
                thread::spawn(move || {
                    within(LONG, move || {
                        started.send(()).unwrap();
                        // Until the other end is dropped.
                        let _ = ended.recv();
                    })
                });
                end
            })
            .collect();
        for _ in 0..COMPILES {
            starts.recv().unwrap();
        }
        let none = within(Duration::ZERO, || ());
        assert!(matches!(none, Err(PolicyError::CompileTime { .. })), "{none:?}");
        drop(ends);
        within(LONG, || ()).unwrap();
    }

    #[test]
    fn work_whose_time_is_over_gives_its_place_back_when_it_ends() {
        for _ in 0..2 * COMPILES {
            let (end, ended) = mpsc::channel::<()>();
            let late = within(Duration::ZERO, move || ended.recv());
            assert!(matches!(late, Err(PolicyError::CompileTime { .. })), "{late:?}");
            drop(end);
        }
        within(LONG, || ()).unwrap();
    }

    #[test]
    fn a_compiler_that_panics_is_an_error() {
        let failed = within(LONG, || panic!("a test"));
        let failed: Result<(), PolicyError> = failed;
        assert!(matches!(failed, Err(PolicyError::Compile { .. })), "{failed:?}");
    }
}
