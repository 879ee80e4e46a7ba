//! Steps 1 and 2: what the host settles itself, or the question for a policy.

use std::hash::Hasher;

use callsign_destination::Destination;
use siphasher::sip::SipHasher13;

use crate::catalog::Channel;
use crate::decision::{Outcome, Refusal, Step, Verdict};
use crate::message::Message;
use crate::policy::contract::types::Request;
use crate::serving::{By, PLATFORM, Serving, Who};

/// What a policy is asked about a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    pub(crate) scope: u32,
    pub(crate) route: u16,
    pub(crate) channel: Channel,
    pub(crate) destination: Destination,
}

/// Whose message it is: its scope, and the route of that.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whose {
    scope: u32,
    route: u16,
}

impl Whose {
    #[inline]
    pub(crate) fn of(serving: &Serving, message: &Message<'_>) -> Self {
        let scope = serving.revision.scope_of(message.application, message.entity);
        Self { scope, route: serving.route_of(scope, message) }
    }
}

/// Steps 1 and 2: the outcome, or the question for the policy.
#[inline]
pub(crate) fn prepare(serving: &Serving, message: &Message<'_>) -> Result<Question, Outcome> {
    prepare_of(serving, message, || Whose::of(serving, message))
}

/// The same, for who knows a way to find out whose message it is.
#[inline]
pub(crate) fn prepare_of(
    serving: &Serving,
    message: &Message<'_>,
    whose: impl FnOnce() -> Whose,
) -> Result<Question, Outcome> {
    let destination = match Destination::parse(message.to) {
        Ok(destination) => destination,
        Err(error) => {
            let by = By { route: PLATFORM, who: Who::Active };
            return Err(Outcome { verdict: Verdict::Refused(Refusal::InvalidDestination(error)), by });
        }
    };
    let Whose { scope, route } = whose();
    if let Some(from) = message.from {
        let by = By { route, who: Who::Active };
        return Err(Outcome { verdict: explicit(serving, message, &destination, from), by });
    }
    Ok(Question { scope, route, channel: message.channel, destination })
}

/// Step 2: the message names its sender.
fn explicit(serving: &Serving, message: &Message<'_>, destination: &Destination, from: &str) -> Verdict {
    let senders = serving.revision.catalog().senders();
    let (channel, country) = (message.channel, destination.country);
    let mut suspended = None;
    for sender in serving.revision.registered(from) {
        if serving.revision.is_capable(sender, channel, country) {
            return Verdict::Decided { sender, strategy: None, step: Step::Explicit, unpinned: None };
        }
        suspended = Some(suspended.unwrap_or(true) && senders[sender as usize].suspended);
    }
    Verdict::Refused(match suspended {
        None => Refusal::SenderNotRegistered,
        Some(suspended) => Refusal::SenderNotCapable { suspended, channel, country },
    })
}

impl Question {
    /// The question as it crosses to the policy, for the first message of a call.
    #[inline]
    pub(crate) fn request(&self, serving: &Serving) -> Request {
        let scope = serving.revision.scope(self.scope);
        let mut hasher = SipHasher13::new_with_keys(scope.map_or(0, |scope| scope.application_hash), 0);
        hasher.write_u64(self.destination.number.get());
        Request {
            message: 0,
            scope: self.scope,
            revision: scope.map_or(0, |scope| scope.revision),
            channel: self.channel.into(),
            country: self.destination.country.bits(),
            area_code: self.destination.area_code.map_or(0, |code| code.get()),
            recipient: hasher.finish(),
        }
    }
}
