//! Worlds from a seed, for tests and for trying the engines without the host.

use crate::world::{CHANNELS, Level, Pin, Request, Sender, SenderType, Strategy};
use crate::{Channel, Country, Message, Scanning, World};

/// A world with so many senders and requests, whose answers are those of the scanning form in Rust. Every seed has
/// another set of strategies, so that a few of them meet every rule.
pub fn world(seed: u64, senders: u32, requests: usize) -> World {
    const AREA_CODES: [u16; 8] = [212, 213, 305, 415, 512, 604, 617, 702];
    let mut random = Random(seed);
    let [us, ca, gb, de, jp] = ["US", "CA", "GB", "DE", "JP"].map(country);
    let mut strategies = vec![strategy(Level::Application, None, None)];
    if random.one_in(2) {
        strategies.push(strategy(Level::Application, Some(Channel::Sms), Some(vec![us, ca])));
    }
    strategies.push(strategy(Level::Application, None, Some(vec![gb, de])));
    strategies.push(strategy(Level::Application, Some(Channel::Mms), None));
    if random.one_in(2) {
        strategies.push(strategy(Level::Entity, Some(Channel::Sms), Some(vec![us, de])));
        strategies.push(strategy(Level::Entity, Some(Channel::Rcs), None));
    }
    for (number, strategy) in strategies.iter_mut().enumerate() {
        strategy.strategy = number as u32;
        strategy.sticky = random.one_in(2);
        strategy.geolocated = random.one_in(2);
    }
    let mut senders: Vec<Sender> = (0..senders).map(|handle| sender(&mut random, handle, &AREA_CODES)).collect();
    senders.sort_by_key(|sender| (sender.sender_type, sender.area_code, sender.key));
    let pins: Vec<Pin> = (0..requests / 4)
        .map(|_| Pin { recipient: random.next(), sender: random.below(senders.len() as u64) as u32 })
        .collect();
    let mut world = World { senders_in_pool: senders.len() as u32, strategies, senders, pins, requests: Vec::new() };
    let mut right = Scanning::new(&world);
    world.requests = (0..requests)
        .map(|_| {
            let country = [us, us, ca, gb, de, jp][random.below(6) as usize];
            let area_code = if country.is_geolocated() && !random.one_in(8) {
                if random.one_in(4) { 907 } else { AREA_CODES[random.below(8) as usize] }
            } else {
                0
            };
            let pinned = random.one_in(3) && !world.pins.is_empty();
            let recipient = match pinned {
                true => world.pins[random.below(world.pins.len() as u64) as usize].recipient,
                false => random.next(),
            };
            let channel = CHANNELS[random.below(4).saturating_sub(1) as usize];
            let message = Message { channel, country, area_code, recipient };
            Request { message, sender: right.decide(&message) }
        })
        .collect();
    world
}

fn country(text: &str) -> Country {
    Country::try_from(text.to_owned()).expect("two letters")
}

fn strategy(level: Level, channel: Option<Channel>, countries: Option<Vec<Country>>) -> Strategy {
    Strategy { strategy: 0, level, channel, countries, sticky: false, geolocated: false }
}

fn sender(random: &mut Random, handle: u32, area_codes: &[u16]) -> Sender {
    let key = random.next();
    let long = random.one_in(2);
    let (sender_type, area_code) = match random.below(4) {
        _ if long => (SenderType::VirtualLongNumber, area_codes[random.below(area_codes.len() as u64) as usize]),
        0 => (SenderType::Alphanumeric, 0),
        1 => (SenderType::VirtualLongNumber, 0),
        2 => (SenderType::ShortCode, 0),
        _ => (SenderType::TollFreeNumber, 0),
    };
    let channels = CHANNELS.into_iter().filter(|&channel| channel == Channel::Sms || random.one_in(3)).collect();
    let countries = match random.below(4) {
        0 => None,
        1 => Some(vec![country("US")]),
        2 => Some(vec![country("US"), country("CA")]),
        _ => Some(vec![country("GB"), country("DE"), country("US")]),
    };
    Sender { sender: handle, sender_type, area_code, key, channels, countries }
}

/// splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Indexed;

    #[test]
    fn both_forms_answer_alike_whatever_the_strategies() {
        for seed in 0..50 {
            let world = world(seed, 1 + (seed as u32 * 7) % 60, 500);
            let indexed = Indexed::new(&world);
            for (index, request) in world.requests.iter().enumerate() {
                assert_eq!(indexed.decide(&request.message), request.sender, "request {index} of seed {seed}");
            }
        }
    }

    #[test]
    fn a_world_is_the_same_after_a_file() {
        let world = world(1, 20, 100);
        let text = serde_json::to_string(&world).expect("JSON");
        assert!(text.contains(r#""type":"VIRTUAL_LONG_NUMBER""#) && text.contains(r#""countries":["US","CA"]"#));
        let again: World = serde_json::from_str(&text).expect("a world");
        assert_eq!(serde_json::to_string(&again).expect("JSON"), text);
    }

    #[test]
    fn what_is_no_country_is_refused() {
        assert!(serde_json::from_str::<Country>(r#""usa""#).is_err());
    }
}
