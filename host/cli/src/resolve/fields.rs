//! The fields of a message, as a line or a row has them, and whether they make a message.

use std::borrow::Cow;
use std::fmt;

use callsign::{Channel, Channels, Id, Message, MessageAttributes, MessageType, check_attributes, parse_time};
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

/// The names of the fields whose values are texts, in the order of the documentation.
pub(super) const FIELDS: [&str; 8] =
    ["messageId", "applicationId", "entityId", "channel", "to", "from", "messageType", "sentAt"];

/// The longest id or sender, in characters.
const MAX_FIELD: usize = 255;

/// The fields as they were read.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Fields<'a> {
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
    #[serde(borrow)]
    pub(super) message_type: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) sent_at: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) channels: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    pub(super) attributes: Option<Pairs<'a>>,
}

/// A string, borrowed from the input if it has no escapes.
#[derive(Debug)]
pub(crate) struct Text<'a>(pub(super) Cow<'a, str>);

/// The attributes of a message, in their order; a name may still be there twice.
#[derive(Debug, Default)]
pub(crate) struct Pairs<'a>(pub(super) Vec<(Text<'a>, Text<'a>)>);

/// What the fields say that are not texts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Checked {
    channel: Channel,
    channels: Option<Channels>,
    sent_at: Option<u64>,
}

/// A message whose fields were checked.
#[derive(Debug)]
pub(crate) struct ParsedMessage<'a> {
    fields: Fields<'a>,
    checked: Checked,
}

// === impl Fields ===

impl Fields<'_> {
    /// Checks the fields, and returns what they say that are not texts.
    ///
    /// # Errors
    /// The first thing that is wrong with them.
    pub(crate) fn check(&self) -> Result<Checked, String> {
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
        if let Some(text) = &self.message_type {
            MessageType::parse(&text.0).map_err(|fault| format!("`messageType`: {fault}"))?;
        }
        let sent_at = match &self.sent_at {
            Some(text) => Some(parse_time(&text.0).map_err(|fault| format!("`sentAt`: {fault}"))?),
            None => None,
        };
        if let Some(attributes) = &self.attributes {
            let pairs = attributes.0.iter().map(|(name, value)| (&*name.0, &*value.0));
            check_attributes(pairs).map_err(|fault| match fault.name() {
                Some(name) => format!("`attributes.{}`: {fault}", shorten(name, 64)),
                None => format!("`attributes`: {fault}"),
            })?;
        }
        let (channel, channels) = self.channels()?;
        match self.to {
            Some(_) => Ok(Checked { channel, channels, sent_at }),
            None => Err(missing("to")),
        }
    }

    /// The channel, or the first of several.
    fn channels(&self) -> Result<(Channel, Option<Channels>), String> {
        let channels = match (&self.channel, &self.channels) {
            (None, None) => return Err(missing("channel")),
            (Some(_), Some(_)) => return Err("`channels`: stands beside `channel`; keep one of the two".into()),
            (Some(channel), None) => {
                let channel = Channel::parse(&channel.0).ok_or_else(|| unknown_channel(&channel.0))?;
                return Ok((channel, None));
            }
            (None, Some(channels)) => channels,
        };
        let known = |text: &Text<'_>| {
            Channel::parse(&text.0).ok_or_else(|| format!("`channels`: {}", unknown_channel(&text.0)))
        };
        let list = channels.iter().map(known).collect::<Result<Vec<_>, _>>()?;
        let channels = Channels::new(&list).map_err(|fault| format!("`channels`: {fault}"))?;
        Ok((channels.first(), Some(channels)))
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

// === impl Pairs ===

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor;

        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of names and texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(PairsVisitor)
    }
}

fn text<'t>(text: &'t Option<Text<'_>>) -> Option<&'t str> {
    text.as_ref().map(|text| &*text.0)
}

// === impl ParsedMessage ===

impl<'a> ParsedMessage<'a> {
    /// `fields` were checked, and `checked` is theirs.
    pub(crate) fn new(fields: Fields<'a>, checked: Checked) -> Self {
        Self { fields, checked }
    }

    /// Its `messageId`.
    pub(super) fn id(&self) -> Option<&str> {
        text(&self.fields.message_id)
    }

    /// Its attributes, for [`ParsedMessage::message`].
    pub(crate) fn attributes(&self) -> Vec<(&str, &str)> {
        let pairs = self.fields.attributes.as_ref().map_or(&[][..], |pairs| &pairs.0);
        pairs.iter().map(|(name, value)| (&*name.0, &*value.0)).collect()
    }

    /// The message, with its [`ParsedMessage::attributes`]. `sent_at` is in seconds since 1970, for a message that does
    /// not say when it goes out.
    pub(crate) fn message<'m>(&'m self, sent_at: Option<u64>, attributes: &'m [(&'m str, &'m str)]) -> Message<'m> {
        let mut message = Message::new(self.checked.channel, text(&self.fields.to).unwrap_or_default());
        message.id = text(&self.fields.message_id);
        message.application = text(&self.fields.application_id);
        message.entity = text(&self.fields.entity_id);
        message.from = text(&self.fields.from);
        message.channels = self.checked.channels;
        message.message_type = text(&self.fields.message_type).and_then(|one| MessageType::parse(one).ok());
        message.sent_at = self.checked.sent_at.or(sent_at);
        // They were checked.
        message.attributes = MessageAttributes::new(attributes).unwrap_or_default();
        message
    }
}
