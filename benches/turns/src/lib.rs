//! Criterion benchmarks whose alternatives take their samples in turns.
//!
//! Criterion finishes one benchmark before it starts the next. On a machine that does other things too, two alternatives that are
//! measured a minute apart differ by whatever happened in that minute. [`Turns`] takes one sample of every alternative in each
//! round instead, and still lets criterion decide how many samples there are and how long each takes:
//!
//! - When criterion asks the first alternative for a sample, all others run for about as long right after it. Their samples are kept.
//! - When criterion comes to those, its warm-up runs them as always, and each sample that it asks for is one that was kept.
//!
//! Everything else is criterion as it is: filters, baselines, `--test`, `--list`. With `--quick` there are no rounds: criterion
//! then takes two samples of each alternative and every one is measured alone.

#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, PlottingBackend, SamplingMode, Throughput};

/// Criterion with the settings of this repository: 60 samples of 20 ms after 0.2 s of warm-up. There are no plots, because the
/// report draws them, and 10,000 resamples instead of 100,000, which would take longer than the samples.
pub fn criterion() -> Criterion {
    Criterion::default()
        .plotting_backend(PlottingBackend::None)
        .nresamples(10_000)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(1_200))
        .sample_size(60)
}

/// How long so many iterations take.
#[inline]
pub fn time<O>(iterations: u64, mut work: impl FnMut() -> O) -> Duration {
    let begin = Instant::now();
    for _ in 0..iterations {
        black_box(work());
    }
    begin.elapsed()
}

/// Alternatives that are compared, in the order in which they are reported.
#[derive(Default)]
pub struct Turns<'a> {
    alternatives: Vec<Alternative<'a>>,
}

impl<'a> Turns<'a> {
    /// No alternatives yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an alternative that handles this many elements in each iteration.
    pub fn add<O>(&mut self, id: BenchmarkId, elements: u64, mut work: impl FnMut() -> O + 'a) {
        self.add_timed(id, elements, move |iterations| time(iterations, &mut work));
    }

    /// Adds an alternative that measures itself, as in [`Bencher::iter_custom`](criterion::Bencher::iter_custom).
    pub fn add_timed(&mut self, id: BenchmarkId, elements: u64, run: impl FnMut(u64) -> Duration + 'a) {
        self.add_made(id, elements, || Box::new(run));
    }

    /// Adds an alternative that is made when criterion first comes to the comparison: a filter that leaves it out, and `--list`,
    /// do not wait for it.
    pub fn add_made(&mut self, id: BenchmarkId, elements: u64, make: impl FnOnce() -> Run<'a> + 'a) {
        let run = Made::Later(Some(Box::new(make)));
        self.alternatives.push(Alternative {
            id,
            elements,
            run,
            warm_up: Some(1),
            seconds: None,
            kept: VecDeque::new(),
        });
    }

    /// Measures all alternatives as benchmarks of a group.
    pub fn measure(mut self, group: &mut BenchmarkGroup<'_, WallTime>) {
        // Every sample has the same number of iterations: one that was kept can stand for any.
        group.sampling_mode(SamplingMode::Flat);
        for index in 0..self.alternatives.len() {
            let Alternative { id, elements, .. } = &self.alternatives[index];
            group.throughput(Throughput::Elements(*elements));
            group.bench_function(id.clone(), |bencher| {
                // Outside of what criterion takes the time of.
                self.alternatives[index..].iter_mut().for_each(|alternative| {
                    alternative.run.made();
                });
                bencher.iter_custom(|iterations| self.sample(index, iterations));
            });
        }
    }

    /// What criterion gets when it asks an alternative for so many iterations.
    fn sample(&mut self, index: usize, iterations: u64) -> Duration {
        let (own, later) = self.alternatives[index..].split_first_mut().expect("an alternative of these");
        if own.warms_up(iterations) {
            return own.run(iterations);
        }
        if let Some(seconds) = own.kept.pop_front() {
            return Duration::from_secs_f64(seconds * iterations as f64);
        }
        let took = own.run(iterations);
        later.iter_mut().for_each(|other| other.take_turn(took));
        took
    }
}

/// Does so many iterations, and says how long they took.
pub type Run<'a> = Box<dyn FnMut(u64) -> Duration + 'a>;

/// How an alternative runs, which may have to be made first.
enum Made<'a> {
    Later(Option<Box<dyn FnOnce() -> Run<'a> + 'a>>),
    Now(Run<'a>),
}

