//! Coverage: the countries that a sender reaches over each channel.

use serde::{Serialize, Serializer};

use crate::{
    channel::Channel,
    country::Country,
    sender::{Sender, SenderType},
};

/// How far from its country a sender reaches, where operators let its type in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Home,
    Region,
    World,
}

/// One entry of a coverage list.
#[derive(Serialize)]
pub(crate) struct Cover {
    channel: &'static str,
    countries: Countries,
}

/// The countries of an entry.
pub(crate) enum Countries {
    Every,
    These(Vec<&'static str>),
}

impl Reach {
    pub(crate) fn contains(self, home: Country, country: Country) -> bool {
        match self {
            Reach::Home => country == home,
            Reach::Region => country.region() == home.region(),
            Reach::World => true,
        }
    }
}

impl Cover {
    /// The coverage list of a sender.
    pub(crate) fn all(sender: &Sender) -> Vec<Cover> {
        let entry = |channel| Cover { channel: Channel::word(channel), countries: Countries::of(sender, channel) };
        sender.channels.iter().map(entry).collect()
    }
}

impl Countries {
    fn of(sender: &Sender, channel: Channel) -> Countries {
        // Names are for the countries that let them in, whatever the reach.
        if sender.reach == Reach::World && sender.kind != SenderType::Alphanumeric {
            return Countries::Every;
        }
        let reached = Country::all().filter(|country| sender.covers(channel, *country));
        Countries::These(reached.map(Country::code).collect())
    }
}

impl Serialize for Countries {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Countries::Every => serializer.serialize_str("*"),
            Countries::These(codes) => codes.serialize(serializer),
        }
    }
}
