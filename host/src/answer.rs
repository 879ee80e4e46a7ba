//! Checks what a policy answers: the host trusts none of it.

use std::fmt;
use std::sync::Arc;

use callsign_destination::Country;

use crate::catalog::Channel;
use crate::decision::{Outcome, Refusal, Step};
use crate::gateway::Serving;
use crate::policy::OwnRefusal;
use crate::policy::contract::types::{self, Answer};
use crate::scope::Scope;

/// What an answer comes to: the outcome, and whether the recipient is to be pinned to its sender.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) outcome: Outcome,
    pub(crate) pin: bool,
}

/// Checks the answer to a message of a scope.
#[inline]
pub(crate) fn check(serving: &Serving, scope: &Scope, channel: Channel, country: Country, answer: &Answer) -> Checked {
    let decision = match answer {
        Answer::Decided(decision) => decision,
        Answer::Refused(refusal) => return refused(refusal_of(serving, channel, country, refusal)),
    };
    let catalog = serving.revision.catalog();
    let Some(member) = scope.members.get(decision.sender as usize) else {
        return failed(Wrong::UnknownSender(decision.sender));
    };
    if !scope.may_use(decision.sender, channel) {
        return failed(Wrong::ForeignSender(&catalog.senders()[member.sender as usize].id, channel));
    }
    if !serving.revision.is_capable(member.sender, channel, country) {
        return failed(Wrong::IncapableSender(&catalog.senders()[member.sender as usize].id, channel, country));
    }
    let strategy = match decision.strategy.map(|handle| (handle, scope.strategies.get(handle as usize))) {
        None => None,
        Some((_, Some(&index))) => Some(index),
        Some((handle, None)) => return failed(Wrong::UnknownStrategy(handle)),
    };
    if decision.pin && !strategy.is_some_and(|index| catalog.strategies()[index as usize].sticky) {
        return failed(Wrong::PinWithoutSticky);
    }
    let step = match decision.step {
        types::Step::Sticky => Step::Sticky,
        types::Step::AreaCode => Step::AreaCode,
        types::Step::Overlay => Step::Overlay,
        types::Step::Region => Step::Region,
        types::Step::Pool => Step::Pool,
        types::Step::DefaultSender => Step::DefaultSender,
    };
    Checked { outcome: Outcome::Decided { sender: member.sender, strategy, step }, pin: decision.pin }
}

fn refusal_of(serving: &Serving, channel: Channel, country: Country, refusal: &types::Refusal) -> Refusal {
    match refusal {
        types::Refusal::NoStrategy => Refusal::NoStrategy,
        types::Refusal::ChannelNotAllowed => Refusal::ChannelNotAllowed(channel),
        types::Refusal::CountryNotAllowed => Refusal::CountryNotAllowed(country),
        types::Refusal::NoEligibleSender => Refusal::NoEligibleSender { channel, country },
        types::Refusal::Own(own) => Refusal::Own(Arc::new(OwnRefusal::new(&serving.policy, own.code, own.detail))),
    }
}

fn refused(refusal: Refusal) -> Checked {
    Checked { outcome: Outcome::Refused(refusal), pin: false }
}

#[cold]
fn failed(wrong: Wrong<'_>) -> Checked {
    refused(Refusal::PolicyFailed(wrong.to_string().into()))
}

/// What is wrong with an answer.
enum Wrong<'a> {
    UnknownSender(u32),
    ForeignSender(&'a str, Channel),
    IncapableSender(&'a str, Channel, Country),
    UnknownStrategy(u32),
    PinWithoutSticky,
}

impl fmt::Display for Wrong<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the policy's answer is not acceptable: ")?;
        match self {
            Self::UnknownSender(handle) => write!(f, "the scope has no sender {handle}"),
            Self::ForeignSender(id, channel) => write!(f, "sender {id} is not associated with the scope for {channel}"),
            Self::IncapableSender(id, channel, country) => {
                write!(f, "sender {id} is suspended or does not cover {channel} to {country}")
            }
            Self::UnknownStrategy(handle) => write!(f, "the scope has no strategy {handle}"),
            Self::PinWithoutSticky => f.write_str("it pins the recipient without a sticky strategy"),
        }
    }
}
