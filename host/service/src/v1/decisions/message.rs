//! The body of a request for decisions.

use std::borrow::Cow;

use callsign::{Channel, Channels, Message, MessageAttributes, MessageType, parse_time};
use callsign_catalog::Id;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use utoipa::ToSchema;

use super::violations::why;
use crate::fault::Fault;

/// The most characters of a text of a message.
pub(in crate::v1) const LONGEST: usize = 255;

/// What a message needs for the choice of its sender.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MessageBody<'a> {
    /// Returned with the decision.
    #[serde(borrow, default)]
    #[schema(max_length = 255)]
    message_id: Option<Cow<'a, str>>,
    /// `default` if left out; for a key of a tenant its own application.
    #[serde(borrow, default)]
    #[schema(min_length = 1, max_length = 255)]
    application_id: Option<Cow<'a, str>>,
    /// Created when a message names it for the first time.
    #[serde(borrow, default)]
    #[schema(min_length = 1, max_length = 255)]
    entity_id: Option<Cow<'a, str>>,
    /// `SMS`, `MMS` or `RCS`.
    #[serde(borrow, default)]
    channel: Option<Cow<'a, str>>,
    /// In place of `channel`: channels in order of preference, each once. The first that has a sender is decided for, and
    /// `fallbacks` has what the channels after it would get.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 3)]
    channels: Option<Vec<String>>,
    /// E.164, with or without the leading `+`.
    #[serde(borrow)]
    #[schema(max_length = 255)]
    to: Cow<'a, str>,
    /// The sender that overrides every strategy.
    #[serde(borrow, default)]
    #[schema(max_length = 255)]
    from: Option<Cow<'a, str>>,
    /// `TRANSACTIONAL`, `PROMOTIONAL`, or a word of the platform's own. Every sender carries a message without a type.
    #[serde(borrow, default)]
    #[schema(min_length = 1, max_length = 64)]
    message_type: Option<Cow<'a, str>>,
    /// When it goes out, such as `2026-03-01T21:30:00Z`, for policies that ask; now if left out.
    #[serde(borrow, default)]
    #[schema(format = DateTime)]
    sent_at: Option<Cow<'a, str>>,
    /// Texts by name, for policies of tenants: up to 32, with names of 1 to 64 letters, digits, `_`, `.` and `-`, and
    /// values of up to 255 characters.
    #[serde(default)]
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>)]
    attributes: Option<Pairs>,
}

/// Attributes, in their order; a name may still be there twice.
#[derive(Debug, Default)]
pub(super) struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor;

        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Pairs;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of names and texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
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

/// One message, with options.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Single<'a> {
    #[serde(borrow, default)]
    message_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    application_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    entity_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    channel: Option<Cow<'a, str>>,
    #[serde(default)]
    #[schema(min_items = 1, max_items = 3)]
    channels: Option<Vec<String>>,
    #[serde(borrow)]
    to: Cow<'a, str>,
    #[serde(borrow, default)]
    from: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    message_type: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    #[schema(format = DateTime)]
    sent_at: Option<Cow<'a, str>>,
    #[serde(default)]
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>)]
    attributes: Option<Pairs>,
    /// Pins nobody and creates no entity.
    #[serde(default)]
    dry_run: Option<bool>,
    /// Adds the explanation of every step.
    #[serde(default)]
    explain: Option<bool>,
}

/// Several messages, with options.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Several<'a> {
    /// In the order of the decisions.
    #[serde(borrow)]
    #[schema(min_items = 1)]
    messages: Vec<MessageBody<'a>>,
    /// Pins nobody and creates no entity.
    #[serde(default)]
    dry_run: Option<bool>,
    /// Adds the explanation of every step.
    #[serde(default)]
    explain: Option<bool>,
}

