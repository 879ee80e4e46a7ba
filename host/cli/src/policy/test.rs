//! `callsign policy test`: runs cases against a component, and measures the time, the instructions and the memory of
//! its decisions.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use callsign::{Gateway, Limits, MemoryStore, Message, Policy};

use super::cases::Cases;
use crate::exit::{Exit, Stop, print};
use crate::gateway::{refused_policy, unreadable};

/// How long to measure: at 1 us to 1 ms a decision, that is 200 to 200,000 of them.
const MEASURED: Duration = Duration::from_millis(200);

/// A fuel budget to count with: too large to be used up before the deadline.
const COUNTING_FUEL: u64 = 1 << 50;

pub(super) fn run(component: &Path, file: &Path) -> Result<Exit, Stop> {
    let cases = Cases::load(file)?;
    let bytes = fs::read(component).map_err(|error| unreadable("the component", component, error))?;
    let (gateway, policy) = gateway(&bytes, Limits::default(), component, &cases, file)?;

    let mut failed = 0;
    for case in &cases.cases {
        let message = case.message();
        let mut decision = gateway.resolve(&message);
        for _ in 1..case.repeat.get() {
            decision = gateway.resolve(&message);
        }
        match case.difference(&decision.get()) {
            None => print(&format!("ok      {}\n", case.name))?,
            Some(difference) => {
                failed += 1;
                let difference = difference.replace('\n', "\n        ");
                print(&format!("FAILED  {}\n        {difference}\n", case.name))?;
            }
        }
    }
    let total = cases.cases.len();
    print(&format!("{} of {total} cases are as expected\n\n", total - failed))?;

    let mut limits = Limits::default();
    limits.fuel = Some(COUNTING_FUEL);
    let (counting, counted) = self::gateway(&bytes, limits, component, &cases, file)?;
    let messages: Vec<Message<'_>> = cases.cases.iter().map(|case| case.message()).collect();
    print(&table(&Times::of(&gateway, &messages), &instructions(&counting, &counted, &messages), &policy))?;
    Ok(if failed == 0 { Exit::Done } else { Exit::InvalidMessages })
}

/// A gateway that decides with the component and has no pins.
fn gateway(
    bytes: &[u8],
    limits: Limits,
    component: &Path,
    cases: &Cases,
    file: &Path,
) -> Result<(Gateway, Arc<Policy>), Stop> {
    let policy = Policy::from_bytes_within(bytes, limits).and_then(|policy| policy.with_settings(cases.settings()));
    let policy = Arc::new(policy.map_err(|error| refused_policy(component, error))?);
    let gateway = Gateway::with(cases.catalog(file)?, Arc::clone(&policy), Arc::new(MemoryStore::new()));
    Ok((gateway.map_err(Stop::refused)?, policy))
}

/// The times of decisions, ascending.
struct Times(Vec<Duration>);

impl Times {
    /// Decides the messages again and again. They were decided before, so the policy's caches are warm.
    fn of(gateway: &Gateway, messages: &[Message<'_>]) -> Self {
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

    fn at(&self, hundredths: usize) -> Duration {
        let index = (self.0.len() * hundredths / 100).min(self.0.len().saturating_sub(1));
        self.0.get(index).copied().unwrap_or_default()
    }
}

/// The most instructions of a message's first decision, and the instructions of each message's second one, ascending:
/// with cold and with warm caches.
fn instructions(gateway: &Gateway, policy: &Policy, messages: &[Message<'_>]) -> (Option<u64>, Vec<u64>) {
    let mut count = |message| {
        drop(gateway.resolve(message));
        policy.last_instructions()
    };
    let first = messages.iter().map(&mut count).collect::<Vec<_>>().into_iter().max();
    let mut warm: Vec<u64> = messages.iter().map(&mut count).collect();
    warm.sort_unstable();
    (first, warm)
}

fn table(times: &Times, (first, warm): &(Option<u64>, Vec<u64>), policy: &Policy) -> String {
    let limits = policy.limits();
    let mib = |bytes: usize| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
    let count = |count: Option<u64>| count.map_or("unknown".into(), |count| count.to_string());
    let budget = limits.fuel.map_or("none".into(), |fuel| fuel.to_string());
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
