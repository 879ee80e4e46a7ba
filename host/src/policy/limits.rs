//! What a policy may take.

use std::num::NonZeroUsize;
use std::time::Duration;

/// The limits of a policy. Each holds for every call; a policy that reaches one fails that call, and its instance is
/// thrown away.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How long a call may run, in steps of [`Limits::TICK`]. A call is one decision, or up to [`Limits::BATCH`] of
    /// them. Default 200 ms: a thousand times what a batch takes, short enough for a gateway's own time-out.
    pub deadline: Duration,
    /// The linear memory of an instance, in bytes. Default 128 MiB: the standard policy's view of its two largest pools.
    pub memory: usize,
    /// The elements of an instance's tables. Default 20,000.
    pub table_elements: usize,
    /// How many imports a call may make for each of its requests. Default 2,000.
    pub imports: u32,
    /// How many bytes of strings and lists a call may hand to the host. Default 16 MiB: an explanation over 500,000
    /// senders.
    pub returned: usize,
    /// How large a component may be, in bytes. Default 32 MiB.
    pub component: usize,
}

impl Limits {
    /// What deadlines are counted in.
    pub const TICK: Duration = Duration::from_millis(10);

    /// How many requests a call carries at most; larger batches are several calls.
    pub const BATCH: usize = 256;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_millis(200),
            memory: 128 << 20,
            table_elements: 20_000,
            imports: 2_000,
            returned: 16 << 20,
            component: 32 << 20,
        }
    }
}

/// What an instance is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Isolation {
    /// For many calls, up to this many, after which a fresh one takes its place. The fastest: a policy keeps what it
    /// read while the scope's revision lasts. The default, with 10,000,000 calls.
    Warm(NonZeroUsize),
    /// For one call. Nothing is carried over from one message to another.
    Fresh,
}

impl Default for Isolation {
    fn default() -> Self {
        Self::Warm(NonZeroUsize::MIN.saturating_add(9_999_999))
    }
}
