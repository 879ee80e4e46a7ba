//! An explanation for people.

use std::fmt::{Formatter, Result};

use super::{Explanation, narrowing, pinned, sender_verdict, strategy_verdict};
use crate::step::Step;
use callsign_catalog::{Sender, Strategy, escape};
use callsign_engine::contract::sticky::Pin;
use callsign_engine::explain::{SenderVerdict, Trace};

/// How many senders or strategies of one list are written; the JSON form has them all.
const MOST_LINES: usize = 40;

pub(super) fn write(explanation: &Explanation, f: &mut Formatter<'_>) -> Result {
    header(explanation, f)?;
    if let Some(from) = &explanation.from {
        writeln!(f, "\n2 explicit sender: {from}")?;
        for &index in &explanation.registered {
            let sender = &explanation.snapshot.revision.catalog().senders()[index as usize];
            let state = if sender.suspended { "suspended" } else { "active" };
            writeln!(f, "    {} {} ({}, {state})", sender.id, sender.shown(), sender.kind)?;
        }
    }
    if let Some((scope, trace)) = &explanation.trace {
        steps(explanation, *scope, trace, f)?;
    } else if explanation.unexplained {
        writeln!(f, "\nThe policy {} does not explain how it decides.", explanation.decision().policy())?;
    }
    verdict(explanation, f)
}

fn header(explanation: &Explanation, f: &mut Formatter<'_>) -> Result {
    write!(f, "to           {}", escape::line(&explanation.to, escape::QUOTED_CHARACTERS))?;
    if let Some(destination) = &explanation.destination {
        write!(f, " = {} in {}", destination.number, destination.country)?;
        if let Some(code) = destination.area_code {
            write!(f, ", area code {code}")?;
        }
    }
    write!(f, "\napplication  {}", explanation.application)?;
    if let Some(entity) = &explanation.entity {
        write!(f, "\nentity       {entity}")?;
    }
    writeln!(f, "\nchannel      {}", explanation.channel)?;
    writeln!(f, "policy       {}", explanation.decision().policy())
}

fn steps(explanation: &Explanation, scope: u32, trace: &Trace, f: &mut Formatter<'_>) -> Result {
    writeln!(f, "\n3 strategy")?;
    if trace.strategies.is_empty() {
        writeln!(f, "    none here")?;
    }
    for note in trace.strategies.iter().take(MOST_LINES) {
        if let Some((strategy, entity_level)) = explanation.strategy(scope, note.strategy) {
            let (code, words) = strategy_verdict(note.verdict);
            let mark = if code == "CHOSEN" { '>' } else { ' ' };
            writeln!(f, "  {mark} {}: {words} ({})", strategy.id, Scope { strategy, entity_level })?;
        }
    }
    more(trace.strategies.len(), f)?;
    for stage in &trace.stages {
        let (_, words) = narrowing(stage.step);
        writeln!(f, "\n{words}: {} left", stage.left.len())?;
        if stage.left.len() <= 5 {
            for &handle in &stage.left {
                if let Some(sender) = explanation.sender(scope, handle) {
                    writeln!(f, "    {} {}", sender.id, sender.shown())?;
                }
            }
        }
        if matches!(stage.step, callsign_engine::explain::Narrowing::Candidates) {
            sticky(explanation, scope, trace, f)?;
        }
    }
    if !trace.senders.is_empty() {
        writeln!(f, "\nsenders")?;
        // The chosen one first, then the others in the order of the scope.
        let is_chosen = |verdict| matches!(verdict, SenderVerdict::Chosen);
        let chosen = trace.senders.iter().filter(|note| is_chosen(note.verdict));
        let others = trace.senders.iter().filter(|note| !is_chosen(note.verdict));
        for note in chosen.chain(others).take(MOST_LINES) {
            if let Some(sender) = explanation.sender(scope, note.sender) {
                let mark = if is_chosen(note.verdict) { '>' } else { ' ' };
                writeln!(f, "  {mark} {}: {}", Named(sender), sender_verdict(note.verdict).1)?;
            }
        }
        more(trace.senders.len(), f)?;
    }
    if explanation.is_cut {
        writeln!(f, "\nThe policy said more than the scope has, and the rest was cut off.")?;
    }
    Ok(())
}

fn sticky(explanation: &Explanation, scope: u32, trace: &Trace, f: &mut Formatter<'_>) -> Result {
    let Some(pin) = trace.pin else { return Ok(()) };
    match (pin, pinned(explanation, scope, pin)) {
        (_, Some(sender)) => writeln!(f, "\n5 sticky: pinned to {}", Named(sender)),
        (Pin::None, _) => writeln!(f, "\n5 sticky: no pin yet"),
        _ => writeln!(f, "\n5 sticky: pinned to a sender that is not associated here any more"),
    }
}

fn verdict(explanation: &Explanation, f: &mut Formatter<'_>) -> Result {
    let decision = explanation.decision();
    if let Some(refusal) = decision.refusal() {
        return write!(f, "\nrefused      {}: {refusal}", refusal.code());
    }
    if let (Some(sender), Some(step)) = (decision.sender(), decision.step()) {
        write!(f, "\ndecided      {}", Named(sender))?;
        write!(f, "\nstep         {step} ({})", step_in_words(step))?;
        if let Some(strategy) = decision.strategy() {
            write!(f, "\nstrategy     {}", strategy.id)?;
        }
        if explanation.pins {
            write!(f, "\npin          sending it pins the recipient to this sender")?;
        }
    }
    Ok(())
}

fn step_in_words(step: Step) -> &'static str {
    match step {
        Step::Explicit => "the message names its sender",
        Step::DefaultSender => "no candidate, so the default sender",
        Step::Sticky => "the sender that the recipient is pinned to",
        Step::AreaCode => "the recipient's own area code",
        Step::Overlay => "an area code that overlays the recipient's",
        Step::Region => "the recipient's state or province",
        Step::Pool => "spread over what was left",
    }
}

fn more(count: usize, f: &mut Formatter<'_>) -> Result {
    match count.checked_sub(MOST_LINES) {
        Some(rest) if rest > 0 => writeln!(f, "    and {rest} more (the JSON form has them all)"),
        _ => Ok(()),
    }
}

struct Named<'a>(&'a Sender);

impl std::fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} {} ({})", self.0.id, self.0.shown(), self.0.kind)
    }
}

/// What a strategy is limited to.
struct Scope<'a> {
    strategy: &'a Strategy,
    entity_level: bool,
}

impl std::fmt::Display for Scope<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(if self.entity_level { "entity" } else { "application" })?;
        match self.strategy.channel {
            Some(channel) => write!(f, ", {channel}")?,
            None => f.write_str(", any channel")?,
        }
        match &self.strategy.countries {
            None => f.write_str(", any country"),
            Some(countries) if countries.len() > 8 => write!(f, ", {} countries", countries.len()),
            Some(countries) => {
                f.write_str(",")?;
                countries.iter().try_for_each(|country| write!(f, " {country}"))
            }
        }
    }
}
