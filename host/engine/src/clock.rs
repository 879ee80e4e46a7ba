//! The clock that deadlines are counted by. It runs on a thread of its own.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::engine::Engine;
use crate::limits::Limits;

/// The ticks since the clock started. Each engine also has an epoch counter, which only compiled code reads.
static NOW: AtomicU64 = AtomicU64::new(0);

/// If the clock is late by more than this, the whole process was suspended. The clock does not catch up then: calls in
/// progress did not run meanwhile, and should not lose their time.
const SUSPENDED: Duration = Duration::from_millis(200);

/// The current tick.
#[inline]
pub(super) fn now() -> u64 {
    NOW.load(Ordering::Relaxed)
}

/// The number of ticks for a deadline, rounded up and one more: a call never ends early, unless the clock was late when
/// it began because the machine is overloaded.
pub(super) fn ticks(deadline: Duration) -> u64 {
    let ticks = deadline.as_nanos().div_ceil(Limits::TICK.as_nanos());
    u64::try_from(ticks).unwrap_or(u64::MAX / 2).min(u64::MAX / 2) + 1
}

/// Starts the clock, once per process. Without it no deadline would hold.
pub(super) fn start() -> Result<(), String> {
    static CLOCK: OnceLock<Result<(), String>> = OnceLock::new();
    let run = || -> io::Result<()> {
        thread::Builder::new().name("callsign-clock".into()).spawn(run)?;
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
        NOW.fetch_add(1, Ordering::Relaxed);
        Engine::all().for_each(|engine| engine.engine.increment_epoch());
    }
}
