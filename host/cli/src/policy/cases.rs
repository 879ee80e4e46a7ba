//! A file of cases: messages, and the decisions that are expected of a policy.

use std::fmt;
use std::fs;
use std::num::NonZeroU32;
use std::path::Path;

use anyhow::{Context, anyhow};
use callsign::{Catalog, Channel, DecisionRef};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::exit::{Stop, say};
use crate::gateway::{refused_catalog, unreadable};
use crate::resolve::{Fields, ParsedMessage};

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
    /// As a line of `callsign resolve` has it.
    message: Box<RawValue>,
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

/// The expected decision; a field that is left out may be anything.
#[derive(Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Expected {
    /// Of a message with `channels`.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
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
    /// Of a message with `channels`, each with its channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    fallbacks: Option<Vec<Expected>>,
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
        self.message()?;
        self.expect.iter().try_for_each(Expected::check)
    }

    /// The message of the case.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn message(&self) -> anyhow::Result<ParsedMessage<'_>> {
        let fields: Fields<'_> = serde_json::from_str(self.message.get()).context("`message`")?;
        let checked = fields.check().map_err(|fault| anyhow!("`message`: {fault}"))?;
        Ok(ParsedMessage::new(fields, checked))
    }
}

impl Expected {
    fn check(&self) -> anyhow::Result<()> {
        let decision = [&self.sender, &self.sender_id, &self.step, &self.strategy_id].into_iter().any(Option::is_some);
        if decision == self.refusal.is_some() {
            return Err(anyhow!("expect a refusal, or any of sender, senderId, step and strategyId"));
        }
        self.fallbacks.iter().flatten().try_for_each(Self::check)
    }

    /// What was decided, in all fields.
    pub(super) fn of(decision: &DecisionRef<'_>) -> Self {
        let channel = decision.channel();
        let fallbacks = decision.fallbacks().map(|(channel, fallback)| Self::over(Some(channel), &fallback));
        Self { fallbacks: channel.map(|_| fallbacks.collect()), ..Self::over(channel, decision) }
    }

    /// What was decided for one channel.
    fn over(channel: Option<Channel>, decision: &DecisionRef<'_>) -> Self {
        Self {
            channel: channel.map(|channel| channel.as_str().into()),
            sender: decision.sender().map(|sender| sender.shown().into_owned()),
            sender_id: decision.sender().map(|sender| sender.id.to_string()),
            step: decision.step().map(|step| step.as_str().into()),
            strategy_id: decision.strategy().map(|strategy| strategy.id.to_string()),
            refusal: decision.refusal().map(|refusal| refusal.code().into()),
            fallbacks: None,
        }
    }

    /// What is recorded: without the address, which the id stands for.
    pub(super) fn to_record(&self) -> Self {
        Self {
            channel: self.channel.clone(),
            fallbacks: self.fallbacks.as_ref().map(|all| all.iter().map(Self::to_record).collect()),
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
        let fallbacks_are = |found: &[Self]| match &self.fallbacks {
            None => true,
            Some(expected) => {
                expected.len() == found.len() && expected.iter().zip(found).all(|(one, found)| one.is_met_by(found))
            }
        };
        pairs.all(|((_, expected), (_, found))| expected.is_none() || expected == found)
            && fallbacks_are(found.fallbacks.as_deref().unwrap_or_default())
    }

    fn fields(&self) -> [(&'static str, &Option<String>); 6] {
        [
            ("channel", &self.channel),
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
        for fallback in self.fallbacks.iter().flatten() {
            write!(f, "; then {fallback}")?;
        }
        Ok(())
    }
}
