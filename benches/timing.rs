//! How long something takes: the median of some rounds, none of them so short that the clock matters.

use std::time::{Duration, Instant};

/// Nanoseconds a unit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// Rounds, and how long each takes; fewer and shorter with `--quick`.
fn rounds() -> (usize, Duration) {
    let quick = std::env::args().any(|argument| argument == "--quick");
    if quick { (7, Duration::from_millis(20)) } else { (15, Duration::from_millis(60)) }
}

/// Measures something that does so many units a time, after a round that is not counted.
pub(crate) fn measure(units: usize, mut run: impl FnMut()) -> Measured {
    let (rounds, length) = rounds();
    let mut round = || {
        let (begin, mut times) = (Instant::now(), 0u64);
        while begin.elapsed() < length {
            for _ in 0..64 {
                run();
            }
            times += 64;
        }
        begin.elapsed().as_nanos() as f64 / (times * units as u64) as f64
    };
    round();
    let mut nanoseconds: Vec<f64> = (0..rounds).map(|_| round()).collect();
    nanoseconds.sort_by(f64::total_cmp);
    Measured { median: nanoseconds[rounds / 2], low: nanoseconds[0], high: nanoseconds[rounds - 1] }
}
