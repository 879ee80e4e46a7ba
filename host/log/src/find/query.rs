//! What to look for in a log.

use std::time::Instant;

use callsign_destination::Number;

use super::position::Position;
use crate::key::LogKey;
use crate::names::{from_hex, hex};
use crate::parquet_file::{Field, Filter, Wanted};
use crate::reader::TimeRange;
use crate::record::{Answer, Recipient, Record};

/// The most decisions of a page.
pub const MAX_PAGE: usize = 1000;

/// The application of messages that name none.
const DEFAULT_APPLICATION: &str = "default";

/// Which decisions to look for: those that pass every filter, newest first. Without a filter, all.
#[derive(Debug, Clone)]
pub struct Query {
    pub(super) message_id: Option<Box<str>>,
    pub(super) to: Option<To>,
    pub(super) sender: Option<Box<str>>,
    pub(super) refusal: Option<Box<str>>,
    pub(super) application: Option<Box<str>>,
    pub(super) entity: Option<Box<str>>,
    pub(super) since: u64,
    pub(super) until: u64,
    pub(super) limit: usize,
    pub(super) after: Option<Position>,
    pub(super) give_up: Option<Instant>,
    shows_recipients: bool,
}

/// A recipient that is looked for.
#[derive(Debug, Clone)]
pub(super) struct To {
    text: Box<str>,
    /// All forms of it.
    numbers: Vec<Number>,
    sealed: Vec<[u8; 16]>,
    /// Whether it was given as what a log shows of a recipient that is sealed.
    is_hash: bool,
}

/// A query that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The limit is out of its range.
    #[error("the limit is {limit}; it must be 1 to {MAX_PAGE}")]
    Limit {
        /// What was asked for.
        limit: usize,
    },
    /// No time is both.
    #[error("no decision can be found: `until` is not after `since`")]
    NoTime,
}

impl Default for Query {
    fn default() -> Self {
        Self::new()
    }
}

impl Query {
    /// All decisions, 100 of them.
    pub fn new() -> Self {
        Self {
            message_id: None,
            to: None,
            sender: None,
            refusal: None,
            application: None,
            entity: None,
            since: 0,
            until: u64::MAX,
            limit: 100,
            after: None,
            give_up: None,
            shows_recipients: false,
        }
    }

    /// Of the message with this `messageId`.
    pub fn message_id(self, id: &str) -> Self {
        Self { message_id: Some(id.into()), ..self }
    }

    /// To this recipient: a number, in any of its forms; or what a log with sealed recipients shows, 32 hexadecimal digits; or a
    /// text that is no number, as it was in the message. Where recipients are sealed, a number and a text need the key of the log.
    pub fn to(self, text: &str) -> Self {
        let mut numbers = Number::parse(text).map_or_else(|_| Vec::new(), |number| vec![number]);
        if let [number] = *numbers {
            numbers.extend(number.forms());
            numbers.dedup();
        }
        let hash = from_hex(text);
        let to = To { text: text.into(), numbers, sealed: hash.into_iter().collect(), is_hash: hash.is_some() };
        Self { to: Some(to), ..self }
    }

    /// That this sender carries.
    pub fn sender(self, id: &str) -> Self {
        Self { sender: Some(id.into()), ..self }
    }

    /// That were refused with this code.
    pub fn refusal(self, code: &str) -> Self {
        Self { refusal: Some(code.into()), ..self }
    }

    /// Of messages of this application; those that name none are of `default`.
    pub fn application(self, id: &str) -> Self {
        Self { application: Some(id.into()), ..self }
    }

    /// Of messages of this entity.
    pub fn entity(self, id: &str) -> Self {
        Self { entity: Some(id.into()), ..self }
    }

    /// That began in this time, in microseconds since 1970-01-01 UTC: at `since` or later, and before `until`.
    ///
    /// # Errors
    /// No time is both.
    pub fn between(self, since: Option<u64>, until: Option<u64>) -> Result<Self, QueryError> {
        let (since, until) = (since.unwrap_or(0), until.unwrap_or(u64::MAX));
        if since < until { Ok(Self { since, until, ..self }) } else { Err(QueryError::NoTime) }
    }

    /// At most so many, 1 to [`MAX_PAGE`].
    ///
    /// # Errors
    /// The number is out of this range.
    pub fn limit(self, limit: usize) -> Result<Self, QueryError> {
        if (1..=MAX_PAGE).contains(&limit) { Ok(Self { limit, ..self }) } else { Err(QueryError::Limit { limit }) }
    }

    /// Those before this position, which the page before gave as its `next`.
    pub fn after(self, position: Position) -> Self {
        Self { after: Some(position), ..self }
    }

    /// With the numbers of recipients that are sealed, where the key is given.
    pub fn show_recipients(self) -> Self {
        Self { shows_recipients: true, ..self }
    }

