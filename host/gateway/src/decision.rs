//! What became of a message: a sender, or a refusal.

use std::fmt;
use std::sync::Arc;

use arc_swap::Guard;
use callsign_catalog::{Catalog, Channel, Sender, Strategy};
use callsign_index::Signals;
use callsign_log::{PinRead, PinWrite};
use serde::Serialize;

use self::json::Json;
pub use self::owned::{OwnedDecision, OwnedRefusal, OwnedSender};
use crate::refusal::Refusal;
use crate::snapshot::{AnsweredBy, PLATFORM, Role, Snapshot};
use crate::step::Step;

mod json;
mod owned;

/// A decision or a refusal; senders and strategies as indexes into the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Decided {
        sender: u32,
        strategy: Option<u32>,
        step: Step,
        /// Why the recipient's pin was not read or not written, although the strategy is sticky.
        unpinned: Option<Arc<str>>,
    },
    Refused(Refusal),
}

impl Verdict {
    /// `senderId STEP`, or the code of the refusal.
    pub(crate) fn describe(&self, snapshot: &Snapshot) -> String {
        match self {
            Self::Decided { sender, step, .. } => {
                format!("{} {step}", snapshot.revision.catalog().senders()[*sender as usize].id)
            }
            Self::Refused(refusal) => refusal.code().to_owned(),
        }
    }
}

/// What a decision has read besides its snapshot and its message, and what it has written: kept for its record. It goes a
/// long way with each decision, so it is small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reads {
    /// The key of the sender in the pin; 0 if there is none.
    sender: u64,
    signals: u32,
    pin: PinKind,
    pin_write: PinWrite,
}

/// [`PinRead`] without its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PinKind {
    NotRead,
    None,
    Sender,
    Unavailable,
}

impl Reads {
    /// No signals were read. No signals have this number.
    const NO_SIGNALS: u32 = u32::MAX;

    /// Nothing.
    pub(crate) const NOTHING: Self =
        Self { sender: 0, signals: Self::NO_SIGNALS, pin: PinKind::NotRead, pin_write: PinWrite::Nothing };

    /// The same with a pin that was read.
    #[inline]
    pub(crate) fn pin(self, read: &callsign_engine::PinRead) -> Self {
        let (pin, sender) = match read {
            None => (PinKind::NotRead, 0),
            Some(Ok(None)) => (PinKind::None, 0),
            Some(Ok(Some(pin))) => (PinKind::Sender, pin.sender.0),
            Some(Err(_)) => (PinKind::Unavailable, 0),
        };
        Self { pin, sender, ..self }
    }

    /// The same with what was written to the pin.
    #[inline]
    pub(crate) fn wrote(self, pin_write: PinWrite) -> Self {
        Self { pin_write, ..self }
    }

    /// Signals that were read.
    #[inline]
    pub(crate) fn of_signals(signals: &Signals) -> Self {
        Self { signals: signals.serial(), ..Self::NOTHING }
    }

    /// [`Signals::serial`] of the signals that the policy read, which is 0 if they said nothing; none if it read none.
    #[inline]
    pub(crate) fn signals(self) -> Option<u32> {
        (self.signals != Self::NO_SIGNALS).then_some(self.signals)
    }

    /// What was written to the recipient's pin.
    #[inline]
    pub(crate) fn pin_write(self) -> PinWrite {
        self.pin_write
    }

    /// The recipient's pin as the policy read it last.
    #[inline]
    pub(crate) fn pin_read(self) -> PinRead {
        match self.pin {
            PinKind::NotRead => PinRead::NotRead,
            PinKind::None => PinRead::None,
            PinKind::Sender => PinRead::Sender(self.sender),
            PinKind::Unavailable => PinRead::Unavailable,
        }
    }
}

/// A verdict, which policy gave it, and what it read for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    pub(crate) by: AnsweredBy,
    pub(crate) reads: Reads,
}

impl Outcome {
    /// A verdict for which no policy was asked, or whose policy failed.
    pub(crate) fn new(verdict: Verdict, by: AnsweredBy) -> Self {
        Self { verdict, by, reads: Reads::NOTHING }
    }

    /// Whether the policy failed.
    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.verdict, Verdict::Refused(Refusal::PolicyFailed(_)))
    }

    /// A refusal where no policy could be called, with the reason.
    #[cold]
    pub(crate) fn undecided(reason: &str) -> Self {
        let by = AnsweredBy { route: PLATFORM, role: Role::Active };
        Self::new(Verdict::Refused(Refusal::PolicyFailed(reason.into())), by)
    }
}

/// Of a message with `channels`: the channel that the outcome is of, and what the channels after it would get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ByChannel {
    pub(crate) channel: Channel,
    pub(crate) fallbacks: Vec<(Channel, Outcome)>,
}

/// What became of a message.
///
/// It borrows the catalog and the policy that it was decided with, so it stays true when they are replaced.
#[derive(Clone, Copy)]
pub struct DecisionRef<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) outcome: &'a Outcome,
    pub(crate) by_channel: Option<&'a ByChannel>,
}

