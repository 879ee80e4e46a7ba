//! Export and import of pins as JSON lines, and moving pins from one sender to another.

use std::io::{self, BufRead, Read};

use callsign_destination::Number;
use serde::{Deserialize, Serialize};

use crate::error::StickyError;
use crate::listing::{Filter, PinRecord};
use crate::pin::{Pin, PinScope, PinnedSender, Write};
use crate::recipient::Recipient;
use crate::store::StickyStore;
use callsign_destination::Channel;

/// The number of pins that one call to the store reads or writes.
const AT_ONCE: usize = 1_000;

/// The greatest length of a line, in bytes.
const LONGEST_LINE: u64 = 16 * 1024;

/// The greatest length of an id in characters, as in a catalog.
const LONGEST_ID: usize = 255;

/// A pin as a line of JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Line<'a> {
    #[serde(borrow)]
    application_id: std::borrow::Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    entity_id: Option<std::borrow::Cow<'a, str>>,
    /// The hash of the scope, if it is of a later generation of the application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope_hash: Option<String>,
    #[serde(borrow)]
    channel: std::borrow::Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recipient: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recipient_hash: Option<String>,
    #[serde(borrow)]
    sender_id: std::borrow::Cow<'a, str>,
    #[serde(with = "time")]
    first_used: u64,
    #[serde(with = "time")]
    last_used: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    idle_days: u16,
}

/// Seconds since 1970, written as RFC 3339.
mod time {
    use jiff::Timestamp;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(seconds: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        let at = i64::try_from(*seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
        match at {
            Some(at) => serializer.collect_str(&at),
            None => serializer.serialize_u64(*seconds),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either<'a> {
            Seconds(u64),
            Time(#[serde(borrow)] std::borrow::Cow<'a, str>),
        }
        let wrong = || D::Error::custom("expected a time since 1970, such as 2026-09-21T14:13:20Z");
        match Either::deserialize(deserializer).map_err(|_| wrong())? {
            Either::Seconds(seconds) => Ok(seconds),
            Either::Time(text) => {
                let at: Timestamp = text.parse().map_err(|_| wrong())?;
                u64::try_from(at.as_second()).map_err(|_| wrong())
            }
        }
    }
}

fn is_zero(days: &u16) -> bool {
    *days == 0
}

impl PinRecord {
    /// The pin as one JSON object, without an end of line:
    /// `{"applicationId":"shop","entityId":"acme","channel":"SMS","recipient":"+14155550123","senderId":"n1",
    /// "firstUsed":"2026-09-21T14:13:20Z","lastUsed":"2026-09-21T14:13:20Z","idleDays":90}`. `entityId` and `idleDays` are
    /// left out if the pin has none; a store that hashes recipients has `recipientHash` instead of `recipient`. The pin of an application that was removed and made again has `scopeHash` too.
    pub fn to_json(&self) -> String {
        let (recipient, recipient_hash) = match self.recipient {
            Recipient::Number(number) => (Some(number.to_string()), None),
            Recipient::Hash(hash) => (None, Some(hash.to_string())),
        };
        let first = PinScope::new(&self.application, self.entity.as_deref());
        let line = Line {
            application_id: (&*self.application).into(),
            entity_id: self.entity.as_deref().map(Into::into),
            scope_hash: (self.scope != first.hash()).then(|| format!("{:032x}", self.scope)),
            channel: self.channel.as_str().into(),
            recipient,
            recipient_hash,
            sender_id: (&*self.sender).into(),
            first_used: self.pin.first_used,
            last_used: self.pin.last_used,
            idle_days: self.pin.idle_days,
        };
        // Strings and numbers always serialize.
        serde_json::to_string(&line).unwrap_or_default()
    }

    /// Reads a line that [`PinRecord::to_json`] wrote. Earlier versions wrote times in seconds since 1970, which are read too.
    ///
    /// # Errors
    /// What is wrong with the line, as a message.
    pub fn from_json(line: &str) -> Result<Self, String> {
        let line: Line<'_> = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let id = |what: &str, text: &str| {
            let sound = (1..=LONGEST_ID).contains(&text.chars().count()) && !text.chars().any(char::is_control);
            if sound { Ok(Box::from(text)) } else { Err(format!("{what} is not 1 to 255 characters, none a control")) }
        };
        let recipient = match (&line.recipient, &line.recipient_hash) {
            (Some(number), None) => {
                Recipient::Number(Number::parse_e164(number).map_err(|error| format!("recipient {number:?}: {error}"))?)
            }
            (None, Some(hash)) => {
                Recipient::Hash(hash.parse().map_err(|error| format!("recipientHash {hash:?}: {error}"))?)
            }
            _ => return Err("exactly one of `recipient` and `recipientHash` is needed".into()),
        };
        let sender = id("senderId", &line.sender_id)?;
        let mut pin = Pin::new(PinnedSender::new(&sender).key, line.first_used, line.idle_days);
        pin.last_used = line.last_used;
        if pin.last_used < pin.first_used || pin.last_used > u64::from(u32::MAX) {
            return Err("lastUsed is before firstUsed, or after the year 2105".into());
        }
        let application = id("applicationId", &line.application_id)?;
        let entity = line.entity_id.as_deref().map(|text| id("entityId", text)).transpose()?;
        let scope = match &line.scope_hash {
            None => PinScope::new(&application, entity.as_deref()).hash(),
            Some(hash) => {
                let is_hash = hash.len() == 32 && hash.bytes().all(|digit| digit.is_ascii_hexdigit());
                let parsed = is_hash.then(|| u128::from_str_radix(hash, 16).ok()).flatten();
                parsed.ok_or_else(|| format!("scopeHash {hash:?} is not 32 hexadecimal digits"))?
            }
        };
        Ok(Self {
            application,
            entity,
            scope,
            channel: Channel::parse(&line.channel)
                .ok_or_else(|| format!("channel {:?} is not SMS, MMS or RCS", line.channel))?,
            recipient,
            sender,
            pin,
        })
    }
}

/// Calls a function with every pin of a filter, and returns how many there were.
///
/// # Errors
/// The store does not answer, or the function failed.
pub fn each_pin(
    store: &dyn StickyStore,
    filter: &Filter<'_>,
    mut each: impl FnMut(&PinRecord) -> io::Result<()>,
) -> Result<u64, TransferError> {
    let (mut after, mut total) = (None, 0);
    loop {
        let page = store.list(filter, after.as_ref(), AT_ONCE)?;
        for record in &page.pins {
            each(record).map_err(|source| TransferError::Write { source })?;
            total += 1;
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(total),
        }
    }
}

/// The result of an import.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// Pins that were written.
    pub written: u64,
    /// Pins that the store already had, with the same sender.
    pub known: u64,
    /// Pins that the store already had with another sender, and kept.
    pub kept: u64,
}

