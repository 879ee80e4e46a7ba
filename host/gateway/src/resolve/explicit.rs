//! Step 2: a message that names its sender.

use callsign_destination::Destination;

use crate::decision::Verdict;
use crate::message::Message;
use crate::refusal::Refusal;
use crate::snapshot::Snapshot;
use crate::step::Step;

/// Step 2: the message names its sender.
pub(super) fn explicit(snapshot: &Snapshot, message: &Message<'_>, destination: &Destination, from: &str) -> Verdict {
    let senders = snapshot.revision.catalog().senders();
    let (channel, country) = (message.channel, destination.country);
    let mut suspended = None;
    for sender in snapshot.revision.registered(from) {
        if snapshot.revision.is_capable(sender, channel, country) {
            return Verdict::Decided { sender, strategy: None, step: Step::Explicit, unpinned: None };
        }
        suspended = Some(suspended.unwrap_or(true) && senders[sender as usize].suspended);
    }
    Verdict::Refused(match suspended {
        None => Refusal::SenderNotRegistered,
        Some(suspended) => Refusal::SenderNotCapable { suspended, channel, country },
    })
}
