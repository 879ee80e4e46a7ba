//! What became of a message: a sender, or a refusal.

use std::fmt;
use std::sync::Arc;

use callsign_destination::{Country, DestinationError};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::catalog::{Catalog, Channel, Sender, Strategy};
use crate::policy::OwnRefusal;
use crate::serving::{By, Serving};

/// The step of the resolution that settled a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Step {
    /// The message named its sender.
    Explicit,
    /// No candidate: the default sender of the entity or of the application.
    DefaultSender,
    /// The sender that the recipient is pinned to.
    Sticky,
    /// A long number with the recipient's own area code.
    AreaCode,
    /// A long number whose area code overlays the recipient's.
    Overlay,
    /// A long number of the recipient's state or province.
    Region,
    /// One of the pool.
    Pool,
}

impl Step {
    /// The step as decisions name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Explicit => "EXPLICIT",
            Self::DefaultSender => "DEFAULT_SENDER",
            Self::Sticky => "STICKY",
            Self::AreaCode => "AREA_CODE",
            Self::Overlay => "OVERLAY",
            Self::Region => "REGION",
            Self::Pool => "POOL",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a message has no sender.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// `to` is not a number that messages can be sent to.
    InvalidDestination(DestinationError),
    /// `from` is no sender of the catalog.
    SenderNotRegistered,
    /// `from` is suspended, or does not cover this channel and country.
    SenderNotCapable {
        /// Every sender with this address is suspended.
        suspended: bool,
        /// The channel of the message.
        channel: Channel,
        /// The destination.
        country: Country,
    },
    /// The application, or the entity and its application, has no strategies.
    NoStrategy,
    /// The strategies that count have none for this channel.
    ChannelNotAllowed(Channel),
    /// The strategies that count do not have this country.
    CountryNotAllowed(Country),
    /// No candidate, and no default sender that can carry the message.
    NoEligibleSender {
        /// The channel of the message.
        channel: Channel,
        /// The destination.
        country: Country,
    },
    /// The sticky state could not be read or written.
    StickyUnavailable(Arc<str>),
    /// The policy failed, or gave an answer that the host does not accept.
    PolicyFailed(Arc<str>),
    /// A reason of the policy's own, worded by the policy when it is first read.
    Own(Arc<OwnRefusal>),
}

impl Refusal {
    /// The code for programs.
    pub fn code(&self) -> &str {
        match self {
            Self::InvalidDestination(_) => "INVALID_DESTINATION",
            Self::SenderNotRegistered => "SENDER_NOT_REGISTERED",
            Self::SenderNotCapable { .. } => "SENDER_NOT_CAPABLE",
            Self::NoStrategy => "NO_STRATEGY",
            Self::ChannelNotAllowed(_) => "CHANNEL_NOT_ALLOWED",
            Self::CountryNotAllowed(_) => "COUNTRY_NOT_ALLOWED",
            Self::NoEligibleSender { .. } => "NO_ELIGIBLE_SENDER",
            Self::StickyUnavailable(_) => "STICKY_UNAVAILABLE",
            Self::PolicyFailed(_) => "POLICY_FAILED",
            Self::Own(own) => own.code(),
        }
    }
}

/// The sentence for people.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidDestination(error) => error.fmt(f),
            Self::SenderNotRegistered => f.write_str("no sender of the catalog has the address in `from`"),
            Self::SenderNotCapable { suspended: true, .. } => f.write_str("the sender in `from` is suspended"),
            Self::SenderNotCapable { channel, country, .. } => {
                write!(f, "the sender in `from` does not cover {channel} to {country}")
            }
            Self::NoStrategy => f.write_str("neither the entity nor its application has a sending strategy"),
            Self::ChannelNotAllowed(channel) => {
                write!(f, "there are sending strategies here, but none that counts is for {channel}")
            }
            Self::CountryNotAllowed(country) => write!(f, "none of the sending strategies that count allows {country}"),
            Self::NoEligibleSender { channel, country } => {
                write!(f, "no active sender associated here covers {channel} to {country}, and no default sender does")
            }
            Self::StickyUnavailable(reason) | Self::PolicyFailed(reason) => f.write_str(reason),
            Self::Own(own) => f.write_str(own.message()),
        }
    }
}

/// What became of a message, in the catalog's numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Decided {
        sender: u32,
        strategy: Option<u32>,
        step: Step,
        /// Why the pin of the recipient was not looked at or not written, where it should have been.
        unpinned: Option<Arc<str>>,
    },
    Refused(Refusal),
}

impl Verdict {
    /// `senderId STEP`, or the code of the refusal.
    pub(crate) fn describe(&self, serving: &Serving) -> String {
        match self {
            Self::Decided { sender, step, .. } => {
                format!("{} {step}", serving.revision.catalog().senders()[*sender as usize].id)
            }
            Self::Refused(refusal) => refusal.code().to_owned(),
        }
    }
}

