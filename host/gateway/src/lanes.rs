//! Where policies run, and for how long.
//!
//! A decision has no effect until its answer is checked, so a call can be dropped and made again elsewhere. On the thread
//! of an asynchronous caller a call has a first deadline of less than a millisecond, which quick policies never meet. A
//! call that does is made again in the `slow_lane`: a few threads of lower priority that take turns between applications
//! (`fair_queue`), with the policy's full deadline. `slow_marks` remembers which policies are slow, so that their calls
//! go there at once. `policy_time` counts what the policies of each application take, and holds them to a budget.
//!
//! All calls that a request needs share one deadline, in every lane: decisions, repetitions after a lost race for a pin,
//! fallbacks, wordings of refusals, shadows and explanations.

mod fair_queue;
mod policy_time;
mod slow_lane;
mod slow_marks;

use std::time::Duration;

pub(crate) use self::fair_queue::Tenant;
pub use self::policy_time::Usage;
pub(crate) use self::slow_lane::{Reply, SlowLane, quick_time};
pub(crate) use self::slow_marks::SlowMarks;

/// Where policies run, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LaneOptions {
    /// How long the policies of a request may take, for each 1,000 of its messages: decisions, fallbacks, wordings,
    /// shadows and explanations together. What is left then fails with `POLICY_FAILED`. Default 1 s: five calls of the
    /// default deadline. A request has at least the time of one call of each policy.
    pub request: Duration,
    /// How many threads the slow lane has, at least 2. They start with the first slow call. Default half of the cores.
    pub threads: usize,
    /// How many messages of an application may wait for the slow lane. More fail at once, but a request has half of
    /// them at most: what is left of a larger one waits for its turn. Default 2,048: two requests of 1,000.
    pub waiting: usize,
    /// How many milliseconds a second the policies of an application may take, over all threads; a second of it can be
    /// saved up. Calls beyond fail, and open the circuit of their policy. Counts for policies that are bound to the
    /// application or its entities; those of the platform are the platform's to trust. Default `None`, no limit.
    pub milliseconds_per_second: Option<u32>,
    /// Whether asynchronous calls are tried on the caller's thread first. Default true. If not, each of them runs in the
    /// slow lane.
    pub quick: bool,
}

impl Default for LaneOptions {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(1),
            threads: std::thread::available_parallelism().map_or(1, usize::from) / 2,
            waiting: 2_048,
            milliseconds_per_second: None,
            quick: true,
        }
    }
}
