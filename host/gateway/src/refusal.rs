//! Why a message has no sender.

use std::fmt;
use std::sync::Arc;

use callsign_catalog::{Channel, Registration};
use callsign_destination::{Country, DestinationError};
use callsign_engine::OwnRefusal;

/// Why a message has no sender.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// `to` is not a number that messages can be sent to.
    InvalidDestination(DestinationError),
    /// `from` is no sender of the catalog.
    SenderNotRegistered,
    /// `from` is suspended, does not cover this channel and country, or is not for messages of this type.
    SenderNotCapable {
        /// Which of the three. Of several senders with this address it is of the one that comes nearest to it.
        reason: NotCapable,
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
    /// The decision could not be recorded, and the log is to lose none.
    LogUnavailable(Arc<str>),
    /// A reason of the policy's own, worded by the policy when it is first read.
    Own(Arc<OwnRefusal>),
}

/// Why the sender in `from` cannot carry a message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum NotCapable {
    /// It is suspended.
    Suspended,
    /// It does not cover the channel and the country.
    NotCovered,
    /// It would cover them, but its registration there is not active.
    NotRegistered(Registration),
    /// The country takes no senders of its type.
    TypeNotTaken,
    /// It is limited to other types of messages than this one.
    MessageType {
        /// The type of the message.
        wanted: Arc<str>,
        /// Those that it may carry, as a sentence lists them.
        only: Arc<str>,
    },
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
            Self::LogUnavailable(_) => "LOG_UNAVAILABLE",
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
            Self::SenderNotCapable { reason, channel, country } => match reason {
                NotCapable::Suspended => f.write_str("the sender in `from` is suspended"),
                NotCapable::NotCovered => write!(f, "the sender in `from` does not cover {channel} to {country}"),
                NotCapable::NotRegistered(registration) => write!(
                    f,
                    "the sender in `from` does not cover {channel} to {country}: its registration there is {registration}"
                ),
                NotCapable::TypeNotTaken => {
                    write!(
                        f,
                        "the sender in `from` does not cover {channel} to {country}, which takes no senders of its type"
                    )
                }
                NotCapable::MessageType { wanted, only } => {
                    write!(f, "the sender in `from` is not for messages of type {wanted}, only for {only}")
                }
            },
            Self::NoStrategy => f.write_str("neither the entity nor its application has a sending strategy"),
            Self::ChannelNotAllowed(channel) => {
                write!(f, "there are sending strategies here, but none that counts is for {channel}")
            }
            Self::CountryNotAllowed(country) => write!(f, "none of the sending strategies that count allows {country}"),
            Self::NoEligibleSender { channel, country } => {
                write!(f, "no active sender associated here covers {channel} to {country}, and no default sender does")
            }
            Self::StickyUnavailable(reason) | Self::PolicyFailed(reason) | Self::LogUnavailable(reason) => {
                f.write_str(reason)
            }
            Self::Own(own) => f.write_str(own.message()),
        }
    }
}
