//! The record of one message that is decided by itself.

use callsign_log::{Promise, Recorded};

use super::receipts::refuse_one;
use super::{Begun, Recording};
use crate::decision::Outcome;
use crate::message::Message;
use crate::resolve::destination::Question;
use crate::snapshot::Snapshot;

/// A decision that is not to be given before its record is kept.
pub(crate) struct ToKeep<'a> {
    /// What became of the record.
    recorded: Recorded,
    begun: Begun,
    message: &'a Message<'a>,
    /// None for what the gateway has settled by itself.
    question: Option<Question>,
}

impl Recording {
    #[inline(never)]
    fn one<'a>(
        &self,
        snapshot: &Snapshot,
        begun: Begun,
        message: &'a Message<'a>,
        question: Option<&Question>,
        outcome: &Outcome,
    ) -> Option<ToKeep<'a>> {
        let recorder = &self.log.recorder;
        let recorded = recorder.record(&self.record(snapshot, self.times(begun, 1), message, question, outcome));
        let keep = || ToKeep { recorded, begun, message, question: question.copied() };
        (recorder.promise() == Promise::Keep).then(keep)
    }
}

impl Snapshot {
    /// Records a decision: of a message, its question unless the gateway has settled it by itself, and what became of it. If the
    /// log is to lose nothing, the caller goes on with [`Snapshot::keep`] or [`Snapshot::keep_async`].
    #[inline]
    pub(crate) fn record<'a>(
        &self,
        begun: Option<Begun>,
        message: &'a Message<'a>,
        question: Option<&Question>,
        outcome: &Outcome,
    ) -> Option<ToKeep<'a>> {
        match (&self.recording, begun) {
            (Some(recording), Some(begun)) => recording.one(self, begun, message, question, outcome),
            _ => None,
        }
    }

    /// Waits until a record is kept, on this thread. If it is not, the message is refused.
    #[cold]
    pub(crate) fn keep(&self, record: ToKeep<'_>, outcome: &mut Outcome) {
        pollster::block_on(self.keep_async(record, outcome));
    }

    /// The same without blocking the thread.
    pub(crate) async fn keep_async(
        &self,
        ToKeep { mut recorded, begun, message, question }: ToKeep<'_>,
        outcome: &mut Outcome,
    ) {
        let Some(recording) = &self.recording else { return };
        let recorder = &recording.log.recorder;
        let again = |outcome: &Outcome| {
            let times = recording.times(begun, 1);
            recorder.record(&recording.record(self, times, message, question.as_ref(), outcome))
        };
        let kept = loop {
            match recorded {
                Recorded::Taken(ticket) => break recorder.wait_async(ticket).await,
                Recorded::Full(room) => match recorder.wait_async(room).await {
                    Ok(()) => recorded = again(outcome),
                    Err(why) => break Err(why),
                },
                Recorded::Refused(why) => break Err(why),
                Recorded::Dropped => break Ok(()),
            }
        };
        kept.unwrap_or_else(|why| refuse_one(outcome, &why));
    }
}