    /// Gives up at this time, with what was found until then and the position to go on from.
    pub fn give_up_at(self, time: Instant) -> Self {
        Self { give_up: Some(time), ..self }
    }

    /// With a recipient as a log with this key has it.
    pub(super) fn sealed(&self, key: Option<&LogKey>) -> Self {
        let mut query = self.clone();
        if let (Some(to), Some(key)) = (&mut query.to, key)
            && !to.is_hash
        {
            to.sealed.extend(to.numbers.iter().map(|&number| key.seal(number)));
            if to.numbers.is_empty() {
                to.sealed.push(key.seal_text(&to.text));
            }
        }
        query
    }

    /// Whether it needs a key to find recipients that are sealed.
    pub(super) fn needs_key(&self) -> bool {
        self.to.as_ref().is_some_and(|to| !to.is_hash)
    }

    /// Whether a record passes, by all but its position.
    pub(crate) fn passes(&self, record: &Record<'_>) -> bool {
        let is =
            |wanted: &Option<Box<str>>, text: Option<&str>| wanted.as_ref().is_none_or(|wanted| text == Some(wanted));
        let (sender, refusal) = match record.answer {
            Answer::Decided { sender, .. } => (Some(sender), None),
            Answer::Refused { code } => (None, Some(code)),
        };
        (self.since..self.until).contains(&record.time)
            && is(&self.message_id, record.message_id)
            && is(&self.sender, sender)
            && is(&self.refusal, refusal)
            && is(&self.entity, record.entity)
            && is(&self.application, record.application.or(Some(DEFAULT_APPLICATION)))
            && self.to.as_ref().is_none_or(|to| to.is(record.recipient))
    }

    /// Whether recipients that are sealed are shown.
    pub(super) fn shows_recipients(&self) -> bool {
        self.shows_recipients
    }

    /// The time that is looked at.
    pub(crate) fn times(&self) -> TimeRange {
        TimeRange { since: self.since, until: self.until }
    }

    /// Bytes that stand as they are in every block with a record that passes: one of each list.
    pub(super) fn needles(&self) -> Vec<Vec<Vec<u8>>> {
        let texts = [&self.message_id, &self.entity, &self.sender, &self.refusal];
        let mut needles: Vec<Vec<Vec<u8>>> =
            texts.into_iter().flatten().map(|text| vec![text.as_bytes().into()]).collect();
        needles.extend(self.to.as_ref().map(To::needles));
        needles.extend(
            self.application.as_ref().filter(|id| ***id != *DEFAULT_APPLICATION).map(|id| vec![id.as_bytes().into()]),
        );
        needles
    }

    /// What the columns of a Parquet file must have.
    pub(crate) fn filter(&self) -> Filter {
        let mut wanted = Vec::new();
        let texts = [
            (Field::MessageId, &self.message_id),
            (Field::Entity, &self.entity),
            (Field::Sender, &self.sender),
            (Field::Refusal, &self.refusal),
        ];
        if let Some(to) = &self.to {
            wanted.push((Field::Recipient, Wanted::Texts(to.texts())));
        }
        for (field, text) in texts {
            wanted.extend(text.clone().map(|text| (field, Wanted::Texts(vec![text]))));
        }
        wanted.extend(self.application.clone().map(|id| match &*id {
            DEFAULT_APPLICATION => (Field::Application, Wanted::TextsOrNone(vec![id])),
            _ => (Field::Application, Wanted::Texts(vec![id])),
        }));
        if self.since > 0 || self.until < u64::MAX {
            let bound = |time: u64| i64::try_from(time).unwrap_or(i64::MAX);
            wanted.push((Field::Time, Wanted::Between(bound(self.since), bound(self.until - 1))));
        }
        Filter(wanted)
    }
}

impl To {
    /// Any of these bytes stands in a block with the recipient.
    fn needles(&self) -> Vec<Vec<u8>> {
        let numbers = self.numbers.iter().map(|number| number.get().to_le_bytes().to_vec());
        let mut needles: Vec<Vec<u8>> = numbers.chain(self.sealed.iter().map(|sealed| sealed.to_vec())).collect();
        needles.push(self.text.as_bytes().into());
        needles
    }

    fn is(&self, recipient: Recipient<'_>) -> bool {
        match recipient {
            Recipient::Number(number) => self.numbers.contains(&number),
            Recipient::Text(text) => *self.text == *text,
            Recipient::Sealed(sealed) => self.sealed.contains(&sealed),
        }
    }

    /// What the column of recipients may have.
    pub(super) fn texts(&self) -> Vec<Box<str>> {
        let numbers = self.numbers.iter().map(|number| number.to_string().into());
        let mut texts: Vec<Box<str>> = numbers.chain(self.sealed.iter().map(|sealed| hex(sealed).into())).collect();
        if self.numbers.is_empty() {
            texts.push(self.text.clone());
        }
        texts
    }
}
