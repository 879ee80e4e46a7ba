//! A world in small numbers, for the engines that prepare it themselves and have no integers of 64 bits.

use peers_world::World;
use peers_world::world::{Level, SenderType};
use serde::Serialize;

/// A world: channels and countries by their numbers, recipients in halves.
#[derive(Debug, Serialize)]
pub(crate) struct Plain {
    strategies: Vec<Strategy>,
    senders: Vec<Sender>,
    pins: Vec<Pin>,
    /// Every country that a strategy or a sender names.
    countries: Vec<u16>,
}

#[derive(Debug, Serialize)]
struct Strategy {
    entity: bool,
    channel: Option<u8>,
    countries: Option<Vec<u16>>,
    sticky: bool,
    geolocated: bool,
}

#[derive(Debug, Serialize)]
struct Sender {
    sender: u32,
    long_number: bool,
    area_code: u16,
    channels: Vec<u8>,
    countries: Option<Vec<u16>>,
}

#[derive(Debug, Serialize)]
struct Pin {
    high: u32,
    low: u32,
    sender: u32,
}

impl Plain {
    pub(crate) fn new(world: &World) -> Self {
        let numbers =
            |countries: &Option<Vec<_>>| countries.as_ref().map(|all| all.iter().copied().map(number).collect());
        let strategy = |strategy: &peers_world::world::Strategy| Strategy {
            entity: strategy.level == Level::Entity,
            channel: strategy.channel.map(|channel| channel as u8),
            countries: numbers(&strategy.countries),
            sticky: strategy.sticky,
            geolocated: strategy.geolocated,
        };
        let sender = |sender: &peers_world::world::Sender| Sender {
            sender: sender.sender,
            long_number: sender.sender_type == SenderType::VirtualLongNumber,
            area_code: sender.area_code,
            channels: sender.channels.iter().map(|&channel| channel as u8).collect(),
            countries: numbers(&sender.countries),
        };
        Self {
            strategies: world.strategies.iter().map(strategy).collect(),
            senders: world.senders.iter().map(sender).collect(),
            pins: world
                .pins
                .iter()
                .map(|pin| Pin { high: (pin.recipient >> 32) as u32, low: pin.recipient as u32, sender: pin.sender })
                .collect(),
            countries: world.countries().into_iter().map(number).collect(),
        }
    }
}

fn number(country: peers_world::Country) -> u16 {
    country.number()
}
