//! Step 1: the destination of a message; and, after step 2, the question for a policy.

use callsign_catalog::Channel;
use callsign_destination::Destination;
use callsign_engine::contract::types::Request;
use callsign_engine::words::marks;
use callsign_index::Scope;
use callsign_index::host_reads::channel_number;
use callsign_index::recipient_hash;

use super::call::Query;
use super::explicit::explicit;
use crate::decision::{Outcome, Verdict};
use crate::message::Message;
use crate::refusal::Refusal;
use crate::snapshot::{AnsweredBy, PLATFORM, Role, Snapshot};

/// What a policy is asked about a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    /// The question as it crosses to the policy, for the first message of a call.
    pub(crate) request: Request,
    pub(crate) route: u16,
    pub(crate) channel: Channel,
    pub(crate) destination: Destination,
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

/// Steps 1 and 2: the outcome, or the message with the question for the policy.
#[inline]
pub(crate) fn prepare<'a>(snapshot: &Snapshot, message: &'a Message<'a>) -> Result<Query<'a>, Outcome> {
    prepare_of(snapshot, message, || MessageScope::of(snapshot, message))
}

/// The same, for a caller that finds the scope of the message in a way of its own.
#[inline]
pub(crate) fn prepare_of<'a>(
    snapshot: &Snapshot,
    message: &'a Message<'a>,
    scope_of: impl FnOnce() -> MessageScope,
) -> Result<Query<'a>, Outcome> {
    match snapshot.revision.catalog().numbering().area_codes().parse(message.to) {
        Ok(Destination { number, country, area_code }) => {
            prepare_to(snapshot, message, Destination { number, country, area_code }, scope_of)
        }
        Err(error) => {
            let by = AnsweredBy { route: PLATFORM, role: Role::Active };
            Err(Outcome::new(Verdict::Refused(Refusal::InvalidDestination(error)), by))
        }
    }
}

/// Step 2, for a message whose destination is known.
#[inline]
pub(crate) fn prepare_to<'a>(
    snapshot: &Snapshot,
    message: &'a Message<'a>,
    destination: Destination,
    scope_of: impl FnOnce() -> MessageScope,
) -> Result<Query<'a>, Outcome> {
    let MessageScope { scope, route } = scope_of();
    if let Some(from) = message.from {
        let by = AnsweredBy { route, role: Role::Active };
        return Err(Outcome::new(explicit(snapshot, message, &destination, from), by));
    }
    let revision = &snapshot.revision;
    let (channel, Destination { number, country, area_code }) = (message.channel, destination);
    let mut request = Request {
        message: 0,
        scope,
        revision: 0,
        recipient: 0,
        message_type: 0,
        marks: 0,
        country: country.bits(),
        area_code: area_code.map_or(0, |code| code.get()),
        channel: channel_number(channel),
    };
    match revision.scope(scope) {
        Some(scope) => {
            request.revision = scope.revision;
            request.recipient = recipient_hash(scope.application_hash, number);
            if let Some(one) = message.message_type {
                request.message_type = revision.message_type(scope, Some(one.as_str()));
            }
            request.marks = marks_of(snapshot, scope, request.recipient, channel, destination);
        }
        None => request.recipient = recipient_hash(0, number),
    }
    let question = Question { request, route, channel, destination, is_fallback: message.is_fallback };
    Ok(Query { question, message })
}

/// The marks of a message.
#[inline(always)]
fn marks_of(snapshot: &Snapshot, scope: &Scope, recipient: u64, channel: Channel, destination: Destination) -> u32 {
    let (revision, Destination { number, country, .. }) = (&snapshot.revision, destination);
    let itself = if revision.is_itself(scope, recipient, number) { marks::ITSELF } else { 0 };
    if snapshot.signals.health_epoch() == 0 {
        return itself;
    }
    match revision.unhealthy(scope, &snapshot.signals.current(), channel, country).is_empty() {
        true => itself,
        false => itself | marks::UNHEALTHY,
    }
}
