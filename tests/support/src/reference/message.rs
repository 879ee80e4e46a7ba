//! What goes in (messages, with the truth about their number) and what comes out (the expected decision).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// What is true of a valid destination number. The model never parses a number: the test knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// The first three national digits, for calling code 1 only.
    pub area_code: Option<u16>,
}

/// A message as it is sent, and what the test knows about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub message_id: Option<String>,
    pub application_id: Option<String>,
    pub entity_id: Option<String>,
    pub channel: String,
    pub to: String,
    pub from: Option<String>,
    /// `None`: `to` is not a valid destination.
    pub destination: Option<Destination>,
    /// The digits of `to` in E.164, without the `+`: the same however `to` is written.
    pub recipient: String,
}

impl Message {
    /// The application that the message counts for: `default` when it names none.
    pub fn application(&self) -> &str {
        self.application_id.as_deref().unwrap_or("default")
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
        put("channel", Some(&self.channel));
        put("to", Some(&self.to));
        put("from", self.from.as_ref());
        Value::Object(json)
    }
}

/// What must come out for a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    Refused {
        code: &'static str,
    },
    Decided {
        /// The step that settled it.
        step: &'static str,
        /// `None` for `EXPLICIT` only.
        strategy_id: Option<String>,
        /// The senderIds that are right: the remaining set of the spread, or the one sender where nothing is spread.
        any_of: BTreeSet<String>,
        /// Whether step 9 wants this decision pinned.
        pins: bool,
    },
}

impl Expected {
    /// Whether the sender was spread over a remaining set (step 8), so that `Spread` has something to check.
    pub fn is_spread(&self) -> bool {
        matches!(self, Self::Decided { step: "AREA_CODE" | "OVERLAY" | "REGION" | "POOL", .. })
    }
}
