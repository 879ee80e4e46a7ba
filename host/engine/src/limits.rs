//! The limits of a policy, and how its instances are used.

use std::num::NonZeroUsize;
use std::time::Duration;

/// The limits of a policy. A call that passes one fails, and its instance is dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How long a call may run. A call makes one decision, or up to [`Limits::BATCH`] in a batch. It is stopped at most
    /// 10 ms after the deadline, and mostly within one [`Limits::TICK`], unless the machine is overloaded. Default 200
    /// ms: a thousand times what a batch takes, and short enough for a gateway's own timeout.
    pub deadline: Duration,
    /// The most linear memory of an instance, in bytes. Default 128 MiB: what the standard policy needs for its two
    /// largest pools.
    pub memory: usize,
    /// The most linear memory of all idle instances of a policy together, in bytes. An instance that does not fit is
    /// dropped after its call, and the next call starts a fresh one. Instances of up to 1/128 of this limit are always
    /// kept: [`Limits::IDLE`] of them fit in one half of it. Larger ones share the other half. Default 1 GiB: instances
    /// of up to 8 MiB are always kept, and four of 128 MiB.
    pub idle_memory: usize,
    /// The most elements of each table of an instance. Default 20,000.
    pub table_elements: usize,
    /// How many instructions a call may run for each of its requests. Default `None`, no limit: the deadline bounds the
    /// time. With this limit and [`Isolation::Fresh`] a policy fails at the same instruction on every machine; counting
    /// costs some speed. Give it when the policy is compiled
    /// ([`Policy::from_bytes_within`](crate::Policy::from_bytes_within)): if it is set later, no instance starts.
    pub fuel: Option<u64>,
    /// How many imports a call may make for each of its requests. Default 2,000.
    pub imports: u32,
    /// How many bytes of strings and lists a call may pass to the host. Default 16 MiB: an explanation over 500,000
    /// senders.
    pub returned: usize,
    /// The largest component, in bytes. Default 32 MiB.
    pub component: usize,
    /// How long compiling a component may take, including the wait for other compiles. Default 60 s: what a component
    /// with a whole interpreter in it takes on a busy machine.
    pub compile: Duration,
    /// The processor time of compiling a component in a child process ([`Compiler::child`](crate::Compiler::child)), over
    /// all its threads, in whole seconds. Default 60 s.
    pub compile_processor: Duration,
    /// The memory of compiling a component in a child process, in bytes. Default 1 GiB: several times what the largest
    /// honest components need. In this process it is not limited.
    pub compile_memory: usize,
}

impl Limits {
    /// The unit that deadlines are counted in.
    pub const TICK: Duration = Duration::from_micros(500);

    /// The most requests in a call. Larger batches are split into several calls.
    pub const BATCH: usize = 256;

    /// The stack of a call, in bytes. It is a setting of the engine, so it is the same for every policy.
    pub const STACK: usize = 512 << 10;

    /// The most idle instances of a policy: one for each of up to 64 threads.
    pub const IDLE: usize = 64;

    /// The most instances at once, over all policies of the process, and so the most calls that run at the same time.
    /// If none is free, an idle instance is dropped to make room. If all of them are in a call, the message fails with
    /// `POLICY_FAILED` and the words "all instances are busy".
    ///
    /// Each instance reserves about 4 GiB of address space; it uses memory only for the pages that it touches, up to
    /// [`Limits::memory`]. If the system does not give that much address space, there are 64 instances, or 8.
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
            compile_processor: Duration::from_secs(60),
            compile_memory: 1 << 30,
        }
    }
}

/// How many calls an instance is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Isolation {
    /// For up to this many calls; then a fresh instance takes its place. This is the fastest: a policy keeps what it
    /// read until the scope's revision changes. The default, with 10,000,000 calls.
    Warm(NonZeroUsize),
    /// For one call: nothing is carried over to the next.
    Fresh,
}

impl Default for Isolation {
    fn default() -> Self {
        Self::Warm(NonZeroUsize::MIN.saturating_add(9_999_999))
    }
}
