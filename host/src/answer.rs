//! Checks what a policy answers: the host trusts none of it.

use std::fmt;
use std::sync::Arc;

use callsign_destination::Country;

use crate::catalog::{Channel, Strategy};
use crate::decision::{Refusal, Verdict};
use crate::policy::contract::types::{self, Answer};
use crate::policy::{Author, Failure, OwnRefusal};
use crate::question::Question;
use crate::serving::Serving;

/// What an answer comes to: the verdict, and whether the recipient is to be pinned to its sender.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) verdict: Verdict,
    pub(crate) pin: bool,
}

/// Checks the answer of a policy to a question.
///
/// # Errors
/// The answer is not acceptable.
#[inline]
pub(crate) fn check(
    serving: &Serving,
    author: Author<'_>,
    question: &Question,
    answer: &Answer,
) -> Result<Checked, Failure> {
    let (channel, country) = (question.channel, question.destination.country);
    let decision = match answer {
        Answer::Decided(decision) => decision,
        Answer::Refused(refusal) => return Ok(refused(refusal_of(author, channel, country, refusal))),
    };
    let catalog = serving.revision.catalog();
    let Some(scope) = serving.revision.scope(question.scope) else {
        return failed(Wrong::UnknownSender(decision.sender));
    };
    let Some(member) = scope.members.get(decision.sender as usize) else {
        return failed(Wrong::UnknownSender(decision.sender));
    };
    if !scope.may_use(decision.sender, channel) {
        return failed(Wrong::ForeignSender(&catalog.senders()[member.sender as usize].id, channel));
    }
    if !serving.revision.can(member.ability, channel, country) {
        return failed(Wrong::IncapableSender(&catalog.senders()[member.sender as usize].id, channel, country));
    }
    let strategy = match decision.strategy.map(|handle| (handle, scope.strategies.get(handle as usize))) {
        None => None,
        Some((_, Some(&index))) => Some(index),
        Some((handle, None)) => return failed(Wrong::UnknownStrategy(handle)),
    };
    let allows_pin = |index| {
        let strategy: &Strategy = &catalog.strategies()[index as usize];
        strategy.sticky
            && strategy.channel.is_none_or(|only| only == channel)
            && strategy.countries.as_ref().is_none_or(|countries| countries.binary_search(&country).is_ok())
    };
    if decision.pin && !strategy.is_some_and(allows_pin) {
        return failed(Wrong::PinWithoutSticky);
    }
    Ok(Checked {
        verdict: Verdict::Decided { sender: member.sender, strategy, step: decision.step.into(), unpinned: None },
        pin: decision.pin,
    })
}

fn refusal_of(author: Author<'_>, channel: Channel, country: Country, refusal: &types::Refusal) -> Refusal {
    match refusal {
        types::Refusal::NoStrategy => Refusal::NoStrategy,
        types::Refusal::ChannelNotAllowed => Refusal::ChannelNotAllowed(channel),
        types::Refusal::CountryNotAllowed => Refusal::CountryNotAllowed(country),
        types::Refusal::NoEligibleSender => Refusal::NoEligibleSender { channel, country },
        types::Refusal::Own(own) => Refusal::Own(Arc::new(OwnRefusal::new(author, own.code, own.detail))),
    }
}

fn refused(refusal: Refusal) -> Checked {
    Checked { verdict: Verdict::Refused(refusal), pin: false }
}

#[cold]
fn failed(wrong: Wrong<'_>) -> Result<Checked, Failure> {
    Err(Failure::Answer(wrong.to_string()))
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
        match self {
            Self::UnknownSender(handle) => write!(f, "the scope has no sender {handle}"),
            Self::ForeignSender(id, channel) => write!(f, "sender {id} is not associated with the scope for {channel}"),
            Self::IncapableSender(id, channel, country) => {
                write!(f, "sender {id} is suspended or does not cover {channel} to {country}")
            }
            Self::UnknownStrategy(handle) => write!(f, "the scope has no strategy {handle}"),
            Self::PinWithoutSticky => {
                f.write_str("it pins the recipient without a sticky strategy for its channel and country")
            }
        }
    }
}
