//! The selection with everything prepared that does not depend on the recipient.

use std::ops::Range;

use hashbrown::HashMap;

use crate::world::{CHANNELS, SenderType};
use crate::{Channel, Country, Message, World};

/// The selection, indexed.
#[derive(Debug)]
pub struct Indexed {
    tables: HashMap<(Channel, Country), Table>,
    /// For each channel that of the countries that nothing names.
    elsewhere: [Table; 3],
    pins: HashMap<u64, u32>,
}

/// What a channel and a country come to. Without a strategy there are no candidates.
#[derive(Debug, Default)]
pub struct Table {
    /// Whether pins count.
    pub sticky: bool,
    /// The candidates, in order.
    pub candidates: Vec<u32>,
    /// By the handle of a sender, whether it is a candidate.
    pub members: Vec<bool>,
    /// Where the long numbers of each area code are among the candidates. Empty where area codes do not count.
    pub areas: HashMap<u16, Range<usize>>,
}

impl Table {
    /// Works out what a channel and a country come to; none is a country that nothing names.
    pub fn new(world: &World, channel: Channel, country: Option<Country>) -> Self {
        let Some(strategy) = world.strategy(channel, country) else { return Self::default() };
        let mut table = Self { sticky: strategy.sticky, ..Self::default() };
        let geolocated = strategy.geolocated && country.is_some_and(Country::is_geolocated);
        for sender in world.senders.iter().filter(|sender| sender.covers(channel, country)) {
            let index = table.candidates.len();
            table.candidates.push(sender.sender);
            let handle = sender.sender as usize;
            table.members.resize(table.members.len().max(handle + 1), false);
            table.members[handle] = true;
            // The order of the pool keeps those of an area code together.
            if geolocated && sender.sender_type == SenderType::VirtualLongNumber && sender.area_code != 0 {
                table.areas.entry(sender.area_code).or_insert(index..index).end = index + 1;
            }
        }
        table
    }

    /// Whether a sender is a candidate.
    pub fn has(&self, sender: u32) -> bool {
        self.members.get(sender as usize).is_some_and(|&is| is)
    }
}

impl Indexed {
    /// Prepares a world.
    pub fn new(world: &World) -> Self {
        let pairs = CHANNELS.into_iter().flat_map(|channel| world.countries().into_iter().map(move |to| (channel, to)));
        Self {
            tables: pairs.map(|(channel, to)| ((channel, to), Table::new(world, channel, Some(to)))).collect(),
            elsewhere: CHANNELS.map(|channel| Table::new(world, channel, None)),
            pins: world.pins.iter().map(|pin| (pin.recipient, pin.sender)).collect(),
        }
    }

    /// Decides.
    #[inline]
    pub fn decide(&self, message: &Message) -> Option<u32> {
        let table = self.tables.get(&(message.channel, message.country));
        let table = table.unwrap_or(&self.elsewhere[message.channel as usize]);
        if table.sticky
            && let Some(&pin) = self.pins.get(&message.recipient)
            && table.has(pin)
        {
            return Some(pin);
        }
        let near = table.areas.get(&message.area_code);
        message.spread(near.map_or(&table.candidates, |near| &table.candidates[near.clone()]))
    }
}
