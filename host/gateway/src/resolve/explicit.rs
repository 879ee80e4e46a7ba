//! Step 2: a message that names its sender.

use callsign_catalog::Registration;
use callsign_destination::Destination;

use crate::decision::Verdict;
use crate::message::Message;
use crate::refusal::{NotCapable, Refusal};
use crate::snapshot::Snapshot;
use crate::step::Step;

/// Step 2: the message names its sender.
pub(super) fn explicit(snapshot: &Snapshot, message: &Message<'_>, destination: &Destination, from: &str) -> Verdict {
    let mut nearest = None;
    for sender in snapshot.revision.registered(from) {
        match incapable(snapshot, message, destination, sender) {
            None => return Verdict::Decided { sender, strategy: None, step: Step::Explicit, unpinned: None },
            reason => nearest = nearest.max(reason),
        }
    }
    Verdict::Refused(match nearest {
        None => Refusal::SenderNotRegistered,
        Some(reason) => Refusal::SenderNotCapable { reason, channel: message.channel, country: destination.country },
    })
}

/// Why a sender of the catalog cannot carry a message; none if it can.
pub(crate) fn incapable(
    snapshot: &Snapshot,
    message: &Message<'_>,
    destination: &Destination,
    index: u32,
) -> Option<NotCapable> {
    let (channel, country) = (message.channel, destination.country);
    let sender = &snapshot.revision.catalog().senders()[index as usize];
    if sender.suspended {
        return Some(NotCapable::Suspended);
    }
    match sender.coverage.registration(channel, country) {
        None => return Some(NotCapable::NotCovered),
        Some(Registration::Active) if snapshot.revision.is_capable(index, channel, country) => {}
        Some(Registration::Active) => return Some(NotCapable::TypeNotTaken),
        Some(registration) => return Some(NotCapable::NotRegistered(registration)),
    }
    let wanted = message.message_type.map(|one| one.as_str());
    match wanted {
        Some(wanted) if !sender.message_types.allow(Some(wanted)) => {
            let only = sender.message_types.iter().collect::<Vec<_>>().join(", ").into();
            Some(NotCapable::MessageType { wanted: wanted.into(), only })
        }
        _ => None,
    }
}
