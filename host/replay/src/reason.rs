//! Why a record cannot be replayed.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

/// Why a record cannot be replayed, and so not be compared either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The policy's module is in no store that was given.
    ModuleGone,
    /// The catalog is not among those that were given, or the service does not keep its revision any more.
    RevisionGone,
    /// The log does not have the health and the numbers of senders that the decision read: they changed faster than they could
    /// be written, or that part of it is damaged.
    SignalsGone,
    /// The recipient is sealed, and the key of the log was not given.
    KeyMissing,
    /// The recipient is a text that is no number, of which the log has a hash only.
    RecipientHashed,
    /// The policy reads attributes of messages, and the log must not have all of them.
    AttributeNotRecorded,
    /// The policy had failed: that depends on time and memory, and not on the question alone.
    PolicyHadFailed,
    /// The pin could not be read or written.
    PinsWereAway,
    /// The decision was refused because it could not be recorded in time.
    LogWasAway,
    /// The policy ran out of time or memory in the replay.
    PolicyFailedNow,
    /// The record is not sound: it has a channel, step or type that there is not.
    Unknown,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::ModuleGone,
        Self::RevisionGone,
        Self::SignalsGone,
        Self::KeyMissing,
        Self::RecipientHashed,
        Self::AttributeNotRecorded,
        Self::PolicyHadFailed,
        Self::PinsWereAway,
        Self::LogWasAway,
        Self::PolicyFailedNow,
        Self::Unknown,
    ];

    /// The reason for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ModuleGone => "MODULE_GONE",
            Self::RevisionGone => "REVISION_GONE",
            Self::SignalsGone => "SIGNALS_GONE",
            Self::KeyMissing => "KEY_MISSING",
            Self::RecipientHashed => "RECIPIENT_HASHED",
            Self::AttributeNotRecorded => "ATTRIBUTE_NOT_RECORDED",
            Self::PolicyHadFailed => "POLICY_HAD_FAILED",
            Self::PinsWereAway => "PINS_WERE_AWAY",
            Self::LogWasAway => "LOG_WAS_AWAY",
            Self::PolicyFailedNow => "POLICY_FAILED_NOW",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// The reason for people, and what would help.
    pub const fn words(self) -> &'static str {
        match self {
            Self::ModuleGone => {
                "the policy's module is not there, or has no valid signature; see --module, --data and --keys"
            }
            Self::RevisionGone => "the catalog is not there; give its file, or the data folder of the service",
            Self::SignalsGone => "the log does not have the health of senders that was read",
            Self::KeyMissing => "the recipient is sealed, and the key is not there; give it with --key",
            Self::RecipientHashed => "the recipient was no number, and the log has only a hash of the text",
            Self::AttributeNotRecorded => "the policy reads attributes, and the log does not have all of them",
            Self::PolicyHadFailed => "the policy had failed",
            Self::PinsWereAway => "the pin could not be read or written",
            Self::LogWasAway => "the decision was refused because it could not be recorded",
            Self::PolicyFailedNow => "the policy ran out of time or memory in the replay",
            Self::Unknown => "the record is of a newer program: it has a word that is not known here",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// How many records were not replayed, by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct NotReplayed(BTreeMap<Reason, u64>);

impl NotReplayed {
    pub(crate) fn count(&mut self, reason: Reason, records: u64) {
        *self.0.entry(reason).or_default() += records;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (&reason, &records) in &other.0 {
            self.count(reason, records);
        }
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Those of a reason.
    pub fn of(&self, reason: Reason) -> u64 {
        self.0.get(&reason).copied().unwrap_or_default()
    }

    /// Those that there are, by reason.
    pub fn iter(&self) -> impl Iterator<Item = (Reason, u64)> {
        self.0.iter().map(|(&reason, &records)| (reason, records))
    }
}
