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
use self::subject::{Found, PoolForm, Subject};
use self::ways::Ways;
use super::cases::{Case, Cases, Expected};
use super::record::record;
use crate::exit::{Exit, Stop, print};
use crate::gateway::unreadable;
use crate::policy_log;
use crate::resolve::ParsedMessage;

/// A fuel budget to count with: too large to be used up before the deadline.
const COUNTING_FUEL: u64 = 1 << 50;

/// Runs the cases of a file within limits.
pub(super) fn run(component: &Path, file: &Path, records: bool, limits: &Limits) -> Result<Exit, Stop> {
    let (cases, text) = Cases::load(file)?;
    if let Some(new) = cases.cases.iter().find(|case| case.expect.is_none())
        && !records
    {
        let error = anyhow::anyhow!("the cases {}: {}: nothing is expected of it", file.display(), new.name);
        return Err(Stop::refused(error).hint("`--record` writes what the policy decides as what is expected."));
    }
    let bytes = fs::read(component).map_err(|error| unreadable("the component", component, error))?;
    let catalog = cases.catalog(file)?;
    let load =
        |limits: &Limits, form| Subject::load(&bytes, limits.clone(), form, component, cases.settings(), &catalog);
    let (loaded, lines) = policy_log::keep(|| load(limits, PoolForm::Advised));
    let subject = loaded?;
    print(&log_lines(&lines))?;
    let parsed = cases.cases.iter().map(Case::message).collect::<Result<Vec<_>, _>>().map_err(Stop::refused)?;
    let attributes: Vec<Vec<(&str, &str)>> = parsed.iter().map(ParsedMessage::attributes).collect();
    let messages: Vec<Message<'_>> =
        parsed.iter().zip(&attributes).map(|(parsed, attributes)| parsed.message(None, attributes)).collect();
    let begun = subject.begin(&cases.cases, &messages);
    let subjects = [subject, load(limits, PoolForm::Asked)?, load(limits, PoolForm::Copied)?];
    let ways = Ways::of(&subjects, &begun);
    let [subject, ..] = &subjects;

    let (mut as_expected, mut recorded) = (0, Vec::new());
    for (index, (case, start)) in cases.cases.iter().zip(&begun).enumerate() {
        let departure = ways.departures.get(index).and_then(Option::as_ref);
        let different = case.expect.as_ref().filter(|expected| !expected.is_met_by(&start.found.decision));
        let is_sound = different.is_none() && departure.is_none();
        as_expected += usize::from(is_sound);
        if is_sound && case.expect.is_none() {
            recorded.push((index, start.found.decision.to_record()));
        }
        let word = match &case.expect {
            _ if !is_sound => "FAILED",
            Some(_) => "ok",
            None => "new",
        };
        let mut report = different.map(|expected| difference(expected, &start.found)).unwrap_or_default();
        report.push_str(&departure.map(|way| way.report(&start.found, &cases.cases)).unwrap_or_default());
        if word == "new" {
            let _ = writeln!(report, "recorded  {}", start.found.decision.to_record());
        }
        report.push_str(&log_lines(&start.lines));
        if different.is_some() {
            let _ = write!(report, "\n{}\n", subject.explain(start));
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
    print(&measure(subject, &load(&counting(limits), PoolForm::Advised)?, &messages))?;
    Ok(if as_expected == total { Exit::Done } else { Exit::InvalidMessages })
}

/// Limits under which instructions are counted.
fn counting(limits: &Limits) -> Limits {
    let mut limits = limits.clone();
    limits.fuel = Some(COUNTING_FUEL);
    limits
}

/// What decisions take, once with the policy as it is, once with one that counts.
fn measure(subject: &Subject, counting: &Subject, messages: &[Message<'_>]) -> String {
    let times = Times::of(subject.gateway(), messages);
    let fresh = Times::fresh(subject, messages);
    let instructions = Instructions::of(counting.gateway(), counting.policy(), messages);
    table(&times, &fresh, &instructions, subject.policy())
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
