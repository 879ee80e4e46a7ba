//! A file of cases: messages, and the decisions that are expected of a policy.

use std::fmt;
use std::fs;
use std::num::NonZeroU32;
use std::path::Path;

use anyhow::{Context, anyhow};
use callsign::{Catalog, Channel, DecisionRef, Message};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::exit::{Stop, say};
use crate::gateway::{refused_catalog, unreadable};

/// The file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Cases {
    /// A path relative to the file, or the catalog itself.
    catalog: Box<RawValue>,
    /// The settings of the policy.
    settings: Option<Box<RawValue>>,
    pub(super) cases: Vec<Case>,
}

/// A case.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Case {
    pub(super) name: String,
    message: Fields,
    #[serde(default = "once")]
    pub(super) repeat: NonZeroU32,
    /// None in a new case, which `--record` completes.
    #[serde(default, deserialize_with = "present")]
    pub(super) expect: Option<Expected>,
}

fn once() -> NonZeroU32 {
    NonZeroU32::MIN
}

/// A value that is there: `null` is none.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Expected>, D::Error> {
    Expected::deserialize(deserializer).map(Some)
}

/// A message.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Fields {
    message_id: Option<String>,
    application_id: Option<String>,
    entity_id: Option<String>,
    channel: String,
    to: String,
    from: Option<String>,
    /// RFC 3339.
    sent_at: Option<String>,
}

/// The expected decision; a field that is left out may be anything.
#[derive(Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Expected {
    #[serde(skip_serializing_if = "Option::is_none")]
    sender: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strategy_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
}

impl Cases {
    /// Reads a file of cases: what it says, and its text.
    pub(super) fn load(path: &Path) -> Result<(Self, String), Stop> {
        let text = fs::read_to_string(path).map_err(|error| unreadable("the cases", path, error))?;
        let cases: Self =
            serde_json::from_str(&text).with_context(|| format!("the cases {}", path.display())).map_err(|error| {
                Stop::refused(error).hint("`callsign policy test --help` shows the format of a file of cases.")
            })?;
        for case in &cases.cases {
            if let Err(error) = case.check() {
                return Err(Stop::refused(error.context(format!("the cases {}: {}", path.display(), case.name))));
            }
        }
        if cases.cases.is_empty() {
            return Err(Stop::refused(anyhow!("the cases {}: the list is empty", path.display())));
        }
        Ok((cases, text))
    }

    /// The catalog of the cases; `path` is the file of the cases.
    pub(super) fn catalog(&self, path: &Path) -> Result<Catalog, Stop> {
        match serde_json::from_str::<String>(self.catalog.get()) {
            Ok(file) => {
                let file = path.parent().unwrap_or(Path::new("")).join(file);
                Catalog::load(&file).map_err(|error| refused_catalog(&file, error))
            }
            Err(_) => Catalog::from_json(self.catalog.get()).map_err(|error| {
                say(&format!("callsign: the catalog in {}, with lines counted from its first line:\n", path.display()));
                refused_catalog(path, error)
            }),
        }
    }

    /// The settings, `{}` if the file has none.
    pub(super) fn settings(&self) -> &str {
        self.settings.as_ref().map_or("{}", |settings| settings.get())
    }
}

impl Case {
    fn check(&self) -> anyhow::Result<()> {
        let channel = &self.message.channel;
        if Channel::parse(channel).is_none() {
            return Err(anyhow!("unknown channel {channel:?}: use SMS, MMS or RCS"));
        }
        if let Some(text) = &self.message.sent_at
            && seconds(text).is_none()
        {
            return Err(anyhow!("`sentAt` is {text:?}: give a time since 1970 such as 2026-03-01T21:30:00Z"));
        }
        let Some(Expected { sender, sender_id, step, strategy_id, refusal }) = &self.expect else { return Ok(()) };
        let decision = [sender, sender_id, step, strategy_id].into_iter().any(Option::is_some);
        if decision == refusal.is_some() {
            return Err(anyhow!("expect a refusal, or any of sender, senderId, step and strategyId"));
        }
        Ok(())
    }

    /// The message of the case.
    pub(super) fn message(&self) -> Message<'_> {
        let fields = &self.message;
        let mut message = Message::new(Channel::parse(&fields.channel).unwrap_or(Channel::Sms), &fields.to);
        message.id = fields.message_id.as_deref();
        message.application = fields.application_id.as_deref();
        message.entity = fields.entity_id.as_deref();
        message.from = fields.from.as_deref();
        message.sent_at = fields.sent_at.as_deref().and_then(seconds);
        message
    }
}

/// A time in RFC 3339, as seconds since 1970.
fn seconds(text: &str) -> Option<u64> {
    let time: Timestamp = text.parse().ok()?;
    u64::try_from(time.as_second()).ok()
}

impl Expected {
    /// What was decided, in all fields.
    pub(super) fn of(decision: &DecisionRef<'_>) -> Self {
        Self {
            sender: decision.sender().map(|sender| sender.shown().into_owned()),
            sender_id: decision.sender().map(|sender| sender.id.to_string()),
            step: decision.step().map(|step| step.as_str().into()),
            strategy_id: decision.strategy().map(|strategy| strategy.id.to_string()),
            refusal: decision.refusal().map(|refusal| refusal.code().into()),
        }
    }

    /// What is recorded: without the address, which the id stands for.
    pub(super) fn to_record(&self) -> Self {
        Self {
            sender: None,
            sender_id: self.sender_id.clone(),
            step: self.step.clone(),
            strategy_id: self.strategy_id.clone(),
            refusal: self.refusal.clone(),
        }
    }

    /// Whether a decision is as expected.
    pub(super) fn is_met_by(&self, found: &Self) -> bool {
        let mut pairs = self.fields().into_iter().zip(found.fields());
        pairs.all(|((_, expected), (_, found))| expected.is_none() || expected == found)
    }

    fn fields(&self) -> [(&'static str, &Option<String>); 5] {
        [
            ("sender", &self.sender),
            ("senderId", &self.sender_id),
            ("step", &self.step),
            ("strategyId", &self.strategy_id),
            ("refusal", &self.refusal),
        ]
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = self.fields().into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        for (index, (name, value)) in fields.enumerate() {
            write!(f, "{}{name} {value}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
