//! Why a call of a policy has no answer.

use std::any::Any;
use std::fmt::Write;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use wasmtime::{PoolConcurrencyLimitError, Trap};

use super::limits::Limits;

/// The longest text of a policy's that becomes part of a message, in characters.
pub(super) const LONGEST_TEXT: usize = 1_000;

/// Why a call of a policy has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// It ran past its deadline.
    #[error("the policy ran for longer than {0:?}")]
    Deadline(Duration),
    /// It used up its budget of instructions.
    #[error("the policy ran out of its {0} instructions")]
    Fuel(u64),
    /// It wanted more linear memory than its limit, in bytes.
    #[error("the policy wanted more than {0} bytes of memory")]
    Memory(usize),
    /// It wanted a table larger than the limit, in elements.
    #[error("the policy wanted a table of more than {0} elements")]
    Table(usize),
    /// Its stack is full, in bytes.
    #[error("the policy used more than {0} bytes of stack")]
    Stack(usize),
    /// It made more imports than a call may.
    #[error("the policy made more than {0} imports in one call")]
    Imports(u64),
    /// It handed over more bytes at once than the host copies.
    #[error("the policy handed over more than {0} bytes at once")]
    Returned(usize),
    /// It trapped; the text is the cause, with the last error that it logged.
    #[error("the policy failed: {0}")]
    Trap(String),
    /// No instance of it starts.
    #[error("no instance of the policy: {0}")]
    NoInstance(String),
    /// All instances of the process are in a call; how many there may be.
    #[error("no instance of the policy: all instances are busy ({0} run at once in this process)")]
    Busy(usize),
    /// A batch has more or fewer answers than requests.
    #[error("the policy gave {answers} answers to {requests} requests")]
    Answers {
        /// How many answers it gave.
        answers: usize,
        /// How many requests there were.
        requests: usize,
    },
    /// What it answered is not acceptable, and why.
    #[error("the policy's answer is not acceptable: {0}")]
    Answer(String),
    /// It failed too often and is not called for a while.
    #[error("the policy keeps failing and is left alone for a while")]
    CircuitOpen,
    /// It exports no explanation.
    #[error("the policy does not explain its decisions")]
    NoExplanation,
    /// The host panicked while it ran the policy.
    #[error("the host failed while it ran the policy: {0}")]
    Host(String),
}

impl Failure {
    /// The kind, in a word for programs.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Deadline(_) => "deadline",
            Self::Fuel(_) => "instructions",
            Self::Memory(_) => "memory",
            Self::Table(_) => "table",
            Self::Stack(_) => "stack",
            Self::Imports(_) => "imports",
            Self::Returned(_) => "returned",
            Self::Trap(_) => "trap",
            Self::NoInstance(_) => "no_instance",
            Self::Busy(_) => "busy",
            Self::Answers { .. } | Self::Answer(_) => "answer",
            Self::CircuitOpen => "resting",
            Self::NoExplanation => "no_explanation",
            Self::Host(_) => "host",
        }
    }

    /// What the engine says, in the words of the limits. `refused` is what the host did not let it have.
    #[cold]
    pub(super) fn of(error: &wasmtime::Error, refused: Option<Self>, limits: &Limits, fuel: u64) -> Self {
        if let Some(failure) = error.downcast_ref::<Self>() {
            return failure.clone();
        }
        if error.is::<PoolConcurrencyLimitError>() {
            return Self::Busy(Limits::INSTANCES);
        }
        match (error.downcast_ref::<Trap>(), refused) {
            (Some(Trap::Interrupt), _) => Self::Deadline(limits.deadline),
            (Some(Trap::OutOfFuel), _) => Self::Fuel(fuel),
            (Some(Trap::StackOverflow), _) => Self::Stack(Limits::STACK),
            // A program that is refused memory mostly traps in words of its own: this is the cause.
            (_, Some(refused)) => refused,
            (Some(trap), None) => Self::Trap(trap.to_string()),
            // The type of this error is private to the engine.
            (None, None) if error.chain().any(|cause| cause.to_string().contains("fuel allocated for hostcalls")) => {
                Self::Returned(limits.returned)
            }
            (None, None) => Self::Trap(plain(&error.root_cause().to_string(), LONGEST_TEXT)),
        }
    }
}

/// Runs what the engine does. A panic in there is a failure of this call, not of the thread: what it left behind must
/// not be used again.
#[inline]
pub(super) fn contained<T>(run: impl FnOnce() -> wasmtime::Result<T>) -> wasmtime::Result<T> {
    panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(panicked(&*panic)))
}

#[cold]
fn panicked(panic: &(dyn Any + Send)) -> wasmtime::Error {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without words");
    wasmtime::Error::new(Failure::Host(plain(text, LONGEST_TEXT)))
}

/// Text from a policy as one line of so many characters at most: nothing in it can pass for a line of its own, or move
/// the cursor of a terminal.
pub(super) fn plain(text: &str, most: usize) -> String {
    let mut plain = String::with_capacity(text.len().min(most));
    for (at, c) in text.chars().enumerate() {
        if at == most {
            plain.push('…');
            break;
        }
        match c {
            // What turns the direction of text, or hides.
            c if c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}') => {
                // Writing to a string does not fail.
                let _ = write!(plain, "{}", c.escape_default());
            }
            c => plain.push(c),
        }
    }
    plain
}
