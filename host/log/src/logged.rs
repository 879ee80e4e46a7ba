//! A decision of a log by itself, as it is shown.

use callsign_destination::Number;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::context::{CatalogContext, PolicyContext};
use crate::find::Position;
use crate::key::LogKey;
use crate::names::{self, hex};
use crate::record::{Answer, AttributesRead, PinRead, Recipient, Record};

/// A decision of a log, with what its record names. As JSON it has the names that messages and decisions have; what a decision does
/// not have is left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LoggedDecision {
    /// Where its record is; none where who asks is not to know how many there are.
    #[serde(serialize_with = "display", skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// When it began, in microseconds since 1970-01-01 UTC; as JSON in RFC 3339.
    #[serde(serialize_with = "time")]
    pub time: u64,
    /// How long it took, in nanoseconds.
    pub took_nanoseconds: u32,
    /// `messageId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The trace id of W3C Trace Context, as 32 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// `applicationId` as the message had it; none means `default`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_id: Option<String>,
    /// `entityId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<String>,
    /// `SMS`, `MMS` or `RCS`.
    pub channel: &'static str,
    /// Whether it is only what the message would get on this channel.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_fallback: bool,
    /// The recipient, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The recipient under the key of the log, as 32 hexadecimal digits, where it is sealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient_hash: Option<String>,
    /// The destination country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<&'static str>,
    /// The area code of a North American destination.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area_code: Option<u16>,
    /// `from`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// `messageType`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_type: Option<String>,
    /// `sentAt`, in seconds since 1970-01-01 UTC; as JSON in RFC 3339.
    #[serde(serialize_with = "seconds", skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<u64>,
    /// `attributes`, as far as the log has them.
    #[serde(serialize_with = "pairs", skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(String, String)>,
    /// Whether the message had attributes that the log does not have.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub has_other_attributes: bool,
    /// The catalog that was decided on; empty if the part of the log that says it is damaged.
    pub catalog: String,
    /// The policy that answered; none if none was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<LoggedPolicy>,
    /// Whether there were signals that the policy could read.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub has_signals: bool,
    /// Whether the policy was told that senders are unhealthy.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub told_unhealthy: bool,
    /// The pin that was read: `NOT_READ`, `NONE`, `SENDER` or `UNAVAILABLE`.
    pub pin_read: &'static str,
    /// The key of the sender in it, as 16 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pin_read_key: Option<String>,
    /// What was written to it: `NOTHING`, `WRITTEN` or `UNAVAILABLE`.
    pub pin_write: &'static str,
    /// The sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_id: Option<String>,
    /// The strategy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sending_strategy_id: Option<String>,
    /// The step that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Why there is no sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<LoggedRefusal>,
}

/// The policy that answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LoggedPolicy {
    /// `name@version`.
    pub label: String,
    /// SHA-256 of the module, in hexadecimal.
    pub module: String,
    /// SHA-256 of the settings, in hexadecimal.
    pub settings: String,
}

/// Why a message has no sender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LoggedRefusal {
    /// The code.
    pub code: String,
}

impl LoggedDecision {
    /// When it began, in RFC 3339.
    pub fn rfc3339(&self) -> String {
        rfc3339(self.time)
    }

    /// A record with what it names. A recipient that is sealed is opened if its key is given.
    pub fn new(
        position: Position,
        record: &Record<'_>,
        catalog: Option<&CatalogContext>,
        policy: Option<&PolicyContext>,
        key: Option<&LogKey>,
    ) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let (to, recipient_hash) = match record.recipient {
            Recipient::Number(number) => (Some(number.to_string()), None),
            Recipient::Text(text) => (Some(text.to_owned()), None),
            Recipient::Sealed(sealed) => {
                let opened = key.and_then(|key| key.open(sealed)).as_ref().map(Number::to_string);
                (opened, Some(hex(&sealed)))
            }
        };
        let (attributes, has_other_attributes) = match record.attributes {
            AttributesRead::All(attributes) => (attributes, false),
            AttributesRead::Some(attributes) => (attributes, true),
        };
        let (sender, strategy, step, code) = match record.answer {
            Answer::Decided { sender, strategy, step } => (Some(sender), strategy, Some(step), None),
            Answer::Refused { code } => (None, None, None, Some(code)),
        };
        Self {
            position: Some(position),
            time: record.time,
            took_nanoseconds: record.took,
            message_id: owned(record.message_id),
            trace_id: record.trace_id.map(|id| hex(&id)),
            application_id: owned(record.application),
            entity_id: owned(record.entity),
            channel: record.channel.as_str(),
            is_fallback: record.is_fallback,
            to,
            recipient_hash,
            country: record.country.map(|country| country.as_str()),
            area_code: record.area_code.map(|code| code.get()),
            from: owned(record.from),
            message_type: owned(record.message_type),
            sent_at: record.sent_at,
            attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            has_other_attributes,
            catalog: catalog.map_or_else(String::new, |catalog| catalog.name.to_string()),
            policy: policy.map(|policy| LoggedPolicy {
                label: policy.label.to_string(),
                module: hex(&policy.module),
                settings: hex(&policy.settings_digest),
            }),
            has_signals: record.signals.is_some(),
            told_unhealthy: record.told_unhealthy,
            pin_read: names::pin_read(record.pin_read),
            pin_read_key: if let PinRead::Sender(key) = record.pin_read { Some(hex(&key.to_be_bytes())) } else { None },
            pin_write: names::pin_write(record.pin_write),
            sender_id: owned(sender),
            sending_strategy_id: owned(strategy),
            step: owned(step),
            refusal: owned(code).map(|code| LoggedRefusal { code }),
        }
    }
}

fn display<S: Serializer>(position: &Option<Position>, serializer: S) -> Result<S::Ok, S::Error> {
    position.map(|position| position.to_string()).serialize(serializer)
}

/// A time of a log, in microseconds since 1970-01-01 UTC, in RFC 3339.
pub fn rfc3339(microseconds: u64) -> String {
    let time = i64::try_from(microseconds).ok().and_then(|time| jiff::Timestamp::from_microsecond(time).ok());
    time.unwrap_or(jiff::Timestamp::MAX).to_string()
}

fn time<S: Serializer>(microseconds: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*microseconds))
}

fn seconds<S: Serializer>(seconds: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    match seconds {
        Some(seconds) => serializer.serialize_str(&rfc3339(seconds.saturating_mul(1_000_000))),
        None => serializer.serialize_none(),
    }
}

fn pairs<S: Serializer>(pairs: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(pairs.len()))?;
    for (name, value) in pairs {
        map.serialize_entry(name, value)?;
    }
    map.end()
}
