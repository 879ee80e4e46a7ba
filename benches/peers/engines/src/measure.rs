//! How long a decision takes, warm.

use std::time::{Duration, Instant};

use peers_world::{Message, World};

use crate::engine::Engine;

/// How long is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    warm_up: Duration,
    rounds: usize,
    round: Duration,
}

impl Pace {
    pub(crate) const FULL: Self =
        Self { warm_up: Duration::from_millis(150), rounds: 15, round: Duration::from_millis(40) };
    pub(crate) const QUICK: Self =
        Self { warm_up: Duration::from_millis(60), rounds: 5, round: Duration::from_millis(15) };
}

/// The least that a round decides, however slow it is.
const LEAST: usize = 20;

/// Nanoseconds a decision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Measured {
    /// The median of the rounds.
    pub(crate) median: f64,
    /// Their lower quartile.
    pub(crate) low: f64,
    /// Their upper quartile.
    pub(crate) high: f64,
}

pub(crate) fn decisions(engine: &mut dyn Engine, world: &World, pace: Pace) -> anyhow::Result<Measured> {
    let messages: Vec<Message> = world.requests.iter().map(|request| request.message).collect();
    // Warming up tells how many decisions make a round.
    let mut decided = 0;
    let mut at_once = LEAST;
    let began = Instant::now();
    while began.elapsed() < pace.warm_up {
        engine.decide_all(&messages, at_once)?;
        decided += at_once;
        // Little of it is spent on the clock.
        at_once = (at_once * 2).min(decided.max(LEAST)).min(20_000);
    }
    let each = began.elapsed().as_secs_f64() / decided as f64;
    let count = ((pace.round.as_secs_f64() / each) as usize).max(LEAST);
    let mut rounds = Vec::with_capacity(pace.rounds);
    for _ in 0..pace.rounds {
        let began = Instant::now();
        engine.decide_all(&messages, count)?;
        rounds.push(began.elapsed().as_secs_f64() * 1e9 / count as f64);
    }
    Ok(summary(rounds))
}

fn summary(mut rounds: Vec<f64>) -> Measured {
    rounds.sort_by(f64::total_cmp);
    let at = |part: f64| rounds[((rounds.len() - 1) as f64 * part).round() as usize];
    Measured { median: at(0.5), low: at(0.25), high: at(0.75) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_that_was_disturbed_does_not_count() {
        let measured = summary(vec![10.0, 900.0, 12.0, 11.0, 13.0]);
        assert_eq!(measured, Measured { median: 12.0, low: 11.0, high: 13.0 });
    }
}
