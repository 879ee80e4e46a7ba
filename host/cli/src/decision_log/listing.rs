//! `callsign log find`: decisions on the screen.

use callsign::escape;
use callsign_log::{LogError, LoggedDecision, Page};

use super::FindArguments;
use crate::exit::{Exit, Stop, print, say};
use crate::table;

/// The most characters of a cell; JSON has all.
const MAX_CELL: usize = 64;

pub(super) fn find(arguments: &FindArguments) -> Result<Exit, Stop> {
    let mut query = arguments.query()?;
    if arguments.show_recipients {
        query = query.show_recipients();
    }
    let key = arguments.key()?;
    let page = callsign_log::find(&arguments.log.log, &query, key.as_ref()).map_err(unreadable)?;
    print(&if arguments.json { lines(&page)? } else { words(&page) })?;
    if let Some(next) = page.next {
        say(&format!("more with --after {next}\n"));
    }
    Ok(exit(&page.faults, page.decisions.is_empty()))
}

/// A log that cannot be read at all.
pub(super) fn unreadable(error: LogError) -> Stop {
    match error {
        LogError::Io { ref cause, .. } if cause.kind() != std::io::ErrorKind::NotFound => Stop::failed(error),
        other => Stop::refused(other),
    }
}

/// Tells what could not be read.
pub(super) fn exit(faults: &[LogError], is_empty: bool) -> Exit {
    for fault in faults {
        say(&format!("callsign: {fault}\n"));
    }
    match (faults, is_empty) {
        ([_, ..], _) => Exit::Failed,
        ([], true) => Exit::InvalidMessages,
        ([], false) => Exit::Done,
    }
}

fn lines(page: &Page) -> Result<String, Stop> {
    let mut text = String::new();
    for decision in &page.decisions {
        text += &serde_json::to_string(decision).map_err(Stop::failed)?;
        text.push('\n');
    }
    Ok(text)
}

fn words(page: &Page) -> String {
    if page.decisions.is_empty() {
        return "nothing found\n".to_owned();
    }
    let head = ["TIME", "MESSAGE", "SCOPE", "CHANNEL", "TO", "SENDER", "WHY"];
    table::text(head, page.decisions.iter().map(row))
}

fn row(decision: &LoggedDecision) -> [String; 7] {
    let application = decision.application_id.as_deref().unwrap_or(callsign::DEFAULT_APPLICATION);
    let scope = match &decision.entity_id {
        Some(entity) => format!("{application}/{entity}"),
        None => application.to_owned(),
    };
    let channel =
        if decision.is_fallback { format!("{} fallback", decision.channel) } else { decision.channel.to_owned() };
    let why = match (&decision.refusal, &decision.sending_strategy_id, &decision.step) {
        (Some(refusal), ..) => refusal.code.clone(),
        (_, Some(strategy), Some(step)) => format!("{step} of {strategy}"),
        (_, None, Some(step)) => step.clone(),
        _ => String::new(),
    };
    // A line of a table is one line, whatever a message had.
    let or_dash =
        |text: &Option<String>| text.as_deref().map_or_else(|| "-".to_owned(), |text| escape::line(text, MAX_CELL));
    let to = decision.to.as_ref().or(decision.recipient_hash.as_ref()).cloned();
    [decision.rfc3339(), or_dash(&decision.message_id), scope, channel, or_dash(&to), or_dash(&decision.sender_id), why]
}
