//! Checks what a policy answers: the host trusts none of it.

use std::fmt;
use std::sync::Arc;

use callsign_catalog::{Channel, Strategy};
use callsign_destination::Country;
use callsign_engine::contract::types::{self, Answer};
use callsign_engine::words::{marks, reason};
use callsign_engine::{Failure, OwnRefusal, Policy, RefusalAuthor};

use super::destination::Question;
use crate::bindings::BoundPolicy;
use crate::decision::Verdict;
use crate::refusal::Refusal;
use crate::snapshot::Snapshot;
use crate::step::Step;

/// Who gave an answer: a policy in its binding, where its failures count, or one by itself.
#[derive(Clone, Copy)]
pub(crate) enum Author<'a> {
    Bound(&'a Arc<BoundPolicy>),
    Policy(&'a Arc<Policy>),
}

impl Author<'_> {
    /// The same, to keep beyond the call.
    fn shared(self) -> Arc<dyn RefusalAuthor> {
        match self {
            Self::Bound(bound) => Arc::clone(bound) as Arc<dyn RefusalAuthor>,
            Self::Policy(policy) => Arc::clone(policy) as Arc<dyn RefusalAuthor>,
        }
    }
}

/// A checked answer: the verdict, and whether to pin the recipient to its sender.
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
    snapshot: &Snapshot,
    author: Author<'_>,
    question: &Question,
    answer: &Answer,
) -> Result<Checked, Failure> {
    let mut verdict = Verdict::Refused(Refusal::NoStrategy);
    let pin = check_into(snapshot, author, question, answer, &mut verdict)?;
    Ok(Checked { verdict, pin })
}

/// The same with a place for the verdict: whether to pin the recipient to its sender.
///
/// # Errors
/// The answer is not acceptable.
#[inline]
pub(crate) fn check_into(
    snapshot: &Snapshot,
    author: Author<'_>,
    question: &Question,
    answer: &Answer,
    verdict: &mut Verdict,
) -> Result<bool, Failure> {
    let (channel, country) = (question.channel, question.destination.country);
    let decision = match answer {
        Answer::Decided(decision) => decision,
        Answer::Refused(refusal) => {
            *verdict = Verdict::Refused(refusal_of(author, channel, country, *refusal)?);
            return Ok(false);
        }
    };
    let catalog = snapshot.revision.catalog();
    let Some(scope) = snapshot.revision.scope(question.request.scope) else {
        return failed(Wrong::UnknownSender(decision.sender));
    };
    let Some(member) = scope.members.get(decision.sender as usize) else {
        return failed(Wrong::UnknownSender(decision.sender));
    };
    if !scope.may_use(decision.sender, channel) {
        return failed(Wrong::ForeignSender(&catalog.senders()[member.sender as usize].id, channel));
    }
    if !snapshot.revision.can(member.ability, channel, country) {
        return failed(Wrong::IncapableSender(&catalog.senders()[member.sender as usize].id, channel, country));
    }
    if !snapshot.revision.carries(member, question.request.message_type) {
        return failed(Wrong::OtherMessageType(&catalog.senders()[member.sender as usize].id));
    }
    if question.request.marks & marks::ITSELF != 0
        && snapshot.revision.is_number_of(member, question.destination.number)
    {
        return failed(Wrong::Recipient(&catalog.senders()[member.sender as usize].id));
    }
    let Some(step) = Step::of(decision.step) else { return failed(Wrong::UnknownStep(decision.step)) };
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
    *verdict = Verdict::Decided { sender: member.sender, strategy, step, unpinned: None };
    Ok(decision.pin)
}

fn refusal_of(
    author: Author<'_>,
    channel: Channel,
    country: Country,
    refusal: types::Refusal,
) -> Result<Refusal, Failure> {
    Ok(match refusal.reason {
        reason::OWN => Refusal::Own(Arc::new(OwnRefusal::new(author.shared(), refusal.code, refusal.detail))),
        reason::NO_STRATEGY => Refusal::NoStrategy,
        reason::CHANNEL_NOT_ALLOWED => Refusal::ChannelNotAllowed(channel),
        reason::COUNTRY_NOT_ALLOWED => Refusal::CountryNotAllowed(country),
        reason::NO_ELIGIBLE_SENDER => Refusal::NoEligibleSender { channel, country },
        unknown => return failed(Wrong::UnknownReason(unknown)),
    })
}

#[cold]
fn failed<T>(wrong: Wrong<'_>) -> Result<T, Failure> {
    Err(Failure::Answer(wrong.to_string()))
}

/// What is wrong with an answer.
enum Wrong<'a> {
    UnknownSender(u32),
    ForeignSender(&'a str, Channel),
    IncapableSender(&'a str, Channel, Country),
    OtherMessageType(&'a str),
    Recipient(&'a str),
    UnknownStep(u8),
    UnknownReason(u8),
    UnknownStrategy(u32),
    PinWithoutSticky,
}

impl fmt::Display for Wrong<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownSender(handle) => write!(f, "the scope has no sender {handle}"),
            Self::ForeignSender(id, channel) => write!(f, "sender {id} is not associated with the scope for {channel}"),
            Self::IncapableSender(id, channel, country) => {
                write!(
                    f,
                    "sender {id} is suspended, does not cover {channel} to {country}, or is of a type not taken there"
                )
            }
            Self::OtherMessageType(id) => write!(f, "sender {id} may not carry messages of this type"),
            Self::Recipient(id) => write!(f, "sender {id} is the recipient"),
            Self::UnknownStep(step) => write!(f, "there is no step {step}"),
            Self::UnknownReason(reason) => write!(f, "there is no reason {reason} for a refusal"),
            Self::UnknownStrategy(handle) => write!(f, "the scope has no strategy {handle}"),
            Self::PinWithoutSticky => {
                f.write_str("it pins the recipient without a sticky strategy for its channel and country")
            }
        }
    }
}
