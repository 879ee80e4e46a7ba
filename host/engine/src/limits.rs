//! What a policy may take.

use std::num::NonZeroUsize;
use std::time::Duration;

/// The limits of a policy. Each holds for every call; a policy that reaches one fails that call, and its instance is
/// thrown away.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How long a call may run. It is stopped at most one [`Limits::TICK`] later, where the machine is not overloaded. A
    /// call is one decision, or up to [`Limits::BATCH`] of them. Default 200 ms: a thousand times what a batch takes,
    /// short enough for a gateway's own time-out.
    pub deadline: Duration,
    /// The linear memory of an instance, in bytes. Default 128 MiB: the standard policy's view of its two largest pools.
    pub memory: usize,
    /// The linear memory that the instances of a policy which wait for a call keep together, in bytes. One that would take
    /// it above is dropped, and the next call starts a fresh one. Instances of up to 1/128 of it are always kept, as at
    /// most [`Limits::IDLE`] wait, and larger ones share one half of it. Default 1 GiB: all of up to 8 MiB, and four of
    /// 128 MiB.
    pub idle_memory: usize,
    /// The elements of an instance's tables. Default 20,000.
    pub table_elements: usize,
    /// How many instructions a call may run for each of its requests; none for any number. Default none: the deadline
    /// bounds the time. With a budget a policy fails at the same instruction on every machine, where it is also
    /// [`Isolation::Fresh`]; it costs some speed. It must be known when the policy is compiled
    /// ([`Policy::from_bytes_within`](crate::Policy::from_bytes_within)): one that is given later is kept by never
    /// starting an instance.
    pub fuel: Option<u64>,
    /// How many imports a call may make for each of its requests. Default 2,000.
    pub imports: u32,
    /// How many bytes of strings and lists a call may hand to the host. Default 16 MiB: an explanation over 500,000
    /// senders.
    pub returned: usize,
    /// How large a component may be, in bytes. Default 32 MiB.
    pub component: usize,
    /// How long it may take to compile a component, waiting for a compiler included. Default 60 s: what a component that
    /// brings a whole interpreter takes, on a busy machine.
    pub compile: Duration,
}

impl Limits {
    /// What deadlines are counted in.
    pub const TICK: Duration = Duration::from_millis(10);

    /// How many requests a call carries at most; larger batches are several calls.
    pub const BATCH: usize = 256;

    /// The stack of a call, in bytes, the same for every policy: the engine is set up with it.
    pub const STACK: usize = 512 << 10;

    /// How many instances of a policy wait for a call at most: one for each thread, where there are not more threads.
    pub const IDLE: usize = 64;

    /// How many instances live at once, over all policies of the process: so many calls can run at the same time.
    /// Instances that wait for a call make room for those that are needed. Each reserves address space, and memory only
    /// for what it touches, up to [`Limits::memory`]. A message that finds all of them in a call fails with
    /// `POLICY_FAILED` and the words "all instances are busy".
    ///
    /// Where the system does not give the address space for so many, about 4 GiB each, there are 64, or 8.
    pub const INSTANCES: usize = 512;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_millis(200),
            memory: 128 << 20,
            idle_memory: 1 << 30,
            table_elements: 20_000,
            fuel: None,
            imports: 2_000,
            returned: 16 << 20,
            component: 32 << 20,
            compile: Duration::from_secs(60),
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
