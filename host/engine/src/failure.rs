//! Why a call of a policy has no answer.

use std::any::Any;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use callsign_catalog::escape;
use wasmtime::{PoolConcurrencyLimitError, Trap};

use crate::limits::Limits;

/// The longest text from a policy in an error or a message, in characters.
pub(super) const MAX_TEXT: usize = 1_000;

/// Why a call of a policy has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The call ran past its deadline.
    #[error("the policy ran for longer than {0}")]
    Deadline(Overrun),
    /// The call was stopped before its deadline, because it was given less time, see [`CallTime`](crate::CallTime).
    #[error("the policy was stopped before its deadline")]
    Stopped,
    /// The time of the whole request is used up.
    #[error("the time of the request, {0:?}, is used up")]
    RequestTime(Duration),
    /// Too many messages of the application wait for a slow policy already. The number is how many may.
    #[error("the policy is slow, and {0} messages of its application wait for it already")]
    Waiting(usize),
    /// The policies of the application took more time than they may: milliseconds in each second.
    #[error("the policies of the application take more than {0} ms a second")]
    OverBudget(u32),
    /// The call ran more instructions than its limit.
    #[error("the policy ran out of its {0} instructions")]
    Fuel(u64),
    /// The policy asked for more linear memory than its limit, in bytes.
    #[error("the policy wanted more than {0} bytes of memory")]
    Memory(usize),
    /// The instances of the policy's owner have all the memory that they may have together, in bytes, see
    /// [`MemoryBudget`](crate::MemoryBudget).
    #[error("no memory is left: the instances of this owner's policies may have {0} bytes together")]
    MemoryBudget(usize),
    /// The policy asked for a table larger than the limit, in elements.
    #[error("the policy wanted a table of more than {0} elements")]
    Table(usize),
    /// The call used more stack than the limit, in bytes.
    #[error("the policy used more than {0} bytes of stack")]
    Stack(usize),
    /// The call made more imports than its limit.
    #[error("the policy made more than {0} imports in one call")]
    Imports(u64),
    /// The policy passed more bytes to the host than the limit, see [`Limits::returned`].
    #[error("the policy handed over more than {0} bytes at once")]
    Returned(usize),
    /// The policy trapped. The text is the cause, with the last error that it logged.
    #[error("the policy failed: {0}")]
    Trap(String),
    /// No instance of the policy starts.
    #[error("no instance of the policy: {0}")]
    NoInstance(String),
    /// All instances of the process are in a call. The number is how many there may be.
    #[error("no instance of the policy: all instances are busy ({0} run at once in this process)")]
    Busy(usize),
    /// The policy gave more or fewer answers than a batch has requests.
    #[error("the policy gave {answers} answers to {requests} requests")]
    Answers {
        /// The number of answers.
        answers: usize,
        /// The number of requests.
        requests: usize,
    },
    /// The policy's answer is not valid, and why.
    #[error("the policy's answer is not acceptable: {0}")]
    Answer(String),
    /// The policy failed too often, so it is not called for a while.
    #[error("the policy keeps failing and is left alone for a while")]
    CircuitOpen,
    /// The policy is bound and not ready yet.
    #[error("the policy is being started, and is not ready yet")]
    Starting,
    /// The policy does not export `explain`.
    #[error("the policy does not explain its decisions")]
    NoExplanation,
    /// The host panicked while it ran the policy.
    #[error("the host failed while it ran the policy: {0}")]
    Host(String),
}

/// A deadline that a call ran past, and the memory that it took until then, if that may be what took the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Overrun {
    /// The deadline.
    pub deadline: Duration,
    /// The memory; none if it took little.
    pub memory: Option<MemoryTaken>,
}

/// The linear memory that a call took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemoryTaken {
    /// It was refused more than its limit, in bytes, and went on.
    Refused(usize),
    /// It grew by at least an eighth of the limit.
    Grew {
        /// The bytes that the instance has.
        bytes: usize,
        /// The bytes that it may have.
        limit: usize,
    },
}

impl From<Duration> for Overrun {
    fn from(deadline: Duration) -> Self {
        Self { deadline, memory: None }
    }
}

