//! Senders: the numbers, codes and names that messages can come from.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use serde::{Serialize, Serializer};

use crate::{
    area_code::State,
    channel::{Channel, Channels},
    country::Country,
    coverage::{Cover, Reach},
    number::Number,
    random::Random,
};

/// A sender.
#[derive(Debug)]
pub(crate) struct Sender {
    pub(crate) id: SenderId,
    pub(crate) address: Address,
    pub(crate) kind: SenderType,
    /// Where it was rented or registered.
    pub(crate) country: Country,
    pub(crate) channels: Channels,
    pub(crate) reach: Reach,
    pub(crate) active: bool,
}

/// An opaque key, written as 32 upper-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SenderId(u128);

/// What people see that a message comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Address {
    Number(Number),
    Code(u32),
    Name(Box<str>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum SenderType {
    Alphanumeric,
    LongNumber,
    ShortCode,
    TollFree,
}

/// What the next sender is for.
pub(crate) struct Order<'a> {
    pub(crate) country: Country,
    pub(crate) state: Option<State>,
    /// The beginning of a name.
    pub(crate) name: &'a str,
    /// The product; none to draw it.
    pub(crate) product: Option<Product>,
}

/// What a platform rents or registers for its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Product {
    LongNumber,
    /// A long number for messages to any country.
    InternationalNumber,
    TollFree,
    ShortCode,
    Name,
    /// A verified name for RCS.
    Agent,
}

/// Makes senders whose addresses are unique.
pub(crate) struct Registry {
    taken: HashSet<Address>,
    /// For each name without its number, the number that was given last.
    numbered: HashMap<String, u32>,
}

/// A sender as the catalog has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SenderElement<'a> {
    sender_id: SenderId,
    sender: &'a Address,
    sender_type: &'static str,
    coverage: Vec<Cover>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
}

/// The most characters of a name that an SMS can come from.
const NAME_LENGTH: usize = 11;

// === impl Sender ===

impl Sender {
    /// Whether it may be used for a message over this channel to this country.
    pub(crate) fn carries(&self, channel: Channel, country: Country) -> bool {
        self.active && self.covers(channel, country)
    }

    /// Whether its coverage has the channel and the country.
    pub(crate) fn covers(&self, channel: Channel, country: Country) -> bool {
        self.channels.contains(channel)
            && self.reach.contains(self.country, country)
            && self.is_allowed(channel, country)
    }

    /// Whether operators of the country take messages over this channel from its type.
    fn is_allowed(&self, channel: Channel, country: Country) -> bool {
        match channel {
            Channel::Sms => self.kind != SenderType::Alphanumeric || country.has_names(),
            Channel::Mms => country.has_mms(),
            Channel::Rcs => country.has_rcs(),
        }
    }

    pub(crate) fn element(&self) -> SenderElement<'_> {
        SenderElement {
            sender_id: self.id,
            sender: &self.address,
            sender_type: self.kind.word(),
            coverage: Cover::all(self),
            status: (!self.active).then_some("SUSPENDED"),
        }
    }
}

// === impl SenderType ===

impl SenderType {
    /// Its name in catalogs.
    pub(crate) fn word(self) -> &'static str {
        match self {
            SenderType::Alphanumeric => "ALPHANUMERIC",
            SenderType::LongNumber => "VIRTUAL_LONG_NUMBER",
            SenderType::ShortCode => "SHORT_CODE",
            SenderType::TollFree => "TOLL_FREE_NUMBER",
        }
    }
}

// === impl Product ===

impl Product {
    /// What clients take in a country.
    fn draw(random: &mut Random, country: Country) -> Product {
        use Product::{Agent, InternationalNumber, LongNumber, Name, ShortCode, TollFree};
        let agent = if country.has_rcs() { 7 } else { 0 };
        let across = if country.is_cross_border() { 12 } else { 0 };
        let choices = match (country.code(), country.has_names()) {
            ("US" | "CA" | "PR", _) => [(LongNumber, 68), (TollFree, 13), (ShortCode, 11), (Name, 0)],
            ("IN", _) => [(LongNumber, 12), (TollFree, 0), (ShortCode, 8), (Name, 80)],
            (_, true) => [(LongNumber, 38), (TollFree, 0), (ShortCode, 12), (Name, 45)],
            (_, false) => [(LongNumber, 62), (TollFree, 0), (ShortCode, 38), (Name, 0)],
        };
        let choices = choices.into_iter().chain([(Agent, agent), (InternationalNumber, across)]);
        let weights = choices.clone().map(|(_, weight)| weight);
        let place = random.weighted_index(weights);
        choices.clone().nth(place).map_or(LongNumber, |(product, _)| product)
    }

