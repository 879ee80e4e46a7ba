//! `callsign sticky get`, `list` and `stats`: pins on the screen.

use callsign::PinKey;
use callsign::sticky::{Filter, PinRecord, StickyError, StickyStore};
use serde_json::json;

use crate::exit::{Exit, Stop, print, say};
use crate::table;

/// The pin of a key with its ids, which stores give in lists only.
pub(super) fn record(store: &dyn StickyStore, key: &PinKey<'_>) -> Result<Option<PinRecord>, Stop> {
    let mut after = None;
    loop {
        let page = store.list(&Filter::Recipient(key.recipient), after.as_ref(), 1_000).map_err(Stop::failed)?;
        let is_it = |record: &PinRecord| (record.scope, record.channel) == (key.scope.hash(), key.channel);
        let found = page.pins.into_iter().find(is_it);
        match (found, page.next) {
            (None, Some(next)) => after = Some(next),
            (found, _) => return Ok(found),
        }
    }
}

pub(super) fn get(store: &dyn StickyStore, key: &PinKey<'_>, json: bool) -> Result<Exit, Stop> {
    let Some(record) = record(store, key)? else {
        print(if json { "null\n" } else { "no pin\n" })?;
        return Ok(Exit::InvalidMessages);
    };
    let text = if json { record.to_json() + "\n" } else { pins(std::slice::from_ref(&record)) };
    print(&text).map(|()| Exit::Done)
}

pub(super) fn list(
    store: &dyn StickyStore,
    filter: &Filter<'_>,
    limit: usize,
    after: Option<&str>,
    json: bool,
) -> Result<Exit, Stop> {
    let after = after.map(str::parse).transpose().map_err(Stop::refused)?;
    let page = store.list(filter, after.as_ref(), limit).map_err(bad_position(after.is_some()))?;
    let text = match json {
        true => page.pins.iter().map(|record| record.to_json() + "\n").collect(),
        false if page.pins.is_empty() => "no pins\n".to_owned(),
        false => pins(&page.pins),
    };
    print(&text)?;
    if let Some(next) = page.next {
        say(&format!("more with --after {next}\n"));
    }
    Ok(Exit::Done)
}

/// If a position was given, an error is most likely its fault: it may be of another store.
fn bad_position(given: bool) -> impl Fn(StickyError) -> Stop {
    move |error| if given { Stop::refused(error) } else { Stop::failed(error) }
}

pub(super) fn stats(store: &dyn StickyStore, filter: &Filter<'_>, json: bool) -> Result<Exit, Stop> {
    let pins = store.count(filter).map_err(Stop::failed)?;
    let bytes = match filter {
        Filter::All => store.disk_space().map_err(Stop::failed)?,
        _ => None,
    };
    let text = match (json, bytes) {
        (true, bytes) => json!({"pins": pins, "bytes": bytes}).to_string() + "\n",
        (false, Some(bytes)) => format!("{pins} pins, {bytes} bytes on the disk\n"),
        (false, None) => format!("{pins} pins\n"),
    };
    print(&text).map(|()| Exit::Done)
}

/// A time for people, in UTC.
fn time(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    time.map_or_else(|| seconds.to_string(), |time| time.to_string())
}

/// Pins as a table for people.
fn pins(records: &[PinRecord]) -> String {
    let rows = records.iter().map(|record| {
        let scope = match &record.entity {
            Some(entity) => format!("{}/{entity}", record.application),
            None => record.application.to_string(),
        };
        let ends = match record.pin.idle_days {
            0 => "never".to_owned(),
            days => format!("after {days} idle days"),
        };
        let first = time(record.pin.first_used);
        [scope, record.channel.to_string(), record.recipient.to_string(), record.sender.to_string(), first, ends]
    });
    table::text(["SCOPE", "CHANNEL", "RECIPIENT", "SENDER", "FIRST USED", "ENDS"], rows)
}