/// `200ms`, or `200ms while its memory grew to 67108864 bytes (134217728 are allowed)`.
impl fmt::Display for Overrun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.deadline)?;
        match self.memory {
            None => Ok(()),
            Some(MemoryTaken::Refused(limit)) => write!(f, " after it wanted more than {limit} bytes of memory"),
            Some(MemoryTaken::Grew { bytes, limit }) => {
                write!(f, " while its memory grew to {bytes} bytes ({limit} are allowed)")
            }
        }
    }
}

/// How much the memory of a call grows until it is told as a cause, as a part of its limit: 16 MiB by default. Keeping a
/// pool of 100,000 senders takes less.
const MUCH: usize = 8;

impl Failure {
    /// The kind of failure, in one word, as metrics and events name it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Deadline(_) | Self::Stopped => "deadline",
            Self::RequestTime(_) => "request",
            Self::OverBudget(_) => "budget",
            Self::Fuel(_) => "instructions",
            Self::Memory(_) | Self::MemoryBudget(_) => "memory",
            Self::Table(_) => "table",
            Self::Stack(_) => "stack",
            Self::Imports(_) => "imports",
            Self::Returned(_) => "returned",
            Self::Trap(_) => "trap",
            Self::NoInstance(_) => "no_instance",
            Self::Busy(_) | Self::Waiting(_) => "busy",
            Self::Answers { .. } | Self::Answer(_) => "answer",
            Self::CircuitOpen => "resting",
            Self::Starting => "starting",
            Self::NoExplanation => "no_explanation",
            Self::Host(_) => "host",
        }
    }

    /// Whether the policy is not to blame: others took the room or the time that the call needed.
    pub const fn is_for_lack_of_room(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Waiting(_) | Self::RequestTime(_) | Self::Stopped)
    }

    /// The failure behind an error of wasmtime. `refused` is the limit of memory or tables that the call reached, if it
    /// reached one.
    #[cold]
    pub(super) fn from_wasmtime(error: &wasmtime::Error, refused: Option<Self>, limits: &Limits, fuel: u64) -> Self {
        if let Some(failure) = error.downcast_ref::<Self>() {
            return failure.clone();
        }
        if error.is::<PoolConcurrencyLimitError>() {
            return Self::Busy(Limits::INSTANCES);
        }
        match (error.downcast_ref::<Trap>(), refused) {
            (Some(Trap::Interrupt), _) => Self::Deadline(limits.deadline.into()),
            (Some(Trap::OutOfFuel), _) => Self::Fuel(fuel),
            (Some(Trap::StackOverflow), _) => Self::Stack(Limits::STACK),
            // A policy that is refused memory usually traps with a message of its own; this is the cause.
            (_, Some(refused)) => refused,
            (Some(trap), None) => Self::Trap(trap.to_string()),
            // wasmtime does not export the type of this error.
            (None, None) if error.chain().any(|cause| cause.to_string().contains("fuel allocated for hostcalls")) => {
                Self::Returned(limits.returned)
            }
            (None, None) => Self::Trap(escape::line(&error.root_cause().to_string(), MAX_TEXT)),
        }
    }
}

impl Failure {
    /// The same failure of a call that was refused something, or whose memory grew by so many bytes to so many: a policy that
    /// fills its memory slowly runs past its deadline before it meets its limit.
    pub(super) fn with_memory(self, refused: Option<&Self>, grew: usize, bytes: usize, limits: &Limits) -> Self {
        let Self::Deadline(overrun) = self else { return self };
        let memory = match refused {
            Some(Self::Memory(limit)) => Some(MemoryTaken::Refused(*limit)),
            _ if grew >= limits.memory / MUCH => Some(MemoryTaken::Grew { bytes, limit: limits.memory }),
            _ => None,
        };
        Self::Deadline(Overrun { memory, ..overrun })
    }
}

/// Runs wasmtime, and turns a panic into a failure of this call. The instance must not be used again after one.
#[inline]
pub(super) fn catch_panic<T>(run: impl FnOnce() -> wasmtime::Result<T>) -> wasmtime::Result<T> {
    panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(panicked(&*panic)))
}

#[cold]
fn panicked(panic: &(dyn Any + Send)) -> wasmtime::Error {
    let text = panic.downcast_ref::<&str>().copied();
    let text =
        text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without a message");
    wasmtime::Error::new(Failure::Host(escape::line(text, MAX_TEXT)))
}
