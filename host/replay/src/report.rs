//! What a comparison found.

mod html;
mod plot;
mod words;

pub use words::grouped;
pub(crate) use words::time_text;

use serde::Serialize;

use crate::change::{AnswerSaid, Change};
use crate::condition::{Condition, Measure};
use crate::reason::NotReplayed;
use crate::timeline::Piece;

/// What would become of recorded decisions on something else. It serialises as JSON, writes itself for people
/// ([`Display`](std::fmt::Display)), and as a page ([`WhatIfReport::to_html`]).
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct WhatIfReport {
    /// What was decided on instead, in words: one line for each thing that was changed.
    pub instead: Vec<String>,
    /// The time of the first and of the last decision, in microseconds since 1970-01-01 UTC; none if there is none.
    pub period: Option<(u64, u64)>,
    /// The records that were read and asked for.
    pub records: u64,
    /// Those that were decided again.
    pub compared: u64,
    /// Those that could not be, by reason.
    pub not_compared: NotReplayed,
    /// What was not there, with the reason: at most 20.
    pub missing: Vec<String>,
    /// The records that the log says it has dropped.
    pub dropped: u64,
    /// What is wrong with the log: at most 20 faults.
    pub faults: Vec<String>,
    /// Whether some of the log cannot be read, besides a tail that was cut.
    pub is_damaged: bool,
    /// Whether all of the log was read: it was neither cancelled nor out of time.
    pub is_complete: bool,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The decisions that change, see [`Change::is_changed`].
    pub changed: u64,
    /// The decisions of each kind of change.
    pub changes: Vec<ChangeCount>,
    /// What would become of pins.
    pub pins: PinChanges,
    /// From which step or refusal to which, the most frequent first: at most 100.
    pub steps: Vec<Flow>,
    /// By channel.
    pub channels: Vec<Part>,
    /// By country, the most changes first.
    pub countries: Vec<Part>,
    /// By application and entity, the most changes first: at most 1,000.
    pub entities: Vec<Part>,
    /// Refusals by code.
    pub refusals: Vec<RefusalCount>,
    /// The load of each sender, the greatest difference first: at most 1,000.
    pub senders: Vec<SenderLoad>,
    /// How many senders there are in all that have decisions before or after.
    pub senders_in_all: u64,
    /// Over time.
    pub timeline: Vec<Piece>,
    /// Decisions that change: at most 20 of each kind.
    pub examples: Vec<Example>,
}

/// How many decisions have a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ChangeCount {
    /// The change.
    pub change: Change,
    /// The decisions.
    pub decisions: u64,
}

/// What would become of pins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PinChanges {
    /// The recipient is pinned after the decision, and would be pinned to another sender.
    pub moved: PinCount,
    /// The recipient has no pin after the decision, and would have one.
    pub new: PinCount,
    /// The recipient is pinned by the decision, and would not be.
    pub gone: PinCount,
}

/// Decisions, and the recipients that they are to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PinCount {
    /// The decisions.
    pub decisions: u64,
    /// Their recipients, each counted once for each scope and channel; beyond 65,536 an estimate with an error of 0.4 %.
    pub recipients: u64,
}

/// Decisions that were settled by one step, or refused, and would be by another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Flow {
    /// The step, or the code of the refusal.
    pub before: String,
    /// The same afterwards.
    pub after: String,
    /// The decisions.
    pub decisions: u64,
}

/// A part of the decisions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Part {
    /// What they have in common. Of an entity, `application / entity`.
    pub name: String,
    /// Those that were compared.
    pub compared: u64,
    /// Those that change.
    pub changed: u64,
}

/// The refusals with a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RefusalCount {
    /// The code.
    pub code: String,
    /// How many there were.
    pub before: u64,
    /// How many there would be.
    pub after: u64,
    /// Decisions that had a sender, and would be refused with it.
    pub new: u64,
    /// Decisions that were refused with it, and would have a sender.
    pub gone: u64,
}

/// The load of a sender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SenderLoad {
    /// `senderId`.
    pub sender_id: String,
    /// What recipients see; none if the catalog does not have the sender any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// Its weight in the catalog that was decided on: its share of the spread. None if that does not have the sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u16>,
    /// The messages that went out from it.
    pub before: u64,
    /// The messages that would.
    pub after: u64,
}

/// A decision that changes.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Example {
    /// In which way it changes.
    pub change: Change,
    /// When it was made, in microseconds since 1970-01-01 UTC.
    pub time: u64,
    /// `messageId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The recipient: a number, or the text that was given.
    pub to: String,
    /// `applicationId`.
    pub application_id: String,
    /// `entityId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<String>,
    /// The channel.
    pub channel: &'static str,
    /// The destination country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<&'static str>,
    /// What was decided.
    pub before: AnswerSaid,
    /// What would be.
    pub after: AnswerSaid,
    /// Why, in words; none where the catalog or the module of then is not there, where no time is left, and beyond eight catalogs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation_before: Option<String>,
    /// Why it would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation_after: Option<String>,
}

/// Decisions, of which some change.
pub(crate) fn percent(part: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { part as f64 * 100.0 / of as f64 }
}

impl WhatIfReport {
    /// The decisions with a change.
    pub fn of_change(&self, change: Change) -> u64 {
        self.changes.iter().find(|count| count.change == change).map_or(0, |count| count.decisions)
    }

    /// The count of a measure, and what a share of it is of.
    pub fn measure(&self, measure: Measure) -> (u64, u64) {
        let count = match measure {
            Measure::Changed => self.changed,
            Measure::OtherSenders => self.of_change(Change::OtherSender),
            Measure::NewRefusals => self.of_change(Change::NewRefusal),
            Measure::RefusalsGone => self.of_change(Change::RefusalGone),
            Measure::OtherRefusals => self.of_change(Change::OtherRefusal),
            Measure::OtherWays => self.of_change(Change::OtherWay),
            Measure::PinsMoved => self.pins.moved.decisions,
            Measure::Compared => self.compared,
            Measure::NotCompared => return (self.not_compared.total(), self.records),
        };
        (count, self.compared)
    }

    /// The conditions that are met, in their order.
    pub fn met<'c>(&self, conditions: &'c [Condition]) -> Vec<&'c Condition> {
        let is_met = |condition: &&Condition| {
            let (count, of) = self.measure(condition.measure());
            condition.is_met(count, of)
        };
        conditions.iter().filter(is_met).collect()
    }
}