/// The body of a request.
#[derive(ToSchema)]
#[serde(untagged)]
#[allow(dead_code, clippy::large_enum_variant, reason = "describes a body")]
pub(super) enum RequestBody<'a> {
    Single(Single<'a>),
    Several(Several<'a>),
}

/// The body of an answer.
#[derive(serde::Serialize, ToSchema)]
#[serde(untagged)]
#[allow(dead_code, clippy::large_enum_variant, reason = "describes a body")]
pub(super) enum AnswerBody {
    Single(DecisionBody),
    Several(DecisionsBody),
}

/// Decisions, in the order of the messages.
#[derive(serde::Serialize, ToSchema)]
pub(super) struct DecisionsBody {
    decisions: Vec<DecisionBody>,
}

/// A sender, or a refusal.
#[derive(serde::Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DecisionBody {
    /// The id of the message.
    message_id: Option<String>,
    /// Of a message with `channels`: the first that has a sender, or the preferred one if none has.
    channel: Option<String>,
    /// What the recipient sees.
    sender: Option<String>,
    sender_id: Option<String>,
    sender_type: Option<String>,
    /// The step that decided.
    step: Option<String>,
    strategy_id: Option<String>,
    /// Why the pin of the recipient was not read or not written, if it should have been.
    unpinned: Option<String>,
    /// The policy that decided, as `name@version`.
    policy: Option<String>,
    refusal: Option<RefusalBody>,
    /// Of a message with `channels`: what the channels after `channel` would get. No pin was written for them.
    fallbacks: Option<Vec<FallbackBody>>,
    /// The explanation of every step.
    #[schema(value_type = Option<Object>)]
    explanation: Option<Value>,
}

/// What a channel would get: a sender, or a refusal.
#[derive(serde::Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FallbackBody {
    channel: String,
    sender: Option<String>,
    sender_id: Option<String>,
    sender_type: Option<String>,
    step: Option<String>,
    strategy_id: Option<String>,
    unpinned: Option<String>,
    policy: Option<String>,
    refusal: Option<RefusalBody>,
}

/// Why a message has no sender.
#[derive(serde::Serialize, ToSchema)]
pub(super) struct RefusalBody {
    /// For programs.
    code: String,
    /// For people.
    message: String,
}

/// A request for decisions.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) messages: Vec<MessageBody<'a>>,
    /// Whether the body was a single message.
    pub(super) is_single: bool,
    pub(super) dry_run: bool,
    pub(super) explain: bool,
}

impl<'a> Request<'a> {
    /// How many decisions it asks for: one for each channel of each message.
    pub(super) fn decisions(&self) -> usize {
        // Longer lists are refused later.
        let channels =
            |body: &MessageBody<'_>| body.channels.as_ref().map_or(1, |list| list.len().clamp(1, Channel::ALL.len()));
        self.messages.iter().map(channels).sum()
    }

    /// Reads a body.
    ///
    /// # Errors
    /// 400, with each property that is wrong.
    pub(super) fn read(bytes: &'a [u8], most: usize) -> Result<Self, Fault> {
        if let Ok(single) = serde_json::from_slice::<Single<'a>>(bytes)
            && is_object(bytes)
        {
            let Single { dry_run, explain, .. } = single;
            let message = MessageBody {
                message_id: single.message_id,
                application_id: single.application_id,
                entity_id: single.entity_id,
                channel: single.channel,
                channels: single.channels,
                to: single.to,
                from: single.from,
                message_type: single.message_type,
                sent_at: single.sent_at,
                attributes: single.attributes,
            };
            return Ok(Self {
                messages: vec![message],
                is_single: true,
                dry_run: dry_run.unwrap_or_default(),
                explain: explain.unwrap_or_default(),
            });
        }
        match serde_json::from_slice::<Several<'a>>(bytes) {
            Ok(Several { messages, dry_run, explain }) if is_object(bytes) => {
                if messages.is_empty() || messages.len() > most {
                    let text = format!("has {} messages; a request has 1 to {most}", messages.len());
                    return Err(Fault::property("messages", text));
                }
                Ok(Self {
                    messages,
                    is_single: false,
                    dry_run: dry_run.unwrap_or_default(),
                    explain: explain.unwrap_or_default(),
                })
            }
            _ => Err(why(bytes, most)),
        }
    }

    /// The attributes of each message, for [`Request::messages`].
    pub(super) fn attributes(&self) -> Vec<Vec<(&str, &str)>> {
        self.messages.iter().map(MessageBody::attributes).collect()
    }

    /// The messages with their [`Request::attributes`], as the gateway takes them.
    ///
    /// # Errors
    /// 400: a property is invalid. 404: a message is of an application that the key does not see.
    pub(super) fn messages<'r>(
        &'r self,
        tenant: Option<&'r str>,
        attributes: &'r [Vec<(&'r str, &'r str)>],
    ) -> Result<Vec<Message<'r>>, Fault> {
        let mut messages = Vec::with_capacity(self.messages.len());
        // A message goes out when it is decided, unless it says otherwise.
        let now = crate::change::now() / 1_000;
        for (index, (body, attributes)) in self.messages.iter().zip(attributes).enumerate() {
            let place = |name: &str| if self.is_single { name.to_owned() } else { format!("messages[{index}].{name}") };
            let mut message =
                body.message(attributes).map_err(|(name, violation)| Fault::property(place(&name), violation))?;
            message.application = match (tenant, body.application_id.as_deref()) {
                (Some(tenant), None) => Some(tenant),
                (Some(tenant), Some(application)) if tenant != application => {
                    return Err(Fault::not_found(format!("the application {}", crate::http::quoted(application))));
                }
                (_, application) => application,
            };
            message.sent_at = message.sent_at.or(Some(now));
            messages.push(message);
        }
        Ok(messages)
    }
}

