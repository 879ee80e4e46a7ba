//! The channels that messages are resolved for.

use std::fmt;

/// A channel that messages are resolved for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Channel {
    /// `SMS`: short messages, text.
    Sms,
    /// `MMS`: multimedia messages.
    Mms,
    /// `RCS`: rich communication services.
    Rcs,
}

impl Channel {
    /// All channels, in the order of their numbers.
    pub const ALL: [Channel; 3] = [Channel::Sms, Channel::Mms, Channel::Rcs];

    /// The name of the channel: `SMS`, `MMS` or `RCS`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Channel::Sms => "SMS",
            Channel::Mms => "MMS",
            Channel::Rcs => "RCS",
        }
    }

    /// The channel with this name, in upper case as [`Channel::as_str`] gives it; `None` for any other text.
    pub fn parse(text: &str) -> Option<Channel> {
        Channel::ALL.into_iter().find(|channel| channel.as_str() == text)
    }

    /// The channel with this number, which is how stores keep it.
    pub fn from_number(number: u8) -> Option<Channel> {
        Channel::ALL.get(usize::from(number)).copied()
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
