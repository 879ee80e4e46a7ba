//! The records of a request that its caller waits for, where the log is to lose nothing.

use std::iter::Peekable;
use std::sync::Arc;

use callsign_log::{LogUnavailable, Recorded, Ticket};

use super::{Begun, Recording};
use crate::decision::{ByChannel, Decisions, Outcome, Verdict};
use crate::message::Message;
use crate::refusal::Refusal;
use crate::resolve::destination::Question;
use crate::snapshot::Snapshot;

/// A message that is decided: its question, unless the gateway has settled it by itself, and what became of it.
pub(crate) type Decided<'a> = (&'a Message<'a>, Option<&'a Question>, &'a Outcome);

/// The records of a request of several decisions.
#[derive(Default)]
pub(crate) struct Receipts {
    /// When the decisions under way began.
    begun: Option<Begun>,
    /// What all records wait for together.
    ticket: Option<Ticket>,
    /// Why one of them cannot be kept.
    unavailable: Option<LogUnavailable>,
}

/// Decisions that are being recorded.
struct Writing<'a, I: Iterator> {
    snapshot: &'a Snapshot,
    recording: &'a Recording,
    times: (u64, u32),
    left: Peekable<I>,
}

impl Receipts {
    /// Of decisions that began before, if they did.
    pub(crate) fn since(begun: Option<Begun>) -> Self {
        Self { begun, ..Self::default() }
    }

    /// Decisions begin now, unless they have begun before.
    #[inline]
    pub(crate) fn begin(&mut self, snapshot: &Snapshot) {
        self.begun = self.begun.or_else(|| snapshot.begin_record());
    }

    /// Records the decisions that were under way. `messages` is how many there are.
    pub(crate) fn record<'a>(
        &mut self,
        snapshot: &'a Snapshot,
        messages: usize,
        decisions: impl Iterator<Item = Decided<'a>>,
    ) {
        let Some(mut writing) = self.writing(snapshot, messages, decisions) else { return };
        while let Some(room) = self.write(&mut writing) {
            if let Err(why) = writing.recording.log.recorder.wait(room) {
                return self.unavailable = Some(why);
            }
        }
    }

    /// The same without blocking the thread.
    pub(crate) async fn record_async<'a>(
        &mut self,
        snapshot: &'a Snapshot,
        messages: usize,
        decisions: impl Iterator<Item = Decided<'a>>,
    ) {
        let Some(mut writing) = self.writing(snapshot, messages, decisions) else { return };
        while let Some(room) = self.write(&mut writing) {
            if let Err(why) = writing.recording.log.recorder.wait_async(room).await {
                return self.unavailable = Some(why);
            }
        }
    }

    fn writing<'a, I: Iterator<Item = Decided<'a>>>(
        &mut self,
        snapshot: &'a Snapshot,
        messages: usize,
        decisions: I,
    ) -> Option<Writing<'a, I>> {
        let (recording, begun) = (snapshot.recording.as_ref()?, self.begun.take()?);
        let times = recording.times(begun, messages);
        Some(Writing { snapshot, recording, times, left: decisions.peekable() })
    }

    /// Records decisions until there is no room. Returns what to wait for then.
    fn write<'a>(&mut self, writing: &mut Writing<'a, impl Iterator<Item = Decided<'a>>>) -> Option<Ticket> {
        let Writing { snapshot, recording, times, left } = writing;
        while let Some(&(message, question, outcome)) = left.peek() {
            match recording.log.recorder.record(&recording.record(snapshot, *times, message, question, outcome)) {
                Recorded::Taken(ticket) => self.ticket = Some(self.ticket.map_or(ticket, |all| all.and(ticket))),
                Recorded::Dropped => {}
                Recorded::Full(room) => return Some(room),
                Recorded::Refused(why) => {
                    self.unavailable = Some(why);
                    return None;
                }
            }
            left.next();
        }
        None
    }

    /// Waits until all records are kept. If one is not, every message is refused.
    #[inline]
    pub(crate) fn wait(self, decisions: &mut Decisions, messages: &[Message<'_>]) {
        let Some(recording) = &decisions.snapshot.recording else { return };
        let kept = match (self.unavailable, self.ticket) {
            (Some(why), _) => Err(why),
            (None, Some(ticket)) => recording.log.recorder.wait(ticket),
            (None, None) => Ok(()),
        };
        if let Err(why) = kept {
            refuse(decisions, messages, &why);
        }
    }

    /// The same without blocking the thread.
    pub(crate) async fn wait_async(self, decisions: &mut Decisions, messages: &[Message<'_>]) {
        let snapshot = Arc::clone(&decisions.snapshot);
        let Some(recording) = &snapshot.recording else { return };
        let kept = match (self.unavailable, self.ticket) {
            (Some(why), _) => Err(why),
            (None, Some(ticket)) => recording.log.recorder.wait_async(ticket).await,
            (None, None) => Ok(()),
        };
        if let Err(why) = kept {
            refuse(decisions, messages, &why);
        }
    }
}

/// A message whose record is not kept has no sender, whatever was decided.
#[cold]
pub(super) fn refuse_one(outcome: &mut Outcome, why: &LogUnavailable) {
    *outcome = Outcome::new(Verdict::Refused(Refusal::LogUnavailable(why.to_string().into())), outcome.by);
}

/// On no channel.
#[cold]
fn refuse(decisions: &mut Decisions, messages: &[Message<'_>], why: &LogUnavailable) {
    let refusal = Refusal::LogUnavailable(why.to_string().into());
    for outcome in &mut decisions.outcomes {
        *outcome = Outcome::new(Verdict::Refused(refusal.clone()), outcome.by);
    }
    let of_channels = messages.iter().zip(&decisions.outcomes).zip(&mut decisions.by_channel);
    for ((message, outcome), by_channel) in of_channels {
        if let (Some(channels), Some(by_channel)) = (&message.channels, by_channel) {
            let rest = channels.as_slice()[1..].iter();
            let fallbacks = rest.map(|&channel| (channel, outcome.clone())).collect();
            **by_channel = ByChannel { channel: channels.first(), fallbacks };
        }
    }
}
