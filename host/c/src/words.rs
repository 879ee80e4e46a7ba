//! The words of messages and decisions, as numbers. The library takes and gives plain numbers, since a number of a caller may be any.

use callsign::{Channel, Refusal, SenderType, Step};

/// Channels of messages.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelNumber {
    /// SMS.
    Sms = 1,
    /// MMS.
    Mms = 2,
    /// RCS.
    Rcs = 3,
}

/// Types of senders. 0 stands for none.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SenderTypeNumber {
    /// A word that recipients see.
    Alphanumeric = 1,
    /// A telephone number.
    VirtualLongNumber = 2,
    /// A short code.
    ShortCode = 3,
    /// A number that is free for callers.
    TollFreeNumber = 4,
    /// An RCS agent.
    RcsAgent = 5,
    /// A type that a newer gateway has.
    Other = 255,
}

/// The step that settled a decision. 0 stands for none: the message was refused.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepNumber {
    /// The message named its sender.
    Explicit = 1,
    /// The default sender of the entity or of the application.
    DefaultSender = 2,
    /// The sender that the recipient is pinned to.
    Sticky = 3,
    /// A number with the recipient's own area code.
    AreaCode = 4,
    /// A number whose area code overlays the recipient's.
    Overlay = 5,
    /// A number of the recipient's state or province.
    Region = 6,
    /// One of the pool.
    Pool = 7,
    /// A step that a newer gateway has.
    Other = 255,
}

/// Why a message has no sender. 0 stands for none: it has one.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalNumber {
    /// `to` is no number that messages can be sent to.
    InvalidDestination = 1,
    /// `from` is no sender of the catalog.
    SenderNotRegistered = 2,
    /// `from` is suspended, does not cover the channel and country, or is not for messages of this type.
    SenderNotCapable = 3,
    /// There are no strategies.
    NoStrategy = 4,
    /// No strategy that counts is for this channel.
    ChannelNotAllowed = 5,
    /// No strategy that counts is for this country.
    CountryNotAllowed = 6,
    /// No sender, and no default sender, can carry the message.
    NoEligibleSender = 7,
    /// The pin could not be read or written.
    StickyUnavailable = 8,
    /// The policy failed.
    PolicyFailed = 9,
    /// The decision could not be recorded, and the log is to lose none.
    LogUnavailable = 10,
    /// A reason of the policy's own: `refusal_code` has its word.
    Own = 100,
    /// A reason that a newer gateway has: `refusal_code` has its word.
    Other = 255,
}

/// The channel with a number.
#[inline]
pub(crate) fn channel(number: u32) -> Option<Channel> {
    Channel::ALL.into_iter().find(|&one| number_of_channel(one) == number)
}

#[inline]
pub(crate) fn number_of_channel(channel: Channel) -> u32 {
    (match channel {
        Channel::Sms => ChannelNumber::Sms,
        Channel::Mms => ChannelNumber::Mms,
        Channel::Rcs => ChannelNumber::Rcs,
    }) as u32
}

pub(crate) fn number_of_sender_type(kind: SenderType) -> u32 {
    (match kind {
        SenderType::Alphanumeric => SenderTypeNumber::Alphanumeric,
        SenderType::VirtualLongNumber => SenderTypeNumber::VirtualLongNumber,
        SenderType::ShortCode => SenderTypeNumber::ShortCode,
        SenderType::TollFreeNumber => SenderTypeNumber::TollFreeNumber,
        SenderType::RcsAgent => SenderTypeNumber::RcsAgent,
    }) as u32
}

pub(crate) fn number_of_step(step: Step) -> u32 {
    (match step {
        Step::Explicit => StepNumber::Explicit,
        Step::DefaultSender => StepNumber::DefaultSender,
        Step::Sticky => StepNumber::Sticky,
        Step::AreaCode => StepNumber::AreaCode,
        Step::Overlay => StepNumber::Overlay,
        Step::Region => StepNumber::Region,
        Step::Pool => StepNumber::Pool,
        _ => StepNumber::Other,
    }) as u32
}

pub(crate) fn number_of_refusal(refusal: &Refusal) -> u32 {
    (match refusal {
        Refusal::InvalidDestination(_) => RefusalNumber::InvalidDestination,
        Refusal::SenderNotRegistered => RefusalNumber::SenderNotRegistered,
        Refusal::SenderNotCapable { .. } => RefusalNumber::SenderNotCapable,
        Refusal::NoStrategy => RefusalNumber::NoStrategy,
        Refusal::ChannelNotAllowed(_) => RefusalNumber::ChannelNotAllowed,
        Refusal::CountryNotAllowed(_) => RefusalNumber::CountryNotAllowed,
        Refusal::NoEligibleSender { .. } => RefusalNumber::NoEligibleSender,
        Refusal::StickyUnavailable(_) => RefusalNumber::StickyUnavailable,
        Refusal::PolicyFailed(_) => RefusalNumber::PolicyFailed,
        Refusal::LogUnavailable(_) => RefusalNumber::LogUnavailable,
        Refusal::Own(_) => RefusalNumber::Own,
        _ => RefusalNumber::Other,
    }) as u32
}
