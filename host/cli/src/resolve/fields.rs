//! The fields of a message, as a line or a row has them, and whether they make a message.

use std::borrow::Cow;
use std::fmt;

use callsign::{Channel, Id, Message};
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

/// The names of the fields, in the order of the documentation.
pub(super) const FIELDS: [&str; 6] = ["messageId", "applicationId", "entityId", "channel", "to", "from"];

/// The longest id or sender, in characters.
const MAX_FIELD: usize = 255;

/// The fields as they were read.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Fields<'a> {
    #[serde(borrow)]
    pub(super) message_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) application_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) entity_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) channel: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) to: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) from: Option<Text<'a>>,
}

/// A string, borrowed from the input if it has no escapes.
#[derive(Debug)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

/// A message whose fields were checked.
#[derive(Debug)]
pub(super) struct ParsedMessage<'a> {
    fields: Fields<'a>,
    channel: Channel,
}

// === impl Fields ===

impl Fields<'_> {
    /// Checks the fields and returns the channel.
    ///
    /// # Errors
    /// The first thing that is wrong with them.
    pub(super) fn check(&self) -> Result<Channel, String> {
        for (name, text) in [
            ("messageId", &self.message_id),
            ("applicationId", &self.application_id),
            ("entityId", &self.entity_id),
            ("from", &self.from),
        ] {
            if let Some(text) = text {
                check_length(&text.0).map_err(|fault| format!("`{name}`: {fault}"))?;
            }
        }
        for (name, text) in [("applicationId", &self.application_id), ("entityId", &self.entity_id)] {
            if let Some(text) = text {
                Id::parse(&text.0).map_err(|fault| format!("`{name}`: {fault}"))?;
            }
        }
        let Some(channel) = &self.channel else { return Err(missing("channel")) };
        let channel = Channel::parse(&channel.0).ok_or_else(|| unknown_channel(&channel.0))?;
        match self.to {
            Some(_) => Ok(channel),
            None => Err(missing("to")),
        }
    }
}

/// Checks the length of an id or a sender.
pub(crate) fn check_length(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err(format!("empty; it has 1 to {MAX_FIELD} characters, or is left out"));
    }
    // A character has at least one byte.
    if text.len() > MAX_FIELD {
        let characters = text.chars().count();
        if characters > MAX_FIELD {
            return Err(format!("{characters} characters; it has 1 to {MAX_FIELD}"));
        }
    }
    Ok(())
}

fn missing(name: &str) -> String {
    format!("`{name}` is missing; a message has at least `channel` and `to`")
}

fn unknown_channel(text: &str) -> String {
    let shown = shorten(text, 40);
    match Channel::ALL.into_iter().find(|channel| channel.as_str().eq_ignore_ascii_case(text.trim())) {
        Some(channel) => format!("unknown channel {shown:?}: use {channel}"),
        None => format!("unknown channel {shown:?}: use SMS, MMS or RCS"),
    }
}

/// Cuts a long text.
pub(super) fn shorten(text: &str, characters: usize) -> Cow<'_, str> {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}...", &text[..end]).into(),
        None => text.into(),
    }
}

// === impl Text ===

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}

fn text<'t>(text: &'t Option<Text<'_>>) -> Option<&'t str> {
    text.as_ref().map(|text| &*text.0)
}

// === impl ParsedMessage ===

impl<'a> ParsedMessage<'a> {
    /// `fields` were checked, and `channel` is theirs.
    pub(super) fn new(fields: Fields<'a>, channel: Channel) -> Self {
        Self { fields, channel }
    }

    /// The message. `sent_at` is in seconds since 1970.
    pub(super) fn message(&self, sent_at: Option<u64>) -> Message<'_> {
        let mut message = Message::new(self.channel, text(&self.fields.to).unwrap_or_default());
        message.id = text(&self.fields.message_id);
        message.application = text(&self.fields.application_id);
        message.entity = text(&self.fields.entity_id);
        message.from = text(&self.fields.from);
        message.sent_at = sent_at;
        message
    }
}