impl MessageBody<'_> {
    fn attributes(&self) -> Vec<(&str, &str)> {
        let pairs = self.attributes.as_ref().map_or(&[][..], |pairs| &pairs.0);
        pairs.iter().map(|(name, value)| (&**name, &**value)).collect()
    }

    /// The message.
    ///
    /// # Errors
    /// The first property that is invalid, and what is wrong with it.
    fn message<'r>(&'r self, attributes: &'r [(&'r str, &'r str)]) -> Result<Message<'r>, (String, String)> {
        let wrong = |name: &str| {
            let name = name.to_owned();
            move |violation: String| (name, violation)
        };
        let channels = self.channels()?;
        for (name, text, least) in [("messageId", &self.message_id, 0), ("from", &self.from, 1)] {
            if let Some(text) = text {
                check(text, least).map_err(wrong(name))?;
            }
        }
        for (name, text) in [("applicationId", &self.application_id), ("entityId", &self.entity_id)] {
            if let Some(text) = text {
                Id::parse(text).map_err(|error| (name.to_owned(), error.to_string()))?;
            }
        }
        check(&self.to, 0).map_err(wrong("to"))?;
        let mut message = Message::new(channels.first(), &self.to);
        if self.channels.is_some() {
            message = message.channels(channels);
        }
        if let Some(text) = &self.message_type {
            let parsed = MessageType::parse(text).map_err(|error| error.to_string());
            message = message.message_type(parsed.map_err(wrong("messageType"))?);
        }
        if let Some(text) = &self.sent_at {
            let parsed = parse_time(text).map_err(|error| error.to_string());
            message = message.sent_at(parsed.map_err(wrong("sentAt"))?);
        }
        if !attributes.is_empty() {
            message.attributes = MessageAttributes::new(attributes).map_err(|error| {
                let name = error.name().map_or_else(
                    || "attributes".to_owned(),
                    |name| format!("attributes.{}", callsign::escape::line(name, LONGEST)),
                );
                (name, error.to_string())
            })?;
        }
        message.id = self.message_id.as_deref();
        message.entity = self.entity_id.as_deref();
        message.from = self.from.as_deref();
        Ok(message)
    }

    /// The channel, or the channels in order of preference.
    fn channels(&self) -> Result<Channels, (String, String)> {
        let known = |name: &str, text: &str| {
            let wrong = || (name.to_owned(), format!("{} is not one of SMS, MMS, RCS", crate::http::quoted(text)));
            Channel::parse(text).ok_or_else(wrong)
        };
        let channels = match (&self.channel, &self.channels) {
            (Some(_), Some(_)) => {
                return Err(("channels".into(), "stands beside `channel`; keep one of the two".into()));
            }
            (None, None) => return Err(("channel".into(), "is required".into())),
            (Some(channel), None) => Channels::new(&[known("channel", channel)?]),
            (None, Some(channels)) => {
                let list = channels.iter().enumerate();
                let list = list.map(|(index, text)| known(&format!("channels[{index}]"), text));
                Channels::new(&list.collect::<Result<Vec<_>, _>>()?)
            }
        };
        channels.map_err(|error| ("channels".into(), error.to_string()))
    }
}

/// Whether the body is an object: a derived type would also accept a list of the values of its fields.
fn is_object(bytes: &[u8]) -> bool {
    bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

fn check(text: &str, least: usize) -> Result<(), String> {
    // A text has at most as many characters as bytes, so most are accepted without counting.
    if text.len() > LONGEST && text.chars().count() > LONGEST {
        return Err(format!("has {} characters, and may have {LONGEST}", text.chars().count()));
    }
    if text.len() < least {
        return Err("is empty".into());
    }
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        return Err("has a control character".into());
    }
    Ok(())
}
