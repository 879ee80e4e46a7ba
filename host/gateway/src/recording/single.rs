//! The record of one message that is decided by itself.

use callsign_log::{Promise, Recorded};

use super::receipts::refuse_one;
use super::{Begun, Recording};
use crate::decision::Outcome;
use crate::message::Message;
use crate::resolve::destination::Question;
use crate::snapshot::Snapshot;

/// What the record of a decision is made of, besides what became of it.
#[derive(Clone, Copy)]
pub(crate) struct OneRecord<'a> {
    pub(crate) begun: Option<Begun>,
    pub(crate) message: &'a Message<'a>,
    /// None for what the gateway has settled by itself.
    pub(crate) question: Option<Question>,
}

impl Recording {
    #[inline(never)]
    fn one(&self, snapshot: &Snapshot, begun: Begun, one: &OneRecord<'_>, outcome: &Outcome) -> Recorded {
        let record = self.record(snapshot, self.times(begun, 1), one.message, one.question.as_ref(), outcome);
        self.log.recorder.record(&record)
    }
}

impl Snapshot {
    /// Records a decision. If the log is to lose nothing, returns what became of the record: the caller goes on with
    /// [`Snapshot::keep`] or [`Snapshot::keep_async`].
    #[inline]
    pub(crate) fn record(&self, one: &OneRecord<'_>, outcome: &Outcome) -> Option<Recorded> {
        let (Some(recording), Some(begun)) = (&self.recording, one.begun) else { return None };
        let recorded = recording.one(self, begun, one, outcome);
        (recording.log.recorder.promise() == Promise::Keep).then_some(recorded)
    }

    /// Waits until a record is kept. If it is not, the message is refused.
    #[cold]
    pub(crate) fn keep(&self, mut recorded: Recorded, one: &OneRecord<'_>, outcome: &mut Outcome) {
        let (Some(recording), Some(begun)) = (&self.recording, one.begun) else { return };
        let recorder = &recording.log.recorder;
        let kept = loop {
            match recorded {
                Recorded::Taken(ticket) => break recorder.wait(ticket),
                Recorded::Full(room) => match recorder.wait(room) {
                    Ok(()) => recorded = recording.one(self, begun, one, outcome),
                    Err(why) => break Err(why),
                },
                Recorded::Refused(why) => break Err(why),
                Recorded::Dropped => break Ok(()),
            }
        };
        kept.unwrap_or_else(|why| refuse_one(outcome, &why));
    }

    /// The same without blocking the thread.
    pub(crate) async fn keep_async(&self, mut recorded: Recorded, one: OneRecord<'_>, outcome: &mut Outcome) {
        let (Some(recording), Some(begun)) = (&self.recording, one.begun) else { return };
        let recorder = &recording.log.recorder;
        let kept = loop {
            match recorded {
                Recorded::Taken(ticket) => break recorder.wait_async(ticket).await,
                Recorded::Full(room) => match recorder.wait_async(room).await {
                    Ok(()) => recorded = recording.one(self, begun, &one, outcome),
                    Err(why) => break Err(why),
                },
                Recorded::Refused(why) => break Err(why),
                Recorded::Dropped => break Ok(()),
            }
        };
        kept.unwrap_or_else(|why| refuse_one(outcome, &why));
    }
}
