//! How long things take beside each other: they are measured in turns, round by round, so that what else the machine does falls
//! on all of them, and the median of the rounds counts.

use std::time::{Duration, Instant};

/// Nanoseconds a unit: the median, and the quartiles.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// Something to measure, which does so many units a time.
pub(crate) struct Work<'a> {
    pub(crate) units: usize,
    pub(crate) run: Box<dyn FnMut() + 'a>,
}

impl<'a> Work<'a> {
    pub(crate) fn new(units: usize, run: impl FnMut() + 'a) -> Self {
        Self { units, run: Box::new(run) }
    }

    fn round(&mut self, length: Duration) -> f64 {
        let (begin, mut times) = (Instant::now(), 0u64);
        while begin.elapsed() < length {
            for _ in 0..16 {
                (self.run)();
            }
            times += 16;
        }
        begin.elapsed().as_nanos() as f64 / (times * self.units as u64) as f64
    }
}

/// Measures things in turns, after a round that is not counted; with `--quick` fewer and shorter ones.
pub(crate) fn measure(work: &mut [Work<'_>]) -> Vec<Measured> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (rounds, length) = if quick { (15, Duration::from_millis(8)) } else { (61, Duration::from_millis(20)) };
    let mut nanoseconds = vec![Vec::with_capacity(rounds); work.len()];
    for round in 0..=rounds {
        for (work, nanoseconds) in work.iter_mut().zip(&mut nanoseconds) {
            let took = work.round(length);
            if round > 0 {
                nanoseconds.push(took);
            }
        }
    }
    let quartiles = |mut nanoseconds: Vec<f64>| {
        nanoseconds.sort_by(f64::total_cmp);
        let at = |quarter: usize| nanoseconds[(nanoseconds.len() - 1) * quarter / 4];
        Measured { median: at(2), low: at(1), high: at(3) }
    };
    nanoseconds.into_iter().map(quartiles).collect()
}
