//! A world: strategies, senders, pins, and requests with their right answers, as a bench of the host writes it to a file.

use serde::{Deserialize, Serialize};

use crate::{Country, Message, decimal};

/// One sender's view of a platform: what there is, and what is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct World {
    /// How many senders a decision chooses among, the size by which worlds are named.
    pub senders_in_pool: u32,
    /// The strategies, of both levels.
    pub strategies: Vec<Strategy>,
    /// The senders, in the order of the pool: type, area code, key.
    pub senders: Vec<Sender>,
    /// The sender of each recipient that has one already.
    pub pins: Vec<Pin>,
    /// What is asked.
    pub requests: Vec<Request>,
}

/// A channel; its number is its place here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Channel {
    /// 0.
    Sms,
    /// 1.
    Mms,
    /// 2.
    Rcs,
}

/// Every channel, in the order of their numbers.
pub const CHANNELS: [Channel; 3] = [Channel::Sms, Channel::Mms, Channel::Rcs];

/// Whose strategy it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The application's.
    Application,
    /// The entity's: where one is for the channel, those of the application do not count.
    Entity,
}

/// A sending strategy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Strategy {
    /// Its number.
    pub strategy: u32,
    /// Whose it is.
    pub level: Level,
    /// The channel that it is limited to.
    pub channel: Option<Channel>,
    /// The countries that it is limited to.
    pub countries: Option<Vec<Country>>,
    /// Whether recipients keep their sender.
    pub sticky: bool,
    /// Whether a long number with the recipient's area code is preferred.
    pub geolocated: bool,
}

/// What kind of resource a sender is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SenderType {
    /// A name.
    Alphanumeric,
    /// An ordinary number.
    VirtualLongNumber,
    /// A number of a few digits.
    ShortCode,
    /// A number that is free to call.
    TollFreeNumber,
}

/// A sender.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sender {
    /// Its handle.
    pub sender: u32,
    /// Its type.
    #[serde(rename = "type")]
    pub sender_type: SenderType,
    /// The area code of a North American long number, else 0.
    pub area_code: u16,
    /// Its order among those of its type and area code.
    #[serde(with = "decimal")]
    pub key: u64,
    /// The channels that it can carry.
    pub channels: Vec<Channel>,
    /// The countries that it reaches; all where there are none here.
    pub countries: Option<Vec<Country>>,
}

/// The sender that a recipient had before.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pin {
    /// The recipient.
    #[serde(with = "decimal")]
    pub recipient: u64,
    /// The sender.
    pub sender: u32,
}

/// A message, and the sender that is right for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// The message.
    #[serde(flatten)]
    pub message: Message,
    /// The right answer.
    pub sender: Option<u32>,
}

impl Strategy {
    /// How well it suits a channel and a country: the higher, the more specific. None where it is for others.
    pub fn suits(&self, channel: Channel, country: Option<Country>) -> Option<u8> {
        let listed = match &self.countries {
            Some(countries) => country.is_some_and(|country| countries.contains(&country)).then_some(2),
            None => Some(0),
        };
        let own = match self.channel {
            Some(own) => (own == channel).then_some(1),
            None => Some(0),
        };
        Some(listed? + own?)
    }

    /// Whether it is for a channel, whatever the country.
    pub fn is_for(&self, channel: Channel) -> bool {
        self.channel.is_none_or(|own| own == channel)
    }
}

impl Sender {
    /// Whether it can carry a message of a channel to a country; none is a country that nothing names.
    pub fn covers(&self, channel: Channel, country: Option<Country>) -> bool {
        self.channels.contains(&channel)
            && self.countries.as_ref().is_none_or(|all| country.is_some_and(|country| all.contains(&country)))
    }

    /// Whether it is a long number with an area code.
    pub fn is_near(&self, area_code: u16) -> bool {
        area_code != 0 && self.sender_type == SenderType::VirtualLongNumber && self.area_code == area_code
    }
}

impl World {
    /// The strategy for a channel and a country: step 1 of the selection.
    pub fn strategy(&self, channel: Channel, country: Option<Country>) -> Option<&Strategy> {
        let for_channel = |level| self.strategies.iter().any(|one| one.level == level && one.is_for(channel));
        let level = if for_channel(Level::Entity) { Level::Entity } else { Level::Application };
        let counting = self.strategies.iter().filter(|strategy| strategy.level == level);
        let suiting = counting.filter_map(|strategy| Some((strategy.suits(channel, country)?, strategy)));
        suiting.max_by_key(|&(specific, _)| specific).map(|(_, strategy)| strategy)
    }

    /// Every country that a strategy or a sender names.
    pub fn countries(&self) -> Vec<Country> {
        let of_strategies = self.strategies.iter().filter_map(|strategy| strategy.countries.as_ref());
        let of_senders = self.senders.iter().filter_map(|sender| sender.countries.as_ref());
        let mut countries: Vec<Country> = of_strategies.chain(of_senders).flatten().copied().collect();
        countries.sort_unstable();
        countries.dedup();
        countries
    }
}
