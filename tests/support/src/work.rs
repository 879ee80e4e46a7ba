//! How long something takes, whatever else the machine does meanwhile.

use std::time::{Duration, Instant};

use cpu_time::ThreadTime;

/// More than anything takes that ends at all, also on a machine with far too much to do.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The work of a thread, from when this was made.
#[derive(Debug, Clone, Copy)]
pub struct Work {
    on_core: ThreadTime,
    began: Instant,
}

impl Work {
    pub fn begin() -> Self {
        Self { on_core: ThreadTime::now(), began: Instant::now() }
    }

    /// How long the thread was on a core: what others do beside it does not count.
    pub fn took(&self) -> Duration {
        self.on_core.elapsed()
    }

    /// The thread worked for less than a bound, and it did not wait without end either.
    #[track_caller]
    pub fn is_within(&self, bound: Duration, what: &str) {
        let (took, all) = (self.took(), self.began.elapsed());
        assert!(took < bound, "{what}: {took:?} on a core, at most {bound:?}");
        assert!(all < PATIENCE, "{what}: {all:?} in all");
    }
}

/// How long the plainest request takes at most on a machine that has little else to do.
const QUIET: Duration = Duration::from_millis(5);

/// How many of them what is promised may take beyond its bound where each takes longer than that.
const PLAIN: u32 = 20;

/// The median of so many measurements of something that a service promises within a bound, and what it may be.
///
/// A promise holds for a service that has its machine for itself. How much of it this one has is told by a plain request,
/// asked beside each measurement: where it takes longer than on a quiet machine, the bound grows with it.
#[track_caller]
pub fn median_is_within(
    bound: Duration,
    measurements: usize,
    what: &str,
    mut plain: impl FnMut(),
    mut measure: impl FnMut(usize) -> Duration,
) {
    let (mut took, mut plainly) = (Vec::new(), Vec::new());
    for number in 0..measurements {
        took.push(measure(number));
        let began = Instant::now();
        plain();
        plainly.push(began.elapsed());
    }
    took.sort_unstable();
    plainly.sort_unstable();
    let (median, plain) = (took[measurements / 2], plainly[measurements / 2]);
    let busy = if plain > QUIET { plain * PLAIN } else { Duration::ZERO };
    println!("{what}: {median:?} in the median, {:?} at most; a plain request {plain:?}", took[measurements - 1]);
    assert!(median <= bound + busy, "{what}: {took:?}, at most {bound:?} and {busy:?} in the median");
}