    fn kind(self) -> SenderType {
        match self {
            Product::LongNumber | Product::InternationalNumber => SenderType::LongNumber,
            Product::TollFree => SenderType::TollFree,
            Product::ShortCode => SenderType::ShortCode,
            Product::Name | Product::Agent => SenderType::Alphanumeric,
        }
    }

    fn channels(self, random: &mut Random, country: Country) -> Channels {
        use Channel::{Mms, Rcs, Sms};
        match self {
            Product::LongNumber if country.has_mms() && !random.chance(40) => Channels::of(&[Sms, Mms]),
            Product::ShortCode if country.has_mms() && random.chance(600) => Channels::of(&[Sms, Mms]),
            Product::TollFree => Channels::of(&[Sms, Mms]),
            Product::Name if country.has_rcs() && random.chance(100) => Channels::of(&[Sms, Rcs]),
            Product::Agent => Channels::of(&[Rcs]),
            _ => Channels::of(&[Sms]),
        }
    }

    fn reach(self, random: &mut Random, country: Country) -> Reach {
        let weights = match self {
            Product::InternationalNumber => return Reach::World,
            // India registers each name for India alone.
            Product::ShortCode => return Reach::Home,
            Product::Name if country.code() == "IN" => return Reach::Home,
            Product::LongNumber | Product::TollFree if country.is_north_american() => return Reach::Region,
            Product::LongNumber | Product::TollFree => [90, 10, 0],
            Product::Name | Product::Agent => [55, 30, 15],
        };
        [Reach::Home, Reach::Region, Reach::World][random.weighted_index(weights.into_iter())]
    }
}

// === impl Registry ===

impl Registry {
    pub(crate) fn new(senders: usize) -> Registry {
        Registry { taken: HashSet::with_capacity(senders), numbered: HashMap::new() }
    }

    /// A new sender. Three of a hundred are suspended.
    pub(crate) fn issue(&mut self, random: &mut Random, order: &Order<'_>) -> Sender {
        let country = order.country;
        let product = order.product.unwrap_or_else(|| Product::draw(random, country));
        let id = SenderId(u128::from(random.next()) << 64 | u128::from(random.next()));
        let channels = product.channels(random, country);
        let reach = product.reach(random, country);
        Sender {
            id,
            address: self.address(random, product, order),
            kind: product.kind(),
            country,
            channels,
            reach,
            // Senders with a fixed product are what others rely on.
            active: order.product.is_some() || !random.chance(30),
        }
    }

    /// An address that no other sender has.
    fn address(&mut self, random: &mut Random, product: Product, order: &Order<'_>) -> Address {
        loop {
            let address = match product {
                Product::LongNumber | Product::InternationalNumber => {
                    // A local client takes some numbers outside its state.
                    let state = order.state.filter(|_| random.chance(700));
                    Address::Number(Number::draw(random, order.country, state))
                }
                Product::TollFree => Address::Number(Number::toll_free(random)),
                Product::ShortCode => Address::Code(short_code(random)),
                Product::Name | Product::Agent => Address::Name(self.name(order)),
            };
            if self.taken.insert(address.clone()) {
                return address;
            }
        }
    }

    /// The wanted name, cut to what an SMS can show; with a number when it is not the first of its kind.
    fn name(&mut self, order: &Order<'_>) -> Box<str> {
        // In India a name is six capitals.
        let (wanted, length) = match order.country.code() {
            "IN" => (order.name.to_ascii_uppercase(), 6),
            _ => (order.name.to_owned(), NAME_LENGTH),
        };
        let base: String = wanted.chars().take(length).collect();
        let number = self.numbered.entry(base.clone()).or_insert(0);
        *number += 1;
        if *number == 1 {
            return base.into();
        }
        let number = number.to_string();
        let kept = length.saturating_sub(number.len());
        let kept: String = base.chars().take(kept).collect();
        (kept + &number).into()
    }
}

/// Five or six digits; the first is not 0.
fn short_code(random: &mut Random) -> u32 {
    let code = match random.chance(600) {
        true => 20_000 + random.below(80_000),
        false => 100_000 + random.below(900_000),
    };
    code as u32
}

// === impl SenderId, Address ===

impl fmt::Display for SenderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032X}", self.0)
    }
}

impl Serialize for SenderId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Number(number) => write!(f, "{}", number.0),
            Address::Code(code) => write!(f, "{code}"),
            Address::Name(name) => f.write_str(name),
        }
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
