//! A report for people at a terminal.

use std::fmt::{self, Display, Formatter};

use jiff::Timestamp;

use super::{Part, WhatIfReport, percent};

/// How many lines of a list are written; the JSON form has more.
const LINES: usize = 12;

/// How many examples of a kind of change are written.
const EXAMPLES: usize = 3;

impl Display for WhatIfReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for line in &self.instead {
            writeln!(f, "instead       {line}")?;
        }
        if let Some((first, last)) = self.period {
            writeln!(f, "decisions of  {} to {}", time_text(first), time_text(last))?;
        }
        let rate = (self.records as f64 / self.seconds.max(1e-6)) as u64;
        writeln!(f, "records       {}, in {:.1} s, {} a second", grouped(self.records), self.seconds, grouped(rate))?;
        writeln!(f, "compared      {}", grouped(self.compared))?;
        for (reason, records) in self.not_compared.iter() {
            writeln!(f, "  not         {:>14}  {}", grouped(records), reason.words())?;
        }
        if self.dropped > 0 {
            writeln!(f, "  not         {:>14}  dropped when the log was written", grouped(self.dropped))?;
        }
        for line in self.missing.iter().chain(&self.faults).take(LINES) {
            writeln!(f, "  note        {line}")?;
        }
        if !self.is_complete {
            writeln!(f, "  note        only a part of the log was read")?;
        }
        writeln!(f, "\nchanged       {}", self.share(self.changed))?;
        for count in &self.changes {
            writeln!(f, "  {:<42} {}", count.change.words(), self.share(count.decisions))?;
        }
        for (what, count) in [
            ("pins that would move", self.pins.moved),
            ("pins that would be new", self.pins.new),
            ("pins that would not be made", self.pins.gone),
        ] {
            if count.decisions > 0 {
                writeln!(f, "  {what:<42} {}, of {} recipients", grouped(count.decisions), grouped(count.recipients))?;
            }
        }
        self.steps(f)?;
        parts(f, "by channel", &self.channels)?;
        parts(f, "by country", &self.countries)?;
        parts(f, "by entity", &self.entities)?;
        self.refusals(f)?;
        self.senders(f)?;
        self.examples(f)
    }
}

impl WhatIfReport {
    fn share(&self, decisions: u64) -> String {
        format!("{:>14}  {:>6.2} %", grouped(decisions), percent(decisions, self.compared))
    }

    fn steps(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let moves: Vec<_> = self.steps.iter().filter(|flow| flow.before != flow.after).take(LINES).collect();
        if !moves.is_empty() {
            writeln!(f, "\nby step")?;
        }
        for flow in moves {
            writeln!(f, "  {:<42} {}", format!("{} -> {}", flow.before, flow.after), self.share(flow.decisions))?;
        }
        Ok(())
    }

    fn refusals(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.refusals.is_empty() {
            return Ok(());
        }
        writeln!(f, "\n{:<30} {:>12} {:>12} {:>12} {:>12}", "refusals", "before", "after", "new", "gone")?;
        for refusal in self.refusals.iter().take(LINES) {
            let [before, after, new, gone] = [refusal.before, refusal.after, refusal.new, refusal.gone].map(grouped);
            writeln!(f, "  {:<28} {before:>12} {after:>12} {new:>12} {gone:>12}", refusal.code)?;
        }
        Ok(())
    }

    fn senders(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let moved: Vec<_> = self.senders.iter().filter(|sender| sender.before != sender.after).take(LINES).collect();
        if moved.is_empty() {
            return Ok(());
        }
        writeln!(f, "\n{:<30} {:>12} {:>12} {:>12} {:>12}", "senders", "weight", "before", "after", "difference")?;
        for sender in moved {
            let weight = sender.weight.map_or("-".to_owned(), |weight| weight.to_string());
            let difference = sender.after as i64 - sender.before as i64;
            let sign = if difference < 0 { '-' } else { '+' };
            let difference = format!("{sign}{}", grouped(difference.unsigned_abs()));
            let (before, after) = (grouped(sender.before), grouped(sender.after));
            writeln!(f, "  {:<28} {weight:>12} {before:>12} {after:>12} {difference:>12}", sender.sender_id)?;
        }
        Ok(())
    }

    fn examples(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for count in &self.changes {
            let examples: Vec<_> =
                self.examples.iter().filter(|one| one.change == count.change).take(EXAMPLES).collect();
            if !examples.is_empty() {
                writeln!(f, "\nexamples: {}", count.change.words())?;
            }
            for example in examples {
                let scope = match &example.entity_id {
                    Some(entity) => format!("{}/{entity}", example.application_id),
                    None => example.application_id.clone(),
                };
                let id = example.message_id.as_deref().unwrap_or("-");
                writeln!(f, "  {} {id} {scope} {} to {}", time_text(example.time), example.channel, example.to)?;
                writeln!(f, "    before  {}\n    after   {}", example.before, example.after)?;
            }
        }
        Ok(())
    }
}

fn parts(f: &mut Formatter<'_>, title: &str, parts: &[Part]) -> fmt::Result {
    if parts.iter().all(|part| part.changed == 0) {
        return Ok(());
    }
    writeln!(f, "\n{title:<30} {:>12} {:>12} {:>9}", "compared", "changed", "share")?;
    for part in parts.iter().filter(|part| part.changed > 0).take(LINES) {
        let share = percent(part.changed, part.compared);
        writeln!(f, "  {:<28} {:>12} {:>12} {share:>7.2} %", part.name, grouped(part.compared), grouped(part.changed))?;
    }
    Ok(())
}

/// A time in microseconds since 1970, to the second.
pub(crate) fn time_text(micros: u64) -> String {
    let seconds = i64::try_from(micros / 1_000_000).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).map_or_else(|_| "?".to_owned(), |time| time.to_string())
}

/// A number as reports for people have it, with commas between its thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
