//! What policies log: shown to whoever runs them.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use callsign::{LogBudget, escape};
use clap::ValueEnum;
use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::exit::say;

/// The target of policies' lines, and of lines about them.
const TARGET: &str = "callsign::policy";

/// How many lines a second are shown: more than anybody reads, and few beside a million decisions.
const LINES_PER_SECOND: u32 = 1_000;

/// The longest line that is kept, in characters.
const LINE: usize = 1_000;

/// The least severe lines that are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// No line.
    Off,
    /// Errors.
    Error,
    /// Errors and warnings.
    Warning,
    /// All but what is for debugging.
    Info,
    /// Everything.
    Debug,
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Off => Self::Off,
            LogLevel::Error => Self::Error,
            LogLevel::Warning => Self::Warn,
            LogLevel::Info => Self::Info,
            LogLevel::Debug => Self::Debug,
        }
    }
}

/// The level in the contract's words.
fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warn => "warning",
        Level::Info => "info",
        Level::Debug | Level::Trace => "debug",
    }
}

/// Where the lines go.
struct PolicyLog {
    /// The lines of the running case; none if they go to standard error.
    kept: Option<Mutex<Vec<String>>>,
}

impl Log for PolicyLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == TARGET
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let line = format!("{}: {}", word(record.level()), record.args());
        match &self.kept {
            Some(kept) => kept.lock().unwrap_or_else(PoisonError::into_inner).push(escape::line(&line, LINE)),
            None => say(&format!("callsign: {}\n", escape::line(&line, LINE))),
        }
    }

    fn flush(&self) {}
}

fn set(log: &'static PolicyLog, level: LevelFilter) {
    // The one caller of this program that sets it: there is one command a run.
    if log::set_logger(log).is_ok() {
        log::set_max_level(level);
    }
}

/// Shows lines of this level and above on standard error.
pub(crate) fn show(level: LogLevel) {
    static SHOWN: PolicyLog = PolicyLog { kept: None };
    set(&SHOWN, level.into());
}

/// The budget of a run's lines: what is over it is counted, and told by [`tell_dropped`].
pub(crate) fn budget() -> Arc<LogBudget> {
    static BUDGET: OnceLock<Arc<LogBudget>> = OnceLock::new();
    Arc::clone(BUDGET.get_or_init(|| Arc::new(LogBudget::new("this run", LINES_PER_SECOND))))
}

/// Says how many lines were not shown, at the end of a run.
pub(crate) fn tell_dropped() {
    budget().tell_dropped();
}

static KEPT: PolicyLog = PolicyLog { kept: Some(Mutex::new(Vec::new())) };

/// Keeps the lines that policies log while this runs, of every level.
pub(crate) fn keep<T>(run: impl FnOnce() -> T) -> (T, Vec<String>) {
    set(&KEPT, LevelFilter::Off);
    log::set_max_level(LevelFilter::Debug);
    let done = run();
    log::set_max_level(LevelFilter::Off);
    let lines =
        KEPT.kept.as_ref().map(|kept| std::mem::take(&mut *kept.lock().unwrap_or_else(PoisonError::into_inner)));
    (done, lines.unwrap_or_default())
}
