//! The enums of the file, and their words.

use std::fmt;

pub use callsign_destination::Channel;

/// What a sender is. This also decides what its address must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum SenderType {
    /// `ALPHANUMERIC`: a name, 1 to 64 characters. Longer than the 11 of an SMS, since RCS agents are named in full.
    Alphanumeric,
    /// `VIRTUAL_LONG_NUMBER`: an E.164 number.
    VirtualLongNumber,
    /// `SHORT_CODE`: 3 to 10 digits, a number inside one country.
    ShortCode,
    /// `TOLL_FREE_NUMBER`: an E.164 number that is free to call.
    TollFreeNumber,
}

/// The resource of an association. Strategies act on the first two types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ResourceType {
    /// `NUMBER`: a sender of the catalog.
    Number,
    /// `ALPHA`: a sender of the catalog.
    Alpha,
    /// `DOMAIN`.
    Domain,
    /// `RCS_RESOURCE`.
    RcsResource,
    /// `APPLE_RESOURCE`.
    AppleResource,
}

/// A channel of an association. Messages are resolved for three of these only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(super) enum AnyChannel {
    Sms,
    Mms,
    Email,
    WhatsApp,
    Rcs,
    Apple,
}

/// Whether a sender may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Active,
    Suspended,
}

/// A fixed choice of words.
pub(super) trait Word: Copy + 'static {
    /// All choices with their words, in the order in which messages list them.
    const WORDS: &'static [(&'static str, Self)];

    /// The choice with this word, in upper case as the file writes it.
    fn from_word(text: &str) -> Option<Self> {
        let found = Self::WORDS.iter().find(|(word, _)| *word == text);
        found.map(|(_, choice)| *choice)
    }
}

impl Word for Channel {
    const WORDS: &'static [(&'static str, Self)] = &[
        (Channel::Sms.as_str(), Channel::Sms),
        (Channel::Mms.as_str(), Channel::Mms),
        (Channel::Rcs.as_str(), Channel::Rcs),
    ];
}

// === impl SenderType ===

impl SenderType {
    /// All types, in the order of their discriminants.
    pub const ALL: [SenderType; 4] =
        [SenderType::Alphanumeric, SenderType::VirtualLongNumber, SenderType::ShortCode, SenderType::TollFreeNumber];

    /// The type's word, such as `SHORT_CODE`.
    pub const fn as_str(self) -> &'static str {
        match self {
            SenderType::Alphanumeric => "ALPHANUMERIC",
            SenderType::VirtualLongNumber => "VIRTUAL_LONG_NUMBER",
            SenderType::ShortCode => "SHORT_CODE",
            SenderType::TollFreeNumber => "TOLL_FREE_NUMBER",
        }
    }

    /// The type with a word as [`SenderType::as_str`] gives it. Lower case is not accepted.
    pub fn parse(text: &str) -> Option<SenderType> {
        SenderType::from_word(text)
    }
}

impl fmt::Display for SenderType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Word for SenderType {
    const WORDS: &'static [(&'static str, Self)] = &[
        (SenderType::Alphanumeric.as_str(), SenderType::Alphanumeric),
        (SenderType::VirtualLongNumber.as_str(), SenderType::VirtualLongNumber),
        (SenderType::ShortCode.as_str(), SenderType::ShortCode),
        (SenderType::TollFreeNumber.as_str(), SenderType::TollFreeNumber),
    ];
}

// === impl ResourceType ===

impl ResourceType {
    /// The types that are senders.
    pub const SENDERS: [ResourceType; 2] = [ResourceType::Number, ResourceType::Alpha];

    /// The type's word, such as `NUMBER`.
    pub const fn as_str(self) -> &'static str {
        match self {
            ResourceType::Number => "NUMBER",
            ResourceType::Alpha => "ALPHA",
            ResourceType::Domain => "DOMAIN",
            ResourceType::RcsResource => "RCS_RESOURCE",
            ResourceType::AppleResource => "APPLE_RESOURCE",
        }
    }

    /// Whether the resource is a sender of the catalog.
    pub const fn is_sender(self) -> bool {
        matches!(self, ResourceType::Number | ResourceType::Alpha)
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Word for ResourceType {
    const WORDS: &'static [(&'static str, Self)] = &[
        (ResourceType::Number.as_str(), ResourceType::Number),
        (ResourceType::Alpha.as_str(), ResourceType::Alpha),
        (ResourceType::Domain.as_str(), ResourceType::Domain),
        (ResourceType::RcsResource.as_str(), ResourceType::RcsResource),
        (ResourceType::AppleResource.as_str(), ResourceType::AppleResource),
    ];
}

// === impl AnyChannel ===

impl AnyChannel {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            AnyChannel::Sms => "SMS",
            AnyChannel::Mms => "MMS",
            AnyChannel::Email => "EMAIL",
            AnyChannel::WhatsApp => "WHATSAPP",
            AnyChannel::Rcs => "RCS",
            AnyChannel::Apple => "APPLE",
        }
    }

    /// The channel, if messages are resolved for it.
    pub(super) const fn resolved(self) -> Option<Channel> {
        match self {
            AnyChannel::Sms => Some(Channel::Sms),
            AnyChannel::Mms => Some(Channel::Mms),
            AnyChannel::Rcs => Some(Channel::Rcs),
            AnyChannel::Email | AnyChannel::WhatsApp | AnyChannel::Apple => None,
        }
    }
}

impl From<Channel> for AnyChannel {
    fn from(channel: Channel) -> AnyChannel {
        match channel {
            Channel::Sms => AnyChannel::Sms,
            Channel::Mms => AnyChannel::Mms,
            Channel::Rcs => AnyChannel::Rcs,
        }
    }
}

impl Word for AnyChannel {
    const WORDS: &'static [(&'static str, Self)] = &[
        (AnyChannel::Sms.as_str(), AnyChannel::Sms),
        (AnyChannel::Mms.as_str(), AnyChannel::Mms),
        (AnyChannel::Email.as_str(), AnyChannel::Email),
        (AnyChannel::WhatsApp.as_str(), AnyChannel::WhatsApp),
        (AnyChannel::Rcs.as_str(), AnyChannel::Rcs),
        (AnyChannel::Apple.as_str(), AnyChannel::Apple),
    ];
}

// === impl Status ===

impl Status {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Status::Active => "ACTIVE",
            Status::Suspended => "SUSPENDED",
        }
    }
}

impl Word for Status {
    const WORDS: &'static [(&'static str, Self)] =
        &[(Status::Active.as_str(), Status::Active), (Status::Suspended.as_str(), Status::Suspended)];
}
