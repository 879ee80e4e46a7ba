//! `callsign policy test`: decides cases with a component in every way that a host calls one, and measures its decisions.

mod measure;
mod pins;
mod subject;
mod ways;

use std::fmt::Write;
use std::fs;
use std::path::Path;

use callsign::{Limits, Message};

use self::measure::{Instructions, Times, table};
use self::subject::{Found, Subject};
use self::ways::Ways;
use super::cases::{Case, Cases, Expected};
use super::record::record;
use crate::exit::{Exit, Stop, print};
use crate::gateway::unreadable;
use crate::policy_log;

/// A fuel budget to count with: too large to be used up before the deadline.
const COUNTING_FUEL: u64 = 1 << 50;

pub(super) fn run(component: &Path, file: &Path, records: bool) -> Result<Exit, Stop> {
    let (cases, text) = Cases::load(file)?;
    if let Some(new) = cases.cases.iter().find(|case| case.expect.is_none())
        && !records
    {
        let error = anyhow::anyhow!("the cases {}: {}: nothing is expected of it", file.display(), new.name);
        return Err(Stop::refused(error).hint("`--record` writes what the policy decides as what is expected."));
    }
    let bytes = fs::read(component).map_err(|error| unreadable("the component", component, error))?;
    let subject = Subject::load(&bytes, Limits::default(), component, &cases, file)?;

    let (settings, lines) = policy_log::keep(|| subject.gateway());
    let gateway = settings?;
    print(&log_lines(&lines))?;
    let begun = subject.begin(&gateway, &cases.cases);
    let ways = Ways::of(&subject, &gateway, &begun);

    let (mut as_expected, mut recorded) = (0, Vec::new());
    for (index, (case, start)) in cases.cases.iter().zip(&begun).enumerate() {
        let departure = ways.departures.get(index).and_then(Option::as_ref);
        let differs = case.expect.as_ref().is_some_and(|expected| !expected.is_met_by(&start.found.decision));
        let (word, mut report) = match (&case.expect, differs || departure.is_some()) {
            (_, true) => ("FAILED", String::new()),
            (Some(_), false) => ("ok", String::new()),
            (None, false) => ("new", format!("recorded  {}\n", start.found.decision.to_record())),
        };
        if let Some(expected) = case.expect.as_ref().filter(|_| differs) {
            report.push_str(&difference(expected, &start.found));
        }
        if let Some(departure) = departure {
            report.push_str(&departure.report(&start.found, &cases.cases));
        }
        report.push_str(&log_lines(&start.lines));
        if differs {
            let _ = write!(report, "\n{}\n", subject.explain(&gateway, case, start));
        }
        as_expected += usize::from(!differs && departure.is_none());
        if case.expect.is_none() && departure.is_none() {
            recorded.push((index, start.found.decision.to_record()));
        }
        print(&format!("{word:8}{}\n{}", case.name, indented(&report)))?;
    }
    let total = cases.cases.len();
    print(&format!("{as_expected} of {total} cases are as expected, each {}\n\n", ways.describe()))?;
    if !recorded.is_empty() {
        record(file, &text, &recorded).map_err(Stop::failed)?;
        let cases =
            if recorded.len() == 1 { "1 new case is".into() } else { format!("{} new cases are", recorded.len()) };
        print(&format!("{cases} written to {}\n\n", file.display()))?;
    }

    let mut limits = Limits::default();
    limits.fuel = Some(COUNTING_FUEL);
    let counting = Subject::load(&bytes, limits, component, &cases, file)?;
    let messages: Vec<Message<'_>> = cases.cases.iter().map(Case::message).collect();
    let times = Times::of(&gateway, &messages);
    let instructions = Instructions::of(&counting.gateway()?, counting.policy(), &messages);
    print(&table(&times, &instructions, subject.policy()))?;
    Ok(if as_expected == total { Exit::Done } else { Exit::InvalidMessages })
}

/// How a decision differs from the expected one.
fn difference(expected: &Expected, found: &Found) -> String {
    format!("expected  {expected}\n     got  {found}\n")
}

fn log_lines(lines: &[String]) -> String {
    lines.iter().map(|line| format!("log       {line}\n")).collect()
}

/// Lines under the name of a case.
fn indented(lines: &str) -> String {
    lines.lines().map(|line| if line.is_empty() { "\n".into() } else { format!("        {line}\n") }).collect()
}
