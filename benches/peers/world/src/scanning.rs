//! The selection with nothing prepared: every decision goes over all strategies and senders.

use hashbrown::HashMap;

use crate::{Message, World};

/// The selection, scanning.
#[derive(Debug)]
pub struct Scanning {
    world: World,
    pins: HashMap<u64, u32>,
    /// The candidates of the running decision, and the long numbers with its area code among them: kept only for
    /// their memory.
    candidates: Vec<u32>,
    near: Vec<u32>,
}

impl Scanning {
    /// Takes a world as it is.
    pub fn new(world: &World) -> Self {
        let pins = world.pins.iter().map(|pin| (pin.recipient, pin.sender)).collect();
        Self { world: world.clone(), pins, candidates: Vec::new(), near: Vec::new() }
    }

    /// Decides.
    pub fn decide(&mut self, message: &Message) -> Option<u32> {
        let &Message { channel, country, area_code, recipient } = message;
        let strategy = self.world.strategy(channel, Some(country))?;
        let pin = if strategy.sticky { self.pins.get(&recipient).copied() } else { None };
        let geolocated = strategy.geolocated && country.is_geolocated();
        self.candidates.clear();
        self.near.clear();
        for sender in self.world.senders.iter().filter(|sender| sender.covers(channel, Some(country))) {
            if pin == Some(sender.sender) {
                return pin;
            }
            self.candidates.push(sender.sender);
            if geolocated && sender.is_near(area_code) {
                self.near.push(sender.sender);
            }
        }
        message.spread(if self.near.is_empty() { &self.candidates } else { &self.near })
    }
}
