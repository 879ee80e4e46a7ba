//! An explanation for people.

use std::fmt::{Formatter, Result};

use super::{Explanation, pinned, words};
use crate::refusal::NotCapable;
use crate::resolve::explicit::incapable;
use crate::step::Step;
use callsign_catalog::{Sender, Strategy, escape};
use callsign_engine::contract::sticky::Pin;
use callsign_engine::explain::{SenderNote, Trace};
use callsign_engine::words::{narrowing, verdict};
use callsign_index::DEFAULT_APPLICATION;

/// How many senders or strategies of one list are written; the JSON form has them all.
const MOST_LINES: usize = 40;

pub(super) fn write(explanation: &Explanation, f: &mut Formatter<'_>) -> Result {
    let Some(others) = &explanation.others else { return one_channel(explanation, f) };
    for one in &others.before {
        writeln!(f, "--- {}, which is preferred and has no sender ---", one.message.channel())?;
        one_channel(one, f)?;
        writeln!(f, "\n")?;
    }
    writeln!(f, "--- {} ---", explanation.message.channel())?;
    one_channel(explanation, f)?;
    for one in &others.after {
        writeln!(f, "\n\n--- {}, the fallback ---", one.message.channel())?;
        one_channel(one, f)?;
    }
    Ok(())
}

fn one_channel(explanation: &Explanation, f: &mut Formatter<'_>) -> Result {
    header(explanation, f)?;
    explicit(explanation, f)?;
    if let Some((scope, trace)) = &explanation.trace {
        steps(explanation, *scope, trace, f)?;
    } else if explanation.unexplained {
        writeln!(f, "\nThe policy {} does not explain how it decides.", explanation.decision().policy())?;
    }
    verdict_of(explanation, f)
}

fn header(explanation: &Explanation, f: &mut Formatter<'_>) -> Result {
    let attributes = explanation.message.attributes();
    let message = explanation.message.get(&attributes);
    write!(f, "to           {}", escape::line(message.to, escape::QUOTED_CHARACTERS))?;
    if let Some(destination) = &explanation.destination {
        write!(f, " = {} in {}", destination.number, destination.country)?;
        if let Some(code) = destination.area_code {
            write!(f, ", area code {code}")?;
        }
    }
    write!(f, "\napplication  {}", message.application.unwrap_or(DEFAULT_APPLICATION))?;
    if let Some(entity) = message.entity {
        write!(f, "\nentity       {entity}")?;
    }
    write!(f, "\nchannel      {}", message.channel)?;
    if let Some(message_type) = message.message_type {
        write!(f, "\nmessage type {}", message_type.as_str())?;
    }
    for (name, value) in message.attributes.iter() {
        write!(f, "\nattribute    {name} {}", escape::quoted(value))?;
    }
    writeln!(f, "\npolicy       {}", explanation.decision().policy())
}

fn explicit(explanation: &Explanation, f: &mut Formatter<'_>) -> Result {
    let attributes = explanation.message.attributes();
    let message = explanation.message.get(&attributes);
    let (Some(from), snapshot) = (message.from, &explanation.snapshot) else { return Ok(()) };
    writeln!(f, "\n2 explicit sender: {from}")?;
    for &index in &explanation.registered {
        let sender = &snapshot.revision.catalog().senders()[index as usize];
        write!(f, "    {} {} ({}, ", sender.id, sender.shown(), sender.kind)?;
        let destination = explanation.destination.as_ref();
        let country = destination.map_or("the destination", |destination| destination.country.as_str());
        match destination.and_then(|destination| incapable(snapshot, &message, destination, index)) {
            Some(NotCapable::Suspended) => f.write_str("suspended")?,
            Some(NotCapable::NotCovered) => write!(f, "active, does not cover {} to {country}", message.channel)?,
            Some(NotCapable::NotRegistered(registration)) => {
                write!(f, "active, registration {} in {country}", registration.as_str().to_lowercase())?;
            }
            Some(NotCapable::TypeNotTaken) => write!(f, "active, {country} takes no {} senders", sender.kind)?,
            Some(NotCapable::MessageType { .. }) => write!(f, "active, {}", words::only_for(sender))?,
            None => f.write_str(if sender.suspended { "suspended" } else { "active" })?,
        }
        writeln!(f, ")")?;
    }
    Ok(())
}

fn steps(explanation: &Explanation, scope: u32, trace: &Trace, f: &mut Formatter<'_>) -> Result {
    writeln!(f, "\n3 strategy")?;
    if trace.strategies.is_empty() {
        writeln!(f, "    none here")?;
    }
    for note in trace.strategies.iter().take(MOST_LINES) {
        if let Some((strategy, entity_level)) = explanation.strategy(scope, note.strategy) {
            let (code, words) = words::strategy(note.verdict);
            let mark = if code == "CHOSEN" { '>' } else { ' ' };
            writeln!(f, "  {mark} {}: {words} ({})", strategy.id, Scope { strategy, entity_level })?;
        }
    }
    more(trace.strategies.len(), f)?;
    let mut is_before_pin = true;
    for stage in &trace.stages {
        if is_before_pin && !matches!(stage.step, narrowing::CANDIDATES | narrowing::FILTER | narrowing::HEALTHY) {
            is_before_pin = false;
            sticky(explanation, scope, trace, f)?;
        }
        let (_, words) = words::narrowing(stage.step);
        writeln!(f, "\n{words}: {} left", stage.left.len())?;
        if stage.left.len() <= 5 {
            for &handle in &stage.left {
                if let Some(sender) = explanation.sender(scope, handle) {
                    writeln!(f, "    {} {}", sender.id, sender.shown())?;
                }
            }
        }
    }
    if is_before_pin && !trace.stages.is_empty() {
        sticky(explanation, scope, trace, f)?;
    }
    if !trace.senders.is_empty() {
        writeln!(f, "\nsenders")?;
        // The chosen one first, then the others in the order of the scope.
        let is_chosen = |note: &&SenderNote| note.verdict == verdict::CHOSEN;
        let chosen = trace.senders.iter().filter(is_chosen);
        let others = trace.senders.iter().filter(|note| !is_chosen(note));
        for note in chosen.chain(others).take(MOST_LINES) {
            if let Some(sender) = explanation.sender(scope, note.sender) {
                let mark = if is_chosen(&note) { '>' } else { ' ' };
                let (_, words) = words::sender(explanation, trace, note, sender);
                writeln!(f, "  {mark} {}: {words}", Named(sender))?;
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
        (Pin::Held(handle), Some(sender)) => {
            let is_it = |note: &SenderNote| note.sender == handle && note.verdict == verdict::UNHEALTHY;
            let passed_over = match trace.senders.iter().any(is_it) {
                true => ", passed over for its health",
                false => "",
            };
            writeln!(f, "\n5 sticky: pinned to {}{passed_over}", Named(sender))
        }
        (Pin::None, _) => writeln!(f, "\n5 sticky: no pin yet"),
        _ => writeln!(f, "\n5 sticky: pinned to a sender that is not associated here any more"),
    }
}

fn verdict_of(explanation: &Explanation, f: &mut Formatter<'_>) -> Result {
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
