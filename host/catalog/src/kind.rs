//! The enums of the file, and their words.

use std::fmt;

pub use callsign_destination::Channel;

/// What a sender is. This also decides what its address must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum SenderType {
    /// `ALPHANUMERIC`: a name, 1 to 64 characters.
    Alphanumeric,
    /// `VIRTUAL_LONG_NUMBER`: an E.164 number.
    VirtualLongNumber,
    /// `SHORT_CODE`: 3 to 10 digits, a number inside one country.
    ShortCode,
    /// `TOLL_FREE_NUMBER`: an E.164 number that is free to call.
    TollFreeNumber,
    /// `RCS_AGENT`: the id of an RCS agent. It carries RCS alone.
    RcsAgent,
}

/// How far the registration of a sender has come, where it covers a channel and a country: a campaign of 10DLC, the
/// verification of a toll-free number, the registry of sender ids of a country.
///
/// They are in order: of two entries that say the same in other ways, the first of these counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Registration {
    /// `ACTIVE`, the default: the sender may carry messages.
    Active,
    /// `PENDING`: it was asked for.
    Pending,
    /// `REJECTED`: it was refused.
    Rejected,
    /// `EXPIRED`: it has ended.
    Expired,
}

/// The resource of an association. Strategies act on those that are senders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ResourceType {
    /// `NUMBER`: a sender of the catalog.
    Number,
    /// `ALPHA`: a sender of the catalog.
    Alpha,
    /// `DOMAIN`.
    Domain,
    /// `RCS_RESOURCE`: a sender of the catalog, over RCS alone.
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
    pub const ALL: [SenderType; 5] = [
        SenderType::Alphanumeric,
        SenderType::VirtualLongNumber,
        SenderType::ShortCode,
        SenderType::TollFreeNumber,
        SenderType::RcsAgent,
    ];

    /// The type's word, such as `SHORT_CODE`.
    pub const fn as_str(self) -> &'static str {
        match self {
            SenderType::Alphanumeric => "ALPHANUMERIC",
            SenderType::VirtualLongNumber => "VIRTUAL_LONG_NUMBER",
            SenderType::ShortCode => "SHORT_CODE",
            SenderType::TollFreeNumber => "TOLL_FREE_NUMBER",
            SenderType::RcsAgent => "RCS_AGENT",
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
        (SenderType::RcsAgent.as_str(), SenderType::RcsAgent),
    ];
}

// === impl Registration ===

impl Registration {
    /// All of them, in their order.
    pub const ALL: [Registration; 4] =
        [Registration::Active, Registration::Pending, Registration::Rejected, Registration::Expired];

    /// The word of the file, such as `PENDING`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Registration::Active => "ACTIVE",
            Registration::Pending => "PENDING",
            Registration::Rejected => "REJECTED",
            Registration::Expired => "EXPIRED",
        }
    }

    /// The registration with a word as [`Registration::as_str`] gives it.
    pub fn parse(text: &str) -> Option<Registration> {
        Registration::from_word(text)
    }
}

impl fmt::Display for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Word for Registration {
    const WORDS: &'static [(&'static str, Self)] = &[
        (Registration::Active.as_str(), Registration::Active),
        (Registration::Pending.as_str(), Registration::Pending),
        (Registration::Rejected.as_str(), Registration::Rejected),
        (Registration::Expired.as_str(), Registration::Expired),
    ];
}

// === impl ResourceType ===

impl ResourceType {
    /// The types that are senders.
    pub const SENDERS: [ResourceType; 3] = [ResourceType::Number, ResourceType::Alpha, ResourceType::RcsResource];

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
        matches!(self, ResourceType::Number | ResourceType::Alpha | ResourceType::RcsResource)
    }

    /// Whether strategies act on associations of this type over `channel`: on those of senders, and of an `RCS_RESOURCE`
    /// over RCS alone.
    pub const fn is_acted_on(self, channel: Channel) -> bool {
        match self {
            ResourceType::Number | ResourceType::Alpha => true,
            ResourceType::RcsResource => matches!(channel, Channel::Rcs),
            ResourceType::Domain | ResourceType::AppleResource => false,
        }
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
