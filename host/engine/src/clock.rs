//! The clock that deadlines are counted by. It runs on its own, whatever the threads of the gateway do.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::engine::Engine;
use super::limits::Limits;

/// Ticks so far. The engines count their own, which only compiled code looks at.
static NOW: AtomicU64 = AtomicU64::new(0);

/// A clock that is later than this was stopped with the whole process: those who run now have not had their time.
const STOPPED: Duration = Duration::from_millis(200);

/// The present tick.
#[inline]
pub(super) fn now() -> u64 {
    NOW.load(Ordering::Relaxed)
}

/// How many ticks a deadline is: it is late by one tick at most, and early only by as much as the clock was late, on a
/// machine with too much to do, when the call began.
pub(super) fn ticks(deadline: Duration) -> u64 {
    let ticks = deadline.as_nanos().div_ceil(Limits::TICK.as_nanos());
    u64::try_from(ticks).unwrap_or(u64::MAX / 2).min(u64::MAX / 2) + 1
}

/// Starts the clock, once for the process. Without it no deadline would hold.
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
        } else if now.duration_since(next) > STOPPED {
            next = now;
        }
        NOW.fetch_add(1, Ordering::Relaxed);
        Engine::all().for_each(|engine| engine.engine.increment_epoch());
    }
}
