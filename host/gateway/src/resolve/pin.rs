//! Step 9: the pin that an answer wants is compared with the one that was read, and written.

use std::sync::Arc;

use callsign_engine::PinRead;
use callsign_log::{PinRead as PinSeen, PinWrite};
use callsign_sticky::{Pin, PinnedSender, SenderKey, StickyError, Touch, Write, now};

use super::destination::Question;
use crate::bindings::OnUnavailable;
use crate::decision::{Reads, Verdict};
use crate::refusal::Refusal;
use crate::snapshot::Snapshot;

/// A checked answer, held against the recipient's pin.
#[derive(Debug)]
pub(crate) enum Settled {
    /// The verdict stands.
    Done(Verdict, Reads),
    /// The verdict stands once this pin is written.
    NeedsPin(PendingPin),
}

/// A pin to be written, and the verdict that depends on it.
#[derive(Debug)]
pub(crate) struct PendingPin {
    verdict: Verdict,
    reads: Reads,
    sender: u32,
    idle_days: u16,
}

/// Another writer pinned the recipient first.
#[derive(Debug)]
pub(crate) struct LostRace {
    /// Its pin.
    pub(crate) winner: Pin,
    /// The verdict, where it has the winner's sender.
    pub(crate) verdict: Option<(Verdict, Reads)>,
}

/// A pin that a verdict waits for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PinWanted {
    sender: u32,
    idle_days: u16,
}

/// What stands for an answer that a store has not given.
#[cold]
pub(crate) fn no_answer() -> StickyError {
    StickyError::new("the store gave no answer")
}

impl Settled {
    /// A verdict with what was read for it, and the pin that it waits for.
    #[inline]
    pub(crate) fn of(verdict: Verdict, reads: Reads, wanted: Option<PinWanted>) -> Self {
        match wanted {
            None => Self::Done(verdict, reads),
            Some(PinWanted { sender, idle_days }) => Self::NeedsPin(PendingPin { verdict, reads, sender, idle_days }),
        }
    }
}

/// Holds the verdict of a checked answer, and whether that wants the recipient pinned, against the pin that was read, if any was:
/// the pin that the verdict waits for. The use of a pin is noted, for its time to live.
#[inline]
pub(crate) fn settle(
    snapshot: &Snapshot,
    rule: OnUnavailable,
    question: &Question,
    entity: Option<&str>,
    (verdict, pin): (&mut Verdict, bool),
    read: PinRead,
) -> Option<PinWanted> {
    let read = match read {
        None => None,
        Some(Ok(pin)) => pin,
        Some(Err(error)) => {
            *verdict = unavailable(rule, verdict.clone(), &error);
            return None;
        }
    };
    let &mut Verdict::Decided { sender, strategy, .. } = verdict else { return None };
    if question.is_fallback {
        return None;
    }
    let is_pinned = read.is_some_and(|pin| pin.sender.0 == snapshot.revision.keys()[sender as usize]);
    if pin && !is_pinned {
        return Some(PinWanted { sender, idle_days: idle_days(snapshot, strategy) });
    }
    if let Some(pin) = read {
        touch(snapshot, question, entity, (sender, strategy), &pin);
    }
    None
}

/// After how many days without use the pins of a strategy end; 0 for never.
fn idle_days(snapshot: &Snapshot, strategy: Option<u32>) -> u16 {
    strategy.map_or(0, |index| snapshot.revision.catalog().strategies()[index as usize].sticky_idle_days)
}

/// Notes the use of a pin with a time to live, at most ten times in that time.
#[inline]
fn touch(
    snapshot: &Snapshot,
    question: &Question,
    entity: Option<&str>,
    (sender, strategy): (u32, Option<u32>),
    pin: &Pin,
) {
    let idle_days = match strategy {
        Some(index) if snapshot.revision.catalog().strategies()[index as usize].sticky => idle_days(snapshot, strategy),
        // Only a decision by a sticky strategy uses the pin.
        _ => return,
    };
    if idle_days == 0 && pin.idle_days == 0 || pin.sender.0 != snapshot.revision.keys()[sender as usize] {
        return;
    }
    if pin.wants_touch(now(), idle_days)
        && let Some(key) =
            snapshot.revision.pin_key(question.request.scope, entity, question.channel, question.destination.number)
    {
        let touch = Touch { key, sender: pin.sender, idle_days };
        match snapshot.sticky.as_async() {
            Some(store) => store.touch_later(&[touch]),
            // A use that is not noted is made up for by the next.
            None => drop(snapshot.sticky.touch(&[touch])),
        }
    }
}

/// The verdict where the sticky state cannot be read or written.
#[cold]
pub(crate) fn unavailable(rule: OnUnavailable, verdict: Verdict, error: &StickyError) -> Verdict {
    let reason: Arc<str> = error.to_string().into();
    match (rule, verdict) {
        (OnUnavailable::DecideUnpinned, Verdict::Decided { sender, strategy, step, .. }) => {
            Verdict::Decided { sender, strategy, step, unpinned: Some(reason) }
        }
        (OnUnavailable::DecideUnpinned, refused @ Verdict::Refused(_)) => refused,
        (OnUnavailable::Refuse, _) => Verdict::Refused(Refusal::StickyUnavailable(reason)),
    }
}

impl PendingPin {
    /// The write; none where the scope can have no pins, which the check of the answer rules out.
    #[inline]
    pub(crate) fn write<'a>(
        &self,
        snapshot: &'a Snapshot,
        question: &Question,
        entity: Option<&'a str>,
    ) -> Option<Write<'a>> {
        let key =
            snapshot.revision.pin_key(question.request.scope, entity, question.channel, question.destination.number)?;
        let sender = PinnedSender {
            key: SenderKey(snapshot.revision.keys()[self.sender as usize]),
            id: &snapshot.revision.catalog().senders()[self.sender as usize].id,
        };
        let write = match self.reads.pin_read() {
            PinSeen::Sender(expected) => Write::replace(key, SenderKey(expected), sender),
            _ => Write::insert(key, sender),
        };
        Some(write.idle_days(self.idle_days))
    }

    /// The verdict and what was read for it, or the pin of another writer that won: then the policy has to run again.
    #[inline]
    pub(crate) fn on_store_reply(
        self,
        snapshot: &Snapshot,
        rule: OnUnavailable,
        answer: Result<Option<Pin>, StickyError>,
    ) -> Result<(Verdict, Reads), LostRace> {
        let Self { verdict, reads, .. } = self;
        match answer {
            Ok(None) => Ok((verdict, reads.wrote(PinWrite::Written))),
            Ok(Some(winner)) => {
                let same = winner.sender.0 == snapshot.revision.keys()[self.sender as usize];
                Err(LostRace { winner, verdict: same.then_some((verdict, reads)) })
            }
            Err(error) => Ok((unavailable(rule, verdict, &error), reads.wrote(PinWrite::Unavailable))),
        }
    }
}