/// Writes the pins of JSON lines, as `PinRecord::to_json` writes them. Pins that the store already has stay as they
/// are, so an import that was interrupted can be run again. `progress` is called with the number of bytes read so far.
///
/// # Errors
/// A line is not a pin (the error has its number), or the store does not answer. Earlier lines may have been written or
/// not.
pub fn import(
    store: &dyn StickyStore,
    mut input: impl BufRead,
    mut progress: impl FnMut(u64),
) -> Result<Imported, TransferError> {
    let mut imported = Imported::default();
    let (mut line, mut number, mut bytes) = (String::new(), 0, 0);
    let mut records = Vec::with_capacity(AT_ONCE);
    loop {
        line.clear();
        let read = input.by_ref().take(LONGEST_LINE + 1).read_line(&mut line);
        let read = read.map_err(|source| TransferError::Read { line: number + 1, source })?;
        number += 1;
        bytes += read as u64;
        let fault = |message: String| TransferError::Line { line: number, message };
        if read as u64 > LONGEST_LINE {
            return Err(fault(format!("more than {LONGEST_LINE} bytes")));
        }
        if !line.trim().is_empty() {
            records.push(PinRecord::from_json(line.trim_end()).map_err(fault)?);
        }
        if records.len() == AT_ONCE || read == 0 {
            restore(store, &records, &mut imported)?;
            records.clear();
            progress(bytes);
        }
        if read == 0 {
            return Ok(imported);
        }
    }
}

fn restore(store: &dyn StickyStore, records: &[PinRecord], imported: &mut Imported) -> Result<(), TransferError> {
    let writes = records.iter().map(|record| Write {
        key: record.key(),
        expected: None,
        sender: PinnedSender { key: record.pin.sender, id: &record.sender },
        idle_days: record.pin.idle_days,
        used: Some((record.pin.first_used, record.pin.last_used)),
    });
    let writes: Vec<Write<'_>> = writes.collect();
    for (answer, record) in store.write(&writes).into_iter().zip(records) {
        match answer? {
            None => imported.written += 1,
            Some(pin) if pin.sender == record.pin.sender => imported.known += 1,
            Some(_) => imported.kept += 1,
        }
    }
    Ok(())
}

/// Moves every pin of one sender to another. A pin that gets a third sender meanwhile keeps it. A pin that is released
/// between being read and being moved comes back with the new sender. `progress` is called with the number of pins
/// moved so far.
///
/// # Errors
/// The store does not answer. Earlier pins have been moved, and the move can be run again.
pub fn migrate(
    store: &dyn StickyStore,
    from: PinnedSender<'_>,
    to: PinnedSender<'_>,
    mut progress: impl FnMut(u64),
) -> Result<u64, TransferError> {
    if from.key == to.key {
        return Ok(0);
    }
    let (mut after, mut moved) = (None, 0);
    loop {
        let page = store.list(&Filter::Sender(from), after.as_ref(), AT_ONCE)?;
        let writes = page.pins.iter().map(|record| Write {
            key: record.key(),
            expected: Some(from.key),
            sender: to,
            idle_days: record.pin.idle_days,
            // Moving a pin does not count as a use of it.
            used: Some((record.pin.first_used, record.pin.last_used)),
        });
        for answer in store.write(&writes.collect::<Vec<_>>()) {
            moved += u64::from(answer?.is_none());
        }
        progress(moved);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(moved),
        }
    }
}

/// Why an export, an import or a move failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StickyError),
    /// The input cannot be read.
    #[error("line {line} cannot be read")]
    Read {
        /// The line, from 1.
        line: u64,
        /// Why.
        source: io::Error,
    },
    /// A line is not a pin.
    #[error("line {line}: {message}")]
    Line {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        message: String,
    },
    /// The output cannot be written.
    #[error("the pins cannot be written")]
    Write {
        /// Why.
        source: io::Error,
    },
}
