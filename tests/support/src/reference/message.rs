//! What goes in (messages, with the truth about their number) and what comes out (the expected decision).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// What is true of a valid destination number. The model never parses a number: the test knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// The first three national digits, for calling code 1 only.
    pub area_code: Option<u16>,
}

/// A message as it is sent, and what the test knows about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    pub message_id: Option<String>,
    pub application_id: Option<String>,
    pub entity_id: Option<String>,
    /// The channel. Not read where there are `channels`.
    pub channel: String,
    /// The channels in order of preference, in place of one; empty for a message that names one.
    pub channels: Vec<String>,
    pub to: String,
    pub from: Option<String>,
    pub message_type: Option<String>,
    /// Seconds since 1970. Nothing that the model knows depends on it.
    pub sent_at: Option<i64>,
    /// Nothing that the model knows depends on them.
    pub attributes: BTreeMap<String, String>,
    /// `None`: `to` is not a valid destination.
    pub destination: Option<Destination>,
    /// The digits of one form of the number in `to`, without the `+`: the same however `to` is written, and in whichever
    /// of two forms that networks treat alike.
    pub recipient: String,
}

impl Message {
    /// The application that the message counts for: `default` when it names none.
    pub fn application(&self) -> &str {
        self.application_id.as_deref().unwrap_or("default")
    }

    /// The channels that it may go over, the preferred one first.
    pub fn channels(&self) -> Vec<&str> {
        match &self.channels[..] {
            [] => vec![&self.channel],
            several => several.iter().map(String::as_str).collect(),
        }
    }

    /// The same message, for one channel alone.
    #[must_use]
    pub fn over(&self, channel: &str) -> Self {
        Self { channel: channel.to_owned(), channels: Vec::new(), ..self.clone() }
    }

    /// The message in the input format: only the fields that a program under test may see.
    pub fn to_json(&self) -> Value {
        let mut json = Map::new();
        let mut put = |name: &str, value: Option<&String>| {
            if let Some(value) = value {
                json.insert(name.to_owned(), Value::from(value.as_str()));
            }
        };
        put("messageId", self.message_id.as_ref());
        put("applicationId", self.application_id.as_ref());
        put("entityId", self.entity_id.as_ref());
        put("to", Some(&self.to));
        put("from", self.from.as_ref());
        put("messageType", self.message_type.as_ref());
        if self.channels.is_empty() {
            put("channel", Some(&self.channel));
        } else {
            json.insert("channels".to_owned(), json!(self.channels));
        }
        if let Some(seconds) = self.sent_at {
            let time = Timestamp::from_second(seconds).expect("a time of this century");
            json.insert("sentAt".to_owned(), json!(time.to_string()));
        }
        if !self.attributes.is_empty() {
            json.insert("attributes".to_owned(), json!(self.attributes));
        }
        Value::Object(json)
    }
}

/// What must come out for a message over one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    Refused {
        code: &'static str,
        /// For `SENDER_NOT_CAPABLE` which of the three it may say: `SUSPENDED`, `NOT_COVERED`, `MESSAGE_TYPE`. Several where
        /// several are true, or where several senders have the text.
        reasons: BTreeSet<&'static str>,
    },
    Decided {
        /// The step that settled it.
        step: &'static str,
        /// `None` for `EXPLICIT` only.
        strategy_id: Option<String>,
        /// The senderIds that are right, with their weights: the remaining set of the spread, or the one sender where
        /// nothing is spread.
        any_of: BTreeMap<String, u64>,
        /// Whether step 9 wants this decision pinned.
        pins: bool,
    },
}

/// What must come out for a message over one of its channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub channel: String,
    pub expected: Expected,
}

impl Expected {
    /// Whether the sender was spread over a remaining set (step 8), so that `Spread` has something to check.
    pub fn is_spread(&self) -> bool {
        matches!(self, Self::Decided { step: "AREA_CODE" | "OVERLAY" | "REGION" | "POOL", .. })
    }

    /// Whether the message has a sender.
    pub fn is_decided(&self) -> bool {
        matches!(self, Self::Decided { .. })
    }
}
