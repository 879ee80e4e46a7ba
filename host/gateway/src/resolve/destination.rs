//! Step 1: the destination of a message; and, after step 2, the question for a policy.

use std::hash::Hasher;

use callsign_catalog::Channel;
use callsign_destination::Destination;
use callsign_engine::contract::types::Request;
use callsign_engine::words::marks;
use callsign_index::Scope;
use callsign_index::host_reads::channel_number;
use siphasher::sip::SipHasher13;

use super::explicit::explicit;
use crate::decision::{Outcome, Verdict};
use crate::message::Message;
use crate::refusal::Refusal;
use crate::snapshot::{AnsweredBy, PLATFORM, Role, Snapshot};

/// What a policy is asked about a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    pub(crate) scope: u32,
    pub(crate) route: u16,
    pub(crate) channel: Channel,
    pub(crate) destination: Destination,
    /// The type of the message, as far as the scope tells types apart.
    pub(crate) message_type: u64,
    /// Whether the decision is only what the message would get: no pin is written or renewed.
    pub(crate) is_fallback: bool,
}

/// The scope of a message, and the route of that scope.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MessageScope {
    scope: u32,
    route: u16,
}

impl MessageScope {
    #[inline]
    pub(crate) fn of(snapshot: &Snapshot, message: &Message<'_>) -> Self {
        let scope = snapshot.revision.scope_of(message.application, message.entity);
        Self { scope, route: snapshot.route_of(scope, message) }
    }
}

/// Steps 1 and 2: the outcome, or the question for the policy.
#[inline]
pub(crate) fn prepare(snapshot: &Snapshot, message: &Message<'_>) -> Result<Question, Outcome> {
    prepare_of(snapshot, message, || MessageScope::of(snapshot, message))
}

/// The same, for a caller that finds the scope of the message in a way of its own.
#[inline]
pub(crate) fn prepare_of(
    snapshot: &Snapshot,
    message: &Message<'_>,
    scope_of: impl FnOnce() -> MessageScope,
) -> Result<Question, Outcome> {
    let destination = match snapshot.revision.catalog().numbering().area_codes().parse(message.to) {
        Ok(destination) => destination,
        Err(error) => {
            let by = AnsweredBy { route: PLATFORM, role: Role::Active };
            return Err(Outcome { verdict: Verdict::Refused(Refusal::InvalidDestination(error)), by });
        }
    };
    let MessageScope { scope, route } = scope_of();
    if let Some(from) = message.from {
        let by = AnsweredBy { route, role: Role::Active };
        return Err(Outcome { verdict: explicit(snapshot, message, &destination, from), by });
    }
    let revision = &snapshot.revision;
    let message_type = match message.message_type {
        None => 0,
        Some(one) => revision.scope(scope).map_or(0, |scope| revision.message_type(scope, Some(one.as_str()))),
    };
    let is_fallback = message.is_fallback;
    Ok(Question { scope, route, channel: message.channel, destination, message_type, is_fallback })
}

impl Question {
    /// The question as it crosses to the policy, for the first message of a call.
    #[inline]
    pub(crate) fn request(&self, snapshot: &Snapshot) -> Request {
        let scope = snapshot.revision.scope(self.scope);
        let mut hasher = SipHasher13::new_with_keys(scope.map_or(0, |scope| scope.application_hash), 0);
        hasher.write_u64(self.destination.number.recipient().get());
        Request {
            message: 0,
            scope: self.scope,
            revision: scope.map_or(0, |scope| scope.revision),
            recipient: hasher.finish(),
            message_type: self.message_type,
            marks: scope.map_or(0, |scope| self.marks(snapshot, scope)),
            country: self.destination.country.bits(),
            area_code: self.destination.area_code.map_or(0, |code| code.get()),
            channel: channel_number(self.channel),
        }
    }

    /// What is unusual about the message: that its recipient may be a sender of the scope, and that a sender is unhealthy.
    #[inline]
    fn marks(&self, snapshot: &Snapshot, scope: &Scope) -> u32 {
        let (revision, Destination { number, country, .. }) = (&snapshot.revision, self.destination);
        let itself = if revision.itself(scope, number).is_empty() { 0 } else { marks::ITSELF };
        if snapshot.signals.health_epoch() == 0 {
            return itself;
        }
        match revision.unhealthy(scope, &snapshot.signals.current(), self.channel, country).is_empty() {
            true => itself,
            false => itself | marks::UNHEALTHY,
        }
    }
}