impl<'a> DecisionRef<'a> {
    fn catalog(&self) -> &'a Catalog {
        self.snapshot.revision.catalog()
    }

    /// The sender; none where the message was refused.
    pub fn sender(&self) -> Option<&'a Sender> {
        match &self.outcome.verdict {
            Verdict::Decided { sender, .. } => self.catalog().senders().get(*sender as usize),
            Verdict::Refused(_) => None,
        }
    }

    /// The step that settled it; none where the message was refused.
    pub fn step(&self) -> Option<Step> {
        match &self.outcome.verdict {
            Verdict::Decided { step, .. } => Some(*step),
            Verdict::Refused(_) => None,
        }
    }

    /// The strategy that was followed; none where the message named its sender or was refused.
    pub fn strategy(&self) -> Option<&'a Strategy> {
        match &self.outcome.verdict {
            Verdict::Decided { strategy, .. } => self.catalog().strategies().get((*strategy)? as usize),
            Verdict::Refused(_) => None,
        }
    }

    /// Why there is no sender; none where there is one.
    pub fn refusal(&self) -> Option<&'a Refusal> {
        match &self.outcome.verdict {
            Verdict::Decided { .. } => None,
            Verdict::Refused(refusal) => Some(refusal),
        }
    }

    /// Why the recipient's pin was not read or not written. Only a sticky strategy under
    /// [`OnUnavailable::DecideUnpinned`](crate::OnUnavailable::DecideUnpinned) has a reason; else none.
    pub fn unpinned(&self) -> Option<&'a str> {
        match &self.outcome.verdict {
            Verdict::Decided { unpinned, .. } => unpinned.as_deref(),
            Verdict::Refused(_) => None,
        }
    }

    /// The channel of the decision, for a message with `channels`: the first that has a sender, or the preferred one if none
    /// has. None for a message with a single `channel`.
    pub fn channel(&self) -> Option<Channel> {
        self.by_channel.map(|by_channel| by_channel.channel)
    }

    /// What the channels after [`DecisionRef::channel`] would get, in order of preference. No pin was written for them.
    pub fn fallbacks(&self) -> impl ExactSizeIterator<Item = (Channel, DecisionRef<'a>)> + use<'a> {
        let snapshot = self.snapshot;
        let fallbacks = self.by_channel.map_or(&[][..], |by_channel| &by_channel.fallbacks);
        let decision = |outcome| DecisionRef { snapshot, outcome, by_channel: None };
        fallbacks.iter().map(move |(channel, outcome)| (*channel, decision(outcome)))
    }

    /// The policy that decided, as `name@version`.
    pub fn policy(&self) -> &'a str {
        self.snapshot.policy(self.outcome.by).label()
    }

    /// The decision as JSON, with the id of its message.
    pub fn to_json<'m>(&self, message_id: Option<&'m str>) -> impl Serialize + use<'a, 'm> {
        Json { message_id, decision: *self }
    }

    /// The decision by itself, to keep, send and compare. A refusal in a policy's own words is worded for it, which may call
    /// the policy.
    pub fn to_owned(self) -> OwnedDecision {
        OwnedDecision::of(self)
    }
}

impl fmt::Debug for DecisionRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome.verdict {
            Verdict::Decided { step, .. } => f
                .debug_struct("Decided")
                .field("sender", &self.sender().map(|sender| &sender.id))
                .field("step", &step.as_str())
                .field("strategy", &self.strategy().map(|strategy| &strategy.id))
                .field("unpinned", &self.unpinned())
                .finish(),
            Verdict::Refused(refusal) => f.debug_tuple("Refused").field(refusal).finish(),
        }
    }
}

/// What became of one message.
///
/// It keeps the catalog and the policy that it was decided with alive: read it and drop it. A thread that holds more than
/// a few of them decides more slowly. [`Decision::to_owned`] gives one to keep.
pub struct Decision {
    pub(crate) snapshot: Guard<Arc<Snapshot>>,
    pub(crate) outcome: Outcome,
    pub(crate) by_channel: Option<Box<ByChannel>>,
}

impl Decision {
    /// One whose outcome is still to be written.
    #[inline]
    pub(crate) fn none_yet(snapshot: Guard<Arc<Snapshot>>) -> Self {
        let by = AnsweredBy { route: PLATFORM, role: Role::Active };
        Self { snapshot, outcome: Outcome::new(Verdict::Refused(Refusal::NoStrategy), by), by_channel: None }
    }

    /// The decision.
    pub fn get(&self) -> DecisionRef<'_> {
        DecisionRef { snapshot: &self.snapshot, outcome: &self.outcome, by_channel: self.by_channel.as_deref() }
    }

    /// The decision by itself, as [`DecisionRef::to_owned`] gives it.
    pub fn to_owned(&self) -> OwnedDecision {
        self.get().to_owned()
    }

    /// The decision of a batch of one message.
    pub(crate) fn only(decisions: Decisions) -> Self {
        let Decisions { snapshot, outcomes, by_channel } = decisions;
        // A batch has a decision for each of its messages.
        let outcome = outcomes.into_iter().next();
        let outcome = outcome.unwrap_or_else(|| Outcome::undecided("the batch of one message has no decision"));
        Self { snapshot: Guard::from_inner(snapshot), outcome, by_channel: by_channel.into_iter().next().flatten() }
    }
}

impl fmt::Debug for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// What became of the messages of a batch, in their order.
pub struct Decisions {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) outcomes: Vec<Outcome>,
    /// One for each message, or none at all if all were decided together.
    pub(crate) by_channel: Vec<Option<Box<ByChannel>>>,
}

impl Decisions {
    /// How many there are: one for each message.
    pub fn len(&self) -> usize {
        self.outcomes.len()
    }

    /// Whether the batch was empty.
    pub fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
    }

    /// The decision of the message at an index.
    pub fn get(&self, index: usize) -> Option<DecisionRef<'_>> {
        let by_channel = self.by_channel.get(index).and_then(Option::as_deref);
        self.outcomes.get(index).map(|outcome| DecisionRef { snapshot: &self.snapshot, outcome, by_channel })
    }

    /// The decisions in the order of the messages.
    pub fn iter(&self) -> impl Iterator<Item = DecisionRef<'_>> {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

impl fmt::Debug for Decisions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