impl<'a> Made<'a> {
    fn made(&mut self) -> &mut Run<'a> {
        if let Self::Later(make) = self
            && let Some(make) = make.take()
        {
            *self = Self::Now(make());
        }
        match self {
            Self::Now(run) => run,
            Self::Later(_) => unreachable!("it was made once"),
        }
    }
}

/// One of the things that are compared.
struct Alternative<'a> {
    id: BenchmarkId,
    elements: u64,
    run: Made<'a>,
    /// How many iterations criterion asks for next if it is still warming up.
    warm_up: Option<u64>,
    /// What an iteration took when it was last measured.
    seconds: Option<f64>,
    /// Samples that were taken in the rounds of an earlier alternative: seconds of an iteration.
    kept: VecDeque<f64>,
}

impl Alternative<'_> {
    /// Whether this is a call of criterion's warm-up, which asks for 1, 2, 4, ... iterations. All samples that follow have one
    /// size; should that be the next of these powers, the first of them is measured alone.
    fn warms_up(&mut self, iterations: u64) -> bool {
        let warms_up = self.warm_up == Some(iterations);
        self.warm_up = if warms_up { iterations.checked_mul(2) } else { None };
        warms_up
    }

    fn run(&mut self, iterations: u64) -> Duration {
        let took = self.run.made()(iterations);
        self.seconds = Some(took.as_secs_f64() / iterations as f64);
        took
    }

    /// Takes a sample that is about this long.
    fn take_turn(&mut self, length: Duration) {
        let mut iterations = 1;
        while self.seconds.is_none_or(|seconds| seconds == 0.0) {
            // The first run is not counted, and an iteration that is shorter than the clock's step needs more of them.
            self.run(iterations);
            iterations *= 2;
        }
        // The pace of one cold iteration says little: longer runs follow until one takes a good part of the sample.
        let mut iterations = self.iterations(length);
        if self.kept.is_empty() {
            while self.run(iterations) < length / 4 {
                iterations = self.iterations(length).max(iterations * 2);
            }
            iterations = self.iterations(length);
        }
        self.run(iterations);
        self.kept.extend(self.seconds);
    }

    /// How many iterations take this long at the last pace.
    fn iterations(&self, length: Duration) -> u64 {
        let iterations = self.seconds.map_or(1.0, |seconds| length.as_secs_f64() / seconds);
        (iterations as u64).max(1)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// Two alternatives whose iterations take 100 and 200 ns, and the order in which they ran with how many iterations.
    fn turns(log: &RefCell<Vec<(char, u64)>>) -> Turns<'_> {
        let mut turns = Turns::new();
        for (name, nanoseconds) in [('a', 100), ('b', 200)] {
            turns.add_timed(BenchmarkId::new("test", name), 1, move |iterations| {
                log.borrow_mut().push((name, iterations));
                Duration::from_nanos(nanoseconds * iterations)
            });
        }
        turns
    }

    #[test]
    fn a_round_runs_every_alternative_for_as_long() {
        let log = RefCell::new(Vec::new());
        let mut turns = turns(&log);
        for iterations in [1, 2, 4] {
            turns.sample(0, iterations);
        }
        assert_eq!(log.take(), [('a', 1), ('a', 2), ('a', 4)], "the warm-up is of one alternative");
        assert_eq!(turns.sample(0, 1_000), Duration::from_micros(100));
        log.take();
        assert_eq!(turns.sample(0, 1_000), Duration::from_micros(100));
        assert_eq!(log.take(), [('a', 1_000), ('b', 500)]);
    }

    #[test]
    fn what_was_kept_is_the_sample_of_the_next_alternative() {
        let log = RefCell::new(Vec::new());
        let mut turns = turns(&log);
        turns.sample(0, 1_000);
        turns.sample(0, 1_000);
        log.take();
        turns.sample(1, 1);
        assert_eq!(log.take(), [('b', 1)], "the warm-up is real");
        for _ in 0..2 {
            assert_eq!(turns.sample(1, 400), Duration::from_micros(80));
        }
        assert_eq!(log.take(), [], "both samples were kept");
        assert_eq!(turns.sample(1, 400), Duration::from_micros(80));
        assert_eq!(log.take(), [('b', 400)], "a third is taken when it is asked for");
    }
}
