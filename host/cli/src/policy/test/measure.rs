//! The time, the instructions and the memory of a policy's decisions.

use std::fmt::Write;
use std::time::{Duration, Instant};

use callsign::{Gateway, Message, Policy};

use super::subject::Subject;

/// How long to measure: at 1 us to 1 ms a decision, that is 200 to 200,000 of them.
const MEASURED: Duration = Duration::from_millis(200);

/// The times of decisions, ascending.
pub(super) struct Times(Vec<Duration>);

impl Times {
    /// Decides the messages again and again. They were decided before, so the policy's caches are warm.
    pub(super) fn of(gateway: &Gateway, messages: &[Message<'_>]) -> Self {
        let begin = Instant::now();
        let mut times = Vec::new();
        while begin.elapsed() < MEASURED {
            for message in messages {
                let begin = Instant::now();
                let decision = gateway.resolve(message);
                times.push(begin.elapsed());
                drop(decision);
            }
        }
        times.sort_unstable();
        Self(times)
    }

    /// Decides the messages with a fresh instance each time: what the first decision after a swap or a failure takes.
    pub(super) fn fresh(subject: &Subject, messages: &[Message<'_>]) -> Self {
        let begin = Instant::now();
        let mut times = Vec::new();
        while begin.elapsed() < MEASURED {
            for message in messages {
                subject.freshen();
                let begin = Instant::now();
                let decision = subject.gateway().resolve(message);
                times.push(begin.elapsed());
                drop(decision);
            }
        }
        times.sort_unstable();
        Self(times)
    }

    fn at(&self, hundredths: usize) -> Duration {
        let index = (self.0.len() * hundredths / 100).min(self.0.len().saturating_sub(1));
        self.0.get(index).copied().unwrap_or_default()
    }
}

/// The instructions of decisions.
pub(super) struct Instructions {
    /// The most of a message's first decision, with cold caches.
    first: Option<u64>,
    /// Those of each message's second decision, with warm caches, ascending.
    warm: Vec<u64>,
}

impl Instructions {
    /// Counts with a gateway whose policy counts.
    pub(super) fn of(gateway: &Gateway, policy: &Policy, messages: &[Message<'_>]) -> Self {
        let mut count = |message| {
            drop(gateway.resolve(message));
            policy.last_instructions()
        };
        let first = messages.iter().map(&mut count).collect::<Vec<_>>().into_iter().max();
        let mut warm: Vec<u64> = messages.iter().map(&mut count).collect();
        warm.sort_unstable();
        Self { first, warm }
    }
}

/// The figures beside the limits of the policy.
pub(super) fn table(times: &Times, fresh: &Times, instructions: &Instructions, policy: &Policy) -> String {
    let limits = policy.limits();
    let mib = |bytes: usize| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
    let count = |count: Option<u64>| count.map_or("unknown".into(), |count| count.to_string());
    let budget = limits.fuel.map_or("none".into(), |fuel| fuel.to_string());
    let Instructions { first, warm } = instructions;
    let rows = [
        ["a decision", "median", "99 %", "most", "limit of a call"].map(str::to_owned),
        [
            "time".into(),
            format!("{:.1?}", times.at(50)),
            format!("{:.1?}", times.at(99)),
            format!("{:.1?}", times.at(100)),
            format!("{:?}", limits.deadline),
        ],
        [
            "time, fresh".into(),
            format!("{:.1?}", fresh.at(50)),
            format!("{:.1?}", fresh.at(99)),
            format!("{:.1?}", fresh.at(100)),
            format!("{:?}", limits.deadline),
        ],
        [
            "instructions".into(),
            count(warm.get(warm.len() / 2).copied()),
            String::new(),
            count(warm.last().copied().max(*first)),
            budget,
        ],
        ["memory".into(), String::new(), String::new(), mib(policy.peak_memory()), mib(limits.memory)],
    ];
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2), width(3), width(4)];
    let mut text = String::new();
    for row in &rows {
        let [a, b, c, d, e] = widths;
        // Writing to a string does not fail.
        let _ = writeln!(text, "{:a$}  {:>b$}  {:>c$}  {:>d$}  {:>e$}", row[0], row[1], row[2], row[3], row[4]);
    }
    text
}
