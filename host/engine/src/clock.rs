//! The clock that deadlines are counted by. It runs on a thread of its own: quickly while policies are called, slowly
//! otherwise, so that a process without messages is hardly woken.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::engine::Engine;
use crate::limits::Limits;

/// The ticks since the clock started, and [`RESTING`]. Each engine also has an epoch counter, which only compiled code
/// reads.
static NOW: AtomicU64 = AtomicU64::new(0);

/// Set while no call has begun for a while. The next call clears it.
const RESTING: u64 = 1 << 63;

/// The thread of the clock.
static THREAD: OnceLock<Thread> = OnceLock::new();

/// After how many ticks the clock looks whether a call began: if none did, it rests.
const ACTIVE: u64 = 128;

/// How often a resting clock ticks: it then makes up for the ticks in between. A call that goes on longer than all others
/// is stopped that late.
const REST: Duration = Duration::from_millis(10);

/// If the clock is late by more than this, the whole process was suspended. The clock does not catch up then: calls in
/// progress did not run meanwhile, and should not lose their time.
const SUSPENDED: Duration = Duration::from_millis(200);

/// The current tick.
#[inline]
pub(super) fn now() -> u64 {
    NOW.load(Ordering::Relaxed) & !RESTING
}

/// The current tick, where a call begins. Wakes a resting clock.
#[inline]
pub(super) fn begin() -> u64 {
    let now = NOW.load(Ordering::Relaxed);
    if now & RESTING == 0 { now } else { wake() }
}

#[cold]
fn wake() -> u64 {
    let now = NOW.fetch_and(!RESTING, Ordering::Relaxed);
    if let Some(thread) = THREAD.get() {
        thread.unpark();
    }
    now & !RESTING
}

/// The number of ticks for a deadline, rounded up and one more: a call never ends early, unless the clock was late when
/// it began because the machine is overloaded.
pub(super) fn ticks(deadline: Duration) -> u64 {
    // Called for a decision: without a division.
    const TICK: u32 = Limits::TICK.subsec_nanos();
    const IN_A_SECOND: u64 = (1_000_000_000 / TICK) as u64;
    const { assert!(Limits::TICK.as_secs() == 0 && 1_000_000_000 % TICK == 0) }
    let rest = u64::from(deadline.subsec_nanos().div_ceil(TICK));
    deadline.as_secs().saturating_mul(IN_A_SECOND).saturating_add(rest).min(u64::MAX / 4) + 1
}

/// Starts the clock, once per process. Without it no deadline would hold.
pub(super) fn start() -> Result<(), String> {
    static CLOCK: OnceLock<Result<(), String>> = OnceLock::new();
    let run = || -> io::Result<()> {
        let clock = thread::Builder::new().name("callsign-clock".into()).spawn(run)?;
        THREAD.get_or_init(|| clock.thread().clone());
        Ok(())
    };
    CLOCK.get_or_init(|| run().map_err(|error| format!("no thread for the clock: {error}"))).clone()
}

fn run() {
    let mut next = Instant::now();
    loop {
        next += Limits::TICK;
        let now = Instant::now();
        if let Some(early) = next.checked_duration_since(now) {
            thread::sleep(early);
        } else if now.duration_since(next) > SUSPENDED {
            next = now;
        }
        let tick = NOW.fetch_add(1, Ordering::Relaxed) & !RESTING;
        advance_epochs(1);
        if tick.is_multiple_of(ACTIVE) && NOW.fetch_or(RESTING, Ordering::Relaxed) & RESTING != 0 {
            rest();
            next = Instant::now();
        }
    }
}

/// Ticks slowly until a call begins. The ticks since the last one are not made up for then: the call has not had them.
fn rest() {
    let most = ticks(REST) - 1;
    loop {
        let began = Instant::now();
        thread::park_timeout(REST);
        let passed = (began.elapsed().as_nanos() / Limits::TICK.as_nanos()).min(u128::from(most)) as u64;
        let now = NOW.load(Ordering::Relaxed);
        let still =
            now & RESTING != 0 && NOW.compare_exchange(now, now + passed, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if !still {
            return;
        }
        advance_epochs(passed);
    }
}

fn advance_epochs(ticks: u64) {
    for engine in Engine::all() {
        (0..ticks).for_each(|_| engine.engine.increment_epoch());
    }
}
