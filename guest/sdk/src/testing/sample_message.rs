//! A message of a sample.

use std::collections::BTreeMap;

use super::{Attributes, key_of};
use crate::messages::Field;
use crate::sticky::Pin;
use crate::times::LocalTime;
use crate::types::{AreaCode, Channel, Country, Sender};
use crate::words::{channel, field};

/// A message of a [`Sample`](super::Sample): by default an SMS to the United States, of which nothing else is known.
#[derive(Debug, Clone)]
pub struct SampleMessage {
    pub(super) texts: BTreeMap<Field, String>,
    pub(super) attributes: Attributes,
    pub(super) recipient: u64,
    pub(super) country: Country,
    pub(super) area_code: AreaCode,
    pub(super) channel: Channel,
    pub(super) itself: Vec<Sender>,
    pub(super) pin: Pin,
    pub(super) sent_at: Option<u64>,
    pub(super) local_times: Vec<LocalTime>,
}

impl Default for SampleMessage {
    fn default() -> Self {
        Self {
            texts: BTreeMap::new(),
            attributes: Attributes::new(),
            recipient: 0,
            country: Country::from_be_bytes(*b"US"),
            area_code: 0,
            channel: channel::SMS,
            itself: Vec::new(),
            pin: Pin::None,
            sent_at: None,
            local_times: Vec::new(),
        }
    }
}

impl SampleMessage {
    /// A message to a number, which is E.164 with its `+`. One of country code 1 has its area code and counts as a
    /// number of the United States; set the [`country`](Self::country) of others.
    pub fn to(number: &str) -> Self {
        let area_code = number.strip_prefix("+1").and_then(|national| national.get(..3)?.parse().ok()).unwrap_or(0);
        let recipient = crate::spread::mix(key_of(number));
        Self { recipient, area_code, ..Self::default() }.text(field::RECIPIENT, number)
    }

    /// Sets a text: [`words::field`](crate::words::field) has their numbers.
    #[must_use]
    pub fn text(mut self, field: Field, text: &str) -> Self {
        self.texts.insert(field, text.into());
        self
    }

    /// Sets the type.
    #[must_use]
    pub fn message_type(self, message_type: &str) -> Self {
        self.text(field::MESSAGE_TYPE, message_type)
    }

    /// Gives the message an attribute.
    #[must_use]
    pub fn attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.push((name.into(), value.into()));
        self
    }

    /// Sets the country, as two letters.
    #[must_use]
    pub fn country(mut self, letters: &[u8; 2]) -> Self {
        self.country = Country::from_be_bytes(*letters);
        self
    }

    /// Sets the channel: [`words::channel`](crate::words::channel) has their numbers.
    #[must_use]
    pub fn channel(mut self, channel: Channel) -> Self {
        self.channel = channel;
        self
    }

    /// Makes the recipient's number that of a sender, and of those before.
    #[must_use]
    pub fn to_sender(mut self, sender: Sender) -> Self {
        self.itself.push(sender);
        self
    }

    /// Pins the recipient to a sender.
    #[must_use]
    pub fn pinned(mut self, sender: Sender) -> Self {
        self.pin = Pin::Held(sender);
        self
    }

    /// Pins the recipient to a sender that the scope does not have any more.
    #[must_use]
    pub fn pinned_to_a_sender_that_is_gone(mut self) -> Self {
        self.pin = Pin::Gone;
        self
    }

    /// Sets when the message goes out, in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn sent_at(mut self, seconds: u64) -> Self {
        self.sent_at = Some(seconds);
        self
    }

    /// Adds a zone that the recipient may be in, with the minutes that its clocks are ahead of UTC when the message goes
    /// out. The first has number 0, see [`Sample::zone_names`](super::Sample::zone_names).
    #[must_use]
    pub fn zone(mut self, minutes_from_utc: i16) -> Self {
        let zone = self.local_times.len() as u16;
        self.local_times.push(LocalTime { zone, minutes_from_utc: Some(minutes_from_utc) });
        self
    }
}
