//! The summary of a run: how many messages were decided by each step, and refused with each code.

use std::collections::BTreeMap;
use std::time::Duration;

use callsign::{DecisionRef, Step};
use callsign_replay::grouped;
use serde::Serialize;

use super::SummaryFormat;
use super::output::INVALID_MESSAGE;
use crate::exit::is_coloured;

/// The number of decisions by step and of refusals by code.
#[derive(Debug, Default)]
pub(super) struct Tally {
    steps: BTreeMap<Step, u64>,
    refusals: BTreeMap<String, u64>,
}

/// The summary for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary<'a> {
    messages: u64,
    seconds: f64,
    messages_per_second: u64,
    decided: u64,
    refused: u64,
    steps: BTreeMap<&'static str, u64>,
    refusals: &'a BTreeMap<String, u64>,
}

impl Tally {
    /// Counts a decision.
    pub(super) fn count(&mut self, decision: &DecisionRef<'_>) {
        if let Some(step) = decision.step() {
            *self.steps.entry(step).or_default() += 1;
        } else if let Some(refusal) = decision.refusal() {
            self.count_refusals(refusal.code(), 1);
        }
    }

    /// Counts lines that are not messages.
    pub(super) fn count_invalid(&mut self, lines: usize) {
        if lines > 0 {
            self.count_refusals(INVALID_MESSAGE, lines as u64);
        }
    }

    fn count_refusals(&mut self, code: &str, more: u64) {
        match self.refusals.get_mut(code) {
            Some(count) => *count += more,
            None => {
                self.refusals.insert(code.to_owned(), more);
            }
        }
    }

    /// Adds the counts of another thread.
    pub(super) fn add(&mut self, other: &Self) {
        for (&step, &count) in &other.steps {
            *self.steps.entry(step).or_default() += count;
        }
        for (code, &count) in &other.refusals {
            self.count_refusals(code, count);
        }
    }

    /// The number of lines that were not messages.
    pub(super) fn invalid(&self) -> u64 {
        self.refusals.get(INVALID_MESSAGE).copied().unwrap_or_default()
    }

    /// The summary as text or JSON.
    pub(super) fn summary(&self, format: SummaryFormat, took: Duration) -> String {
        let decided: u64 = self.steps.values().sum();
        let refused: u64 = self.refusals.values().sum();
        let seconds = took.as_secs_f64();
        let rate = ((decided + refused) as f64 / seconds.max(1e-6)).round() as u64;
        match format {
            SummaryFormat::Text => self.text(decided, refused, seconds, rate),
            SummaryFormat::Json => {
                let summary = Summary {
                    messages: decided + refused,
                    seconds,
                    messages_per_second: rate,
                    decided,
                    refused,
                    steps: self.steps.iter().map(|(step, &count)| (step.as_str(), count)).collect(),
                    refusals: &self.refusals,
                };
                // Numbers and strings always serialize.
                serde_json::to_string(&summary).unwrap_or_default() + "\n"
            }
        }
    }

    fn text(&self, decided: u64, refused: u64, seconds: f64, rate: u64) -> String {
        let (bold, red, end) = if is_coloured() { ("\x1b[1m", "\x1b[31m", "\x1b[0m") } else { ("", "", "") };
        let mut text = format!(
            "{bold}{} messages{end} in {seconds:.2} s, {} a second\n",
            grouped(decided + refused),
            grouped(rate)
        );
        let mut line = |mark: &str, indent: &str, name: &str, count: u64| {
            text.push_str(&format!(
                "{mark}{indent}{name:<width$}{:>14}{end}\n",
                grouped(count),
                width = 28 - indent.len()
            ));
        };
        line(bold, "  ", "decided", decided);
        for (step, &count) in &self.steps {
            line("", "    ", step.as_str(), count);
        }
        line(bold, "  ", "refused", refused);
        let mut refusals: Vec<_> = self.refusals.iter().collect();
        refusals.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (code, &count) in refusals {
            line(if code == INVALID_MESSAGE { red } else { "" }, "    ", code, count);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")] {
            assert_eq!(grouped(number), text);
        }
    }
}