/// What became of a message, and who said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    pub(crate) by: By,
}

impl Outcome {
    /// Nobody said anything, and why.
    #[cold]
    pub(crate) fn nobody(reason: &str) -> Self {
        let by = By { route: crate::serving::PLATFORM, who: crate::serving::Who::Active };
        Self { verdict: Verdict::Refused(Refusal::PolicyFailed(reason.into())), by }
    }
}

/// What became of a message.
///
/// It borrows the catalog and the policy that it was decided with, so it stays true when they are replaced.
#[derive(Clone, Copy)]
pub struct DecisionRef<'a> {
    pub(crate) serving: &'a Serving,
    pub(crate) outcome: &'a Outcome,
}

impl<'a> DecisionRef<'a> {
    fn catalog(&self) -> &'a Catalog {
        self.serving.revision.catalog()
    }

    /// The sender; none where the message was refused.
    pub fn sender(&self) -> Option<&'a Sender> {
        match &self.outcome.verdict {
            Verdict::Decided { sender, .. } => self.catalog().senders().get(*sender as usize),
            Verdict::Refused(_) => None,
        }
    }

    /// The step that settled it; none where the message was refused.
    pub fn step(&self) -> Option<Step> {
        match &self.outcome.verdict {
            Verdict::Decided { step, .. } => Some(*step),
            Verdict::Refused(_) => None,
        }
    }

    /// The strategy that was followed; none where the message named its sender or was refused.
    pub fn strategy(&self) -> Option<&'a Strategy> {
        match &self.outcome.verdict {
            Verdict::Decided { strategy, .. } => self.catalog().strategies().get((*strategy)? as usize),
            Verdict::Refused(_) => None,
        }
    }

    /// Why there is no sender; none where there is one.
    pub fn refusal(&self) -> Option<&'a Refusal> {
        match &self.outcome.verdict {
            Verdict::Decided { .. } => None,
            Verdict::Refused(refusal) => Some(refusal),
        }
    }

    /// Why the recipient's pin was not looked at or not written, where a sticky strategy was followed and its binding lets
    /// such messages go out ([`OnUnavailable::DecideUnpinned`](crate::OnUnavailable::DecideUnpinned)); else none.
    pub fn unpinned(&self) -> Option<&'a str> {
        match &self.outcome.verdict {
            Verdict::Decided { unpinned, .. } => unpinned.as_deref(),
            Verdict::Refused(_) => None,
        }
    }

    /// The policy that decided, as `name@version`.
    pub fn policy(&self) -> &'a str {
        self.serving.policy(self.outcome.by).label()
    }

    /// The decision as it is written for programs, with the id of its message.
    pub fn to_json<'m>(&self, message_id: Option<&'m str>) -> impl Serialize + use<'a, 'm> {
        Json { message_id, decision: *self }
    }
}

impl fmt::Debug for DecisionRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome.verdict {
            Verdict::Decided { step, .. } => f
                .debug_struct("Decided")
                .field("sender", &self.sender().map(|sender| &sender.id))
                .field("step", &step.as_str())
                .field("strategy", &self.strategy().map(|strategy| &strategy.id))
                .field("unpinned", &self.unpinned())
                .finish(),
            Verdict::Refused(refusal) => f.debug_tuple("Refused").field(refusal).finish(),
        }
    }
}

struct Json<'a, 'm> {
    message_id: Option<&'m str>,
    decision: DecisionRef<'a>,
}

impl Serialize for Json<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(id) = self.message_id {
            map.serialize_entry("messageId", id)?;
        }
        if let Some(refusal) = self.decision.refusal() {
            map.serialize_entry("refusal", &RefusalJson(refusal))?;
        } else if let (Some(sender), Some(step)) = (self.decision.sender(), self.decision.step()) {
            map.serialize_entry("sender", &*sender.address)?;
            map.serialize_entry("senderId", &*sender.id)?;
            map.serialize_entry("senderType", sender.kind.as_str())?;
            map.serialize_entry("step", step.as_str())?;
            if let Some(strategy) = self.decision.strategy() {
                map.serialize_entry("strategyId", &*strategy.id)?;
            }
            if let Some(reason) = self.decision.unpinned() {
                map.serialize_entry("unpinned", reason)?;
            }
            map.serialize_entry("policy", self.decision.policy())?;
        }
        map.end()
    }
}

struct RefusalJson<'a>(&'a Refusal);

impl Serialize for RefusalJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("code", self.0.code())?;
        map.serialize_entry("message", &format_args!("{}", self.0))?;
        map.end()
    }
}
