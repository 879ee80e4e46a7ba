//! The first steps from bytes to a policy: check the component, then compile it. `Policy::link` does the last one.

mod child;
mod child_main;
mod order;
mod slot;

use std::borrow::Cow;
use std::env;
use std::ffi::OsString;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use wasmtime::component::Component;

use self::child::ChildCompiler;
pub use self::child_main::compile_child_main;
use self::slot::CompileSlot;
use crate::budget;
use crate::contract_check;
use crate::core_lane::CoreShape;
use crate::engine::Engine;
use crate::error::PolicyError;
use crate::limits::Limits;
use crate::metadata::Metadata;

/// Where components are compiled.
///
/// A compiler cannot be stopped within a process, and what it may take of memory and processor time is not known before.
/// A child process is limited by the operating system and killed when it passes a limit ([`Limits::compile`],
/// [`Limits::compile_processor`], [`Limits::compile_memory`]), so a program that takes components from people whom it does
/// not trust should have one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compiler(Kind);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    InProcess,
    Child(ChildCompiler),
}

impl Compiler {
    /// In this process, on threads of its own: the default. Only [`Limits::compile`] holds, and when that time is over the
    /// compiler goes on in the background until it has finished.
    pub fn in_process() -> Self {
        Self::default()
    }

    /// In a child process: this program with these arguments must call
    /// [`compile_child_main`](crate::compile_child_main) and end with what that returns. It is started for each component,
    /// with an empty environment.
    ///
    /// The program must have been built with the same version of this crate as the one that starts it, since both must make
    /// the same code; if not, [`PolicyError::Compiler`] says so.
    pub fn child(program: impl Into<PathBuf>, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        let arguments = arguments.into_iter().map(Into::into).collect();
        Self(Kind::Child(ChildCompiler { program: program.into(), arguments }))
    }

    /// [`Compiler::child`] with the running program itself, also after its file was replaced by another version (on Linux).
    ///
    /// # Errors
    /// The system does not say where the program is.
    pub fn this_program(arguments: impl IntoIterator<Item = impl Into<OsString>>) -> io::Result<Self> {
        let own = PathBuf::from("/proc/self/exe");
        let program = if own.exists() { own } else { env::current_exe()? };
        Ok(Self::child(program, arguments))
    }
}

/// The bytes of a component whose size, metadata and imports were checked.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    bytes: &'a [u8],
    metadata: Metadata,
    shape: Option<CoreShape>,
}

impl<'a> Source<'a> {
    /// Checks the size, the metadata, and that nothing is imported but interfaces of the contract.
    pub(crate) fn check(bytes: &'a [u8], limits: &Limits) -> Result<Self, PolicyError> {
        if bytes.len() > limits.component {
            return Err(PolicyError::TooLarge { bytes: bytes.len(), limit: limits.component });
        }
        let metadata = Metadata::read(bytes)?;
        contract_check::refuse_foreign_imports(bytes)?;
        Ok(Self { bytes, metadata, shape: CoreShape::of(bytes) })
    }

    pub(crate) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// How it can be called as a core module; none if it cannot.
    pub(crate) fn shape(&self) -> Option<&CoreShape> {
        self.shape.as_ref()
    }

    /// Compiles the component, within the limits of [`budget`] and of time.
    pub(crate) fn compile(&self, limits: &Limits, compiler: &Compiler) -> Result<Component, PolicyError> {
        budget::check(self.bytes)?;
        let engine = Engine::for_limits(limits)?;
        let bytes = match &self.shape {
            Some(shape) => Cow::Owned(shape.export_program(self.bytes)),
            None => Cow::Borrowed(self.bytes),
        };
        match &compiler.0 {
            Kind::Child(child) => child.compile(engine, &bytes, limits),
            Kind::InProcess => {
                let bytes = bytes.into_owned();
                let compiled = run_within(limits.compile, move || Component::from_binary(&engine.engine, &bytes))?;
                compiled.map_err(|error| PolicyError::of_compiler(&error))
            }
        }
    }
}

/// The threads of a compile. One processor is left for decisions.
fn threads() -> Result<rayon::ThreadPool, rayon::ThreadPoolBuildError> {
    let threads = thread::available_parallelism().map_or(1, |all| all.get().saturating_sub(1).max(1));
    rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|_| "callsign-compile".into()).build()
}

/// Runs `work` on threads of its own, and waits for it for at most `limit`.
///
/// A compiler cannot be stopped here. If the time is over, the work goes on in the background, keeps its slot of
/// a compile, and its result is dropped when it ends; [`budget`] makes sure that it ends. It has its own
/// threads, so it does not delay other work.
fn run_within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PolicyError> {
    let end = Instant::now() + limit;
    let slot = CompileSlot::take(limit).ok_or(PolicyError::CompileTime { limit })?;
    let pool = threads()
        .map_err(|error| PolicyError::Compile { reason: format!("the compiler's threads did not start: {error}") })?;
    let (send, receive) = mpsc::sync_channel(1);
    pool.spawn(move || {
        let done = panic::catch_unwind(AssertUnwindSafe(work));
        let is_late = Instant::now() > end;
        drop(slot);
        // This fails if the caller has stopped waiting.
        let _ = send.send((done, is_late));
    });
    match receive.recv_timeout(end.saturating_duration_since(Instant::now())) {
        Ok((Err(_), _)) => Err(PolicyError::Compile { reason: "the compiler panicked".into() }),
        // The caller may look later than the time was over.
        Ok((Ok(_), true)) | Err(RecvTimeoutError::Timeout) => Err(PolicyError::CompileTime { limit }),
        Ok((Ok(done), false)) => Ok(done),
        Err(RecvTimeoutError::Disconnected) => {
            Err(PolicyError::Compile { reason: "the compiler gave no result".into() })
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::slot::MAX_COMPILES;
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
