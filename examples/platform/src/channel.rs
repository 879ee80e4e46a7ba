//! Channels.

/// What a message goes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Channel {
    Sms,
    Mms,
    Rcs,
}

/// A set of channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Channels(u8);

impl Channel {
    pub(crate) const ALL: [Channel; 3] = [Channel::Sms, Channel::Mms, Channel::Rcs];

    /// Its name in catalogs and messages.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Channel::Sms => "SMS",
            Channel::Mms => "MMS",
            Channel::Rcs => "RCS",
        }
    }
}

impl Channels {
    pub(crate) fn of(channels: &[Channel]) -> Channels {
        channels.iter().fold(Channels::default(), |set, channel| set.with(*channel))
    }

    pub(crate) fn with(self, channel: Channel) -> Channels {
        Channels(self.0 | 1 << channel as u8)
    }

    pub(crate) fn contains(self, channel: Channel) -> bool {
        self.0 & 1 << channel as u8 != 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Channel> {
        let all = Channel::ALL.into_iter();
        all.filter(move |channel| self.contains(*channel))
    }
}
