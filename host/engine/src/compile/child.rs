//! Compiling in a child process, which the operating system limits and this process can kill.
//!
//! What is trusted: the child runs this host's program and nothing of the component, so its code is as good as that of
//! the compiler in this process. The parent loads code only under a seal that was made with a secret of this one order,
//! for the digest of this component and for this engine: not what another program wrote, nor half an answer.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use callsign_catalog::escape;
use wasmtime::component::Component;

use super::order::{Answer, Order};
use super::slot::CompileSlot;
use crate::engine::Engine;
use crate::error::PolicyError;
use crate::failure::MAX_TEXT;
use crate::limits::Limits;
use crate::module_store::{CodeKey, ModuleDigest, Secret, Verified};

/// How much of the child's standard error is read, in bytes.
const MAX_COMPLAINT: u64 = 4 << 10;

/// The program that compiles, and its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChildCompiler {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
}

/// How a child ended without an answer.
struct Ended {
    status: io::Result<ExitStatus>,
    complaint: String,
}

impl ChildCompiler {
    /// Compiles a component for an engine.
    pub(super) fn compile(&self, engine: &Engine, bytes: &[u8], limits: &Limits) -> Result<Component, PolicyError> {
        let end = Instant::now() + limits.compile;
        let _slot = CompileSlot::take(limits.compile).ok_or(PolicyError::CompileTime { limit: limits.compile })?;
        let mut secret = [0; Secret::BYTES];
        getrandom::fill(&mut secret).map_err(|error| broken(format!("there is no random secret: {error}")))?;
        let order = Order {
            metered: engine.metered,
            processor_seconds: limits.compile_processor.as_secs().max(1),
            memory: limits.compile_memory as u64,
            component: bytes.len() as u64,
            secret: Secret(secret),
        };
        match self.run(&order, bytes, end, limits)? {
            Answer::Code(code) => {
                let key = CodeKey::of(&ModuleDigest::of(bytes), &engine.engine);
                let code = Verified::check(code, &order.secret, &key).ok_or_else(|| {
                    broken("the code has not the seal of this order: it is another version of the program".into())
                })?;
                code.into_component(&engine.engine).map_err(|error| PolicyError::of_compiler(&error))
            }
            Answer::NoMemory => Err(PolicyError::CompileMemory { limit: limits.compile_memory }),
            Answer::Refused(reason) => Err(PolicyError::Compile { reason: escape::line(&reason, MAX_TEXT) }),
        }
    }

    /// Runs the child until it has answered, and no longer than to `end`. It has ended and is waited for when this returns.
    fn run(&self, order: &Order, bytes: &[u8], end: Instant, limits: &Limits) -> Result<Answer, PolicyError> {
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            // Passwords may be in the environment. The child needs nothing of it.
            .env_clear()
            // The allocator of `callsign` commits a gigabyte ahead, which would count as memory in use.
            .env("MIMALLOC_ARENA_EAGER_COMMIT", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| broken(format!("{} does not start: {error}", self.program.display())))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let mut child = Killed(child);
        let (Some(mut stdin), Some(mut stdout), Some(mut stderr)) = pipes else {
            return Err(broken("the child has no pipes".into()));
        };
        thread::scope(|scope| {
            let (send, answered) = mpsc::sync_channel(1);
            scope.spawn(move || {
                // A child that ends early closes the pipe; why it ended is found out below.
                let sent = order.write(&mut stdin).and_then(|()| stdin.write_all(bytes));
                drop(stdin);
                let answer = sent.and_then(|()| Answer::read(&mut stdout, order.memory));
                // This fails if nobody waits any more.
                let _ = send.send(answer);
            });
            let complaint = scope.spawn(move || {
                let mut complaint = Vec::new();
                let read = stderr.by_ref().take(MAX_COMPLAINT).read_to_end(&mut complaint);
                let _ = read.and_then(|_| io::copy(&mut stderr, &mut io::sink()));
                String::from_utf8_lossy(&complaint).into_owned()
            });
            let answer = answered.recv_timeout(end.saturating_duration_since(Instant::now()));
            let status = child.end();
            match answer {
                Ok(Ok(answer)) => Ok(answer),
                Err(_) => Err(PolicyError::CompileTime { limit: limits.compile }),
                Ok(Err(error)) => {
                    let complaint = complaint.join().unwrap_or_default();
                    Err(Ended { status, complaint }.because(&error, limits))
                }
            }
        })
    }
}

/// A child that is killed, if it still runs, and waited for.
struct Killed(Child);

impl Killed {
    /// If it has ended by itself, its status says how.
    fn end(&mut self) -> io::Result<ExitStatus> {
        self.0.kill()?;
        self.0.wait()
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

impl Ended {
    /// The limit that ended the child, or what else did.
    fn because(&self, error: &io::Error, limits: &Limits) -> PolicyError {
        let said = escape::line(self.complaint.trim(), MAX_TEXT);
        let has_ended = matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe);
        if !has_ended {
            return broken(format!("the child does not answer as a compiler does: {error}"));
        }
        let status = match &self.status {
            Ok(status) => *status,
            Err(error) => return broken(format!("the child cannot be waited for: {error}")),
        };
        match signal(status) {
            Some(Ending::Processor) => PolicyError::CompileProcessor { limit: limits.compile_processor },
            _ if said.contains("memory allocation of") => PolicyError::CompileMemory { limit: limits.compile_memory },
            Some(Ending::Other) => {
                PolicyError::Compile { reason: format!("the compiler was ended ({status}): {said}") }
            }
            None => broken(format!("{status}, {error}: {said}")),
        }
    }
}

enum Ending {
    Processor,
    Other,
}

/// The signal that ended a process.
#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<Ending> {
    let signal = std::os::unix::process::ExitStatusExt::signal(&status)?;
    let is_processor = signal == rustix::process::Signal::XCPU.as_raw();
    Some(if is_processor { Ending::Processor } else { Ending::Other })
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<Ending> {
    None
}

/// The child does not do its work. That is no fault of the component.
fn broken(reason: String) -> PolicyError {
    PolicyError::Compiler { reason }
}
